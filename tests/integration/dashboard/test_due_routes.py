"""The counter: who owes what, a purchase received and refunded, within one's own company."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide

from core.auth.residents import ResidentStore
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.database import Database
from core.ids import OperatorId, ResidentId
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.parts import DashboardParts
from dashboard.routes.dues import Dues
from services.settlement.payment_port import Counter
from services.vending.sales.sale import VendingSale
from tests.integration.dashboard.test_order_routes import staff
from tests.integration.services.orders.town import Town
from tests.integration.services.vending.shelf import WATER
from tests.integration.services.vending.stand import a_stocked_seller, ask_door, reserve, take

PHONE = "+8613812345678"


@pytest.fixture
async def town(sqlite_database: Database, clock: Any, auth: AuthServices) -> AsyncIterator[Town]:
    made = Town(sqlite_database, clock)
    await made.furnish()
    await a_stocked_seller(made)
    yield made
    await made.solver.close()


@pytest.fixture
async def counter(auth: AuthServices, town: Town, parts: DashboardParts) -> AsyncIterator[httpx.AsyncClient]:
    given = msgspec.structs.replace(parts, payments=Counter())
    app = Litestar(
        [Dues],
        dependencies={"dashboard": Provide(lambda: given, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )
    transport = httpx.ASGITransport(cast(Any, app))
    async with httpx.AsyncClient(transport=transport, base_url="http://steppe.test/api/settlement") as opened:
        yield opened


@pytest.fixture
async def lead(auth: AuthServices) -> Mapping[str, str]:
    return await staff(auth, Role.SHIFT_LEAD, operator=OperatorId("op-a"))


@pytest.fixture
async def taken(town: Town, auth: AuthServices) -> VendingSale:
    async with auth.database.write() as tx:
        resident = await ResidentStore(tx, auth.keys).ensure(PHONE, at=auth.clock.wall())
    sale = await reserve(town, resident=ResidentId(resident), quantity=2)
    await ask_door(town, sale)
    assert await take(town, sale, 2) == "applied"
    return sale


def keyed(headers: Mapping[str, str], key: str) -> dict[str, str]:
    return {**headers, "idempotency-key": key}


async def test_a_purchase_is_found_among_the_dues_received_and_refunded(
    counter: httpx.AsyncClient, lead: Mapping[str, str], taken: VendingSale
) -> None:
    price = 2 * WATER.price_fen
    [due] = (await counter.get("/dues", headers=lead)).json()
    assert (due["about"], due["id"], due["dueFen"]) == ("sale", taken.sale_id, price)
    assert (due["nameZh"], due["phone"]) == (WATER.name_zh, "138****5678")
    [sale] = (await counter.get("/sales", headers=lead)).json()
    assert (sale["saleId"], sale["sold"], sale["soldFen"]) == (taken.sale_id, 2, price)
    path = f"/sales/{taken.sale_id}"
    before = (await counter.get(f"{path}/entries", headers=lead)).json()
    assert (before["paidBy"], before["dueFen"], before["refundedFen"]) == ("at_pickup", price, 0)
    for _ in range(2):
        received = await counter.post(f"{path}/receipts", json={"note": "cash"}, headers=keyed(lead, "k-1"))
        assert (received.status_code, received.json()["balanceFen"]) == (201, 0)
    again = await counter.post(f"{path}/receipts", json={}, headers=keyed(lead, "k-2"))
    assert (again.status_code, again.json()["code"]) == (409, "nothing-due")
    body = {"amountFen": 100, "reason": "leaked"}
    refunded = await counter.post(f"{path}/refunds", json=body, headers=keyed(lead, "k-3"))
    assert (refunded.status_code, refunded.json()["balanceFen"]) == (201, 100)
    after = (await counter.get(f"{path}/entries", headers=lead)).json()
    assert (after["dueFen"], after["refundedFen"]) == (0, 100)
    assert [entry["source"] for entry in after["items"]] == ["sale", "receipt", "refund"]
    assert (await counter.get("/dues", headers=lead)).json() == []


async def test_the_counter_of_another_company_sees_and_takes_nothing(
    counter: httpx.AsyncClient, auth: AuthServices, taken: VendingSale
) -> None:
    other = await staff(auth, Role.SHIFT_LEAD, operator=OperatorId("op-b"))
    assert (await counter.get("/dues", headers=other)).json() == []
    assert (await counter.get("/sales", headers=other)).json() == []
    path = f"/sales/{taken.sale_id}"
    assert (await counter.get(f"{path}/entries", headers=other)).status_code == 404
    refused = await counter.post(f"{path}/receipts", json={}, headers=keyed(other, "k-1"))
    assert refused.status_code == 404
    too_far = await counter.get("/dues?days=400", headers=other)
    assert (too_far.status_code, too_far.json()["code"]) == (400, "invalid-input")
