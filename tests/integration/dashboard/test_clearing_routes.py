"""Clearings over HTTP: both companies read one, one pays it, the other confirms."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide

from core.auth.roles import Role
from core.auth.services import AuthServices
from core.database import Database
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.parts import DashboardParts
from dashboard.routes.clearings import Clearings
from services.settlement.clearing.close_clearings import HOLDS, ClearingKeeper
from tests.integration.access.people import FOREIGN
from tests.integration.dashboard.conftest import Somebody
from tests.integration.dashboard.small_city import CITY
from tests.integration.services.orders.town import RESIDENT, Town
from tests.integration.services.settlement.money import paid_beforehand, pays_in

PATH = "/api/settlement/clearings"
PAYER, PAYEE = "foreign shift_lead", Role.SHIFT_LEAD


async def cleared(town: Town) -> None:
    """Let a resident pay in at one company and order from another, and let the day be cleared."""
    await town.add_vehicle(7)
    await paid_beforehand(town)
    town.clock.advance(86_400)
    keeper = ClearingKeeper(town.database, town.clock, CITY.zone)
    await keeper.look_once()
    town.clock.advance(HOLDS.total_seconds())
    assert await keeper.look_once() == 1


@pytest.fixture
async def town(sqlite_database: Database, clock: Any, auth: AuthServices) -> AsyncIterator[Town]:
    made = Town(sqlite_database, clock)
    await made.furnish()
    await pays_in(made, RESIDENT, 5000, operator=FOREIGN.operator)
    await cleared(made)
    yield made
    await made.solver.close()


@pytest.fixture
def api(auth: AuthServices, parts: DashboardParts, town: Town) -> Litestar:
    return Litestar(
        [Clearings],
        dependencies={"dashboard": Provide(lambda: parts, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )


async def test_one_pays_with_a_reference_and_the_other_confirms(somebody: Somebody) -> None:
    (one,) = (await somebody.get(PATH)).json()
    assert (await somebody.get(PATH, PAYER)).json() == [one], "both see the same"
    assert (one["payer"], one["payee"], one["amountFen"], one["state"]) == ("op-b", "op-a", 2860, "due")
    path = f"{PATH}/{one['clearingId']}"
    paid_body = {"version": 0, "reference": "BANK-7"}
    refused = await somebody.post(f"{path}/payments", paid_body, PAYEE, key="k-0")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    low = await somebody.post(f"{path}/payments", paid_body, "foreign dispatcher", key="k-0")
    assert low.status_code == 403, "the counter pays no companies"
    paid = await somebody.post(f"{path}/payments", paid_body, PAYER, key="k-1")
    assert (paid.status_code, paid.json()["state"], paid.json()["reference"]) == (201, "paid", "BANK-7")
    assert (await somebody.post(f"{path}/payments", paid_body, PAYER, key="k-1")).json() == paid.json()
    denied = await somebody.post(f"{path}/denials", {"version": 1, "reason": "没有到账"}, PAYEE, key="k-2")
    assert denied.json()["state"] == "due"
    stale = await somebody.post(f"{path}/payments", {**paid_body, "version": 1}, PAYER, key="k-3")
    assert (stale.status_code, stale.json()["code"]) == (412, "version-mismatch")
    await somebody.post(f"{path}/payments", {"version": 2, "reference": "BANK-8"}, PAYER, key="k-4")
    confirmed = await somebody.post(f"{path}/confirmations", {"version": 3}, PAYEE, key="k-5")
    assert (confirmed.status_code, confirmed.json()["state"]) == (201, "confirmed")
    over = await somebody.post(f"{path}/payments", {**paid_body, "version": 4}, PAYER, key="k-6")
    assert (over.status_code, over.json()["code"]) == (409, "illegal-transition")
    sheet = (await somebody.get(path, "foreign dispatcher")).json()
    assert [(step["event"], step["operator"]) for step in sheet["steps"]] == [
        ("clearing_paid", "op-b"),
        ("clearing_denied", "op-a"),
        ("clearing_paid", "op-b"),
        ("clearing_confirmed", "op-a"),
    ]
    assert [(row["kind"], row["debtor"], row["amountFen"]) for row in sheet["items"]] == [
        ("balance", "op-b", 2860)
    ]
    csv = await somebody.get(f"{path}/csv")
    assert hashlib.sha256(csv.content).hexdigest() == one["sha256"]


async def test_what_is_not_there_or_has_no_reference_is_refused_by_name(somebody: Somebody) -> None:
    (one,) = (await somebody.get(PATH)).json()
    missing = await somebody.get(f"{PATH}/none")
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
    short = await somebody.post(
        f"{PATH}/{one['clearingId']}/payments", {"version": 0, "reference": ""}, PAYER, key="k-1"
    )
    assert (short.status_code, short.json()["errors"][0]["field"]) == (400, "reference")
