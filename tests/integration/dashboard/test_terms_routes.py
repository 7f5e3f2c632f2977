"""Agreeing terms over HTTP: by the role that may, from a day to come, once for a key, within reach."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide

from core.auth.roles import Role
from core.auth.services import AuthServices
from core.database import Database
from core.ids import OperatorId
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.parts import DashboardParts
from dashboard.routes.terms import MerchantTerms
from fleet.vehicles.paper_store import Company, CompanyStore
from tests.integration.dashboard.conftest import Somebody
from tests.integration.dashboard.small_city import CITY
from tests.integration.services.orders.town import SHOP, Town

PATH = "/api/settlement/terms"
BODY = {"platformFeeBp": 800, "subsidyFen": 100, "keepsFeeWhenMissed": True, "reason": "新合同"}


@pytest.fixture
async def town(sqlite_database: Database, clock: Any) -> AsyncIterator[Town]:
    made = Town(sqlite_database, clock)
    await made.furnish()
    async with sqlite_database.write() as tx:
        for name in ("op-a", "op-b"):
            company = Company(operator_id=OperatorId(name), name_zh="示例", name_en="Sample", telephone="1")
            await CompanyStore(tx).put_company(company)
    yield made
    await made.solver.close()


@pytest.fixture
def api(auth: AuthServices, parts: DashboardParts) -> Litestar:
    return Litestar(
        [MerchantTerms],
        dependencies={"dashboard": Provide(lambda: parts, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )


def tomorrow(town: Town) -> date:
    return town.now.astimezone(CITY.zone).date() + timedelta(days=1)


def named(problem: dict[str, Any]) -> str | None:
    """Return the field that a problem names: of the form of the body, or of a rule."""
    of_form = [error["field"] for error in problem.get("errors", [])]
    of_rule: str | None = problem.get("fields", {}).get("field")
    return next(iter(of_form), of_rule)


async def test_a_shift_lead_agrees_terms_from_a_day_on_and_everybody_of_the_company_reads_them(
    town: Town, somebody: Somebody
) -> None:
    body = {**BODY, "fromDay": str(tomorrow(town))}
    refused = await somebody.post(PATH, body, Role.DISPATCHER, key="k-0")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    agreed = await somebody.post(PATH, body, Role.SHIFT_LEAD, key="k-1")
    assert agreed.status_code == 201, agreed.text
    assert (await somebody.post(PATH, body, Role.SHIFT_LEAD, key="k-1")).json() == agreed.json()
    town.clock.advance(1)
    own = {**body, "merchantId": SHOP, "platformFeeBp": 0}
    assert (await somebody.post(PATH, own, Role.SHIFT_LEAD, key="k-2")).status_code == 201
    common = (await somebody.get(PATH)).json()
    assert [(one["platformFeeBp"], one["standing"], one["reason"]) for one in common["items"]] == [
        (800, "to_come", "新合同")
    ]
    assert common["items"][0]["agreedBy"].startswith("staff:")
    assert {one["merchantId"] for one in common["merchants"]} == {"m-1", "m-2"}
    of_shop = (await somebody.get(f"{PATH}?merchantId={SHOP}")).json()["items"]
    assert [(one["merchantId"], one["platformFeeBp"], one["standing"]) for one in of_shop] == [
        (SHOP, 0, "to_come")
    ]
    foreign = (await somebody.get(PATH, "foreign dispatcher")).json()
    assert (foreign["items"], foreign["merchants"]) == ([], [])
    hidden = await somebody.get(f"{PATH}?merchantId={SHOP}", "foreign dispatcher")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"fromDay": "2026-07-01"}, 400, "fromDay"),
        ({"fromDay": "2199-01-01"}, 400, "fromDay"),
        ({"platformFeeBp": 5001}, 400, "platformFeeBp"),
        ({"subsidyFen": -1}, 400, "subsidyFen"),
        ({"reason": ""}, 400, "reason"),
        ({"merchantId": "m-none"}, 404, None),
    ],
)
async def test_what_cannot_be_agreed_names_the_field_and_the_limit(
    town: Town, somebody: Somebody, changed: dict[str, Any], status: int, field: str | None
) -> None:
    body = {**BODY, "fromDay": str(tomorrow(town)), **changed}
    refused = await somebody.post(PATH, body, Role.SHIFT_LEAD, key="k-1")
    assert refused.status_code == status, refused.text
    assert named(refused.json()) == field
    assert (await somebody.get(PATH)).json()["items"] == []
