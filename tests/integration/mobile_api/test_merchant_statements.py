"""A merchant reads its own account and statements over HTTP, and nobody else's."""

import hashlib
from datetime import timedelta

import httpx

from core.ids import OperatorId
from services.settlement.close_statements import StatementKeeper
from services.settlement.store import TermsStore
from services.settlement.terms import Terms
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import CITY, NOODLES, SHOP, Town, later
from tests.integration.services.settlement.money import agree


async def test_a_merchant_sees_what_is_owed_and_takes_a_statement_away(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    mine, other = await people.merchant(), await people.merchant(NOODLES)
    running = (await client.get("/api/merchant/statements/running", headers=mine)).json()
    assert running["owedFen"] == 2560
    assert running["sums"] == [{"kind": "goods", "amountFen": 2560}]
    assert [line["orderId"] for line in running["items"]] == [order.order_id]
    later(town, 86_400)
    await StatementKeeper(town.database, town.clock, CITY).look_once()
    (one,) = (await client.get("/api/merchant/statements", headers=mine)).json()
    assert (one["number"], one["openingFen"], one["closingFen"], one["lines"]) == (1, 0, 2560, 1)
    address = f"/api/merchant/statements/{one['statementId']}"
    sheet = await client.get(f"{address}/csv", headers=mine)
    assert hashlib.sha256(sheet.content).hexdigest() == one["sha256"]
    assert (await client.get(address, headers=mine)).json()["statement"] == one
    after = (await client.get("/api/merchant/statements/running", headers=mine)).json()
    assert (after["owedFen"], after["items"]) == (2560, [])
    for path in (address, f"{address}/csv"):
        refused = await client.get(path, headers=other)
        assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    assert (await client.get("/api/merchant/statements", headers=other)).json() == []


async def test_a_merchant_reads_the_terms_that_hold_for_it_and_those_to_come(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await town.add_vehicle(7)
    mine, other = await people.merchant(), await people.merchant(NOODLES)
    (serving,) = (await client.get("/api/merchant/terms", headers=mine)).json()
    assert (serving["operator"], serving["items"]) == ("op-a", [])
    await agree(town, "op-a", platform_fee_bp=500, subsidy_fen=100)
    await agree(town, "op-z", platform_fee_bp=900)
    own = Terms(
        operator=OperatorId("op-a"),
        merchant_id=SHOP,
        from_at=town.now + timedelta(days=1),
        platform_fee_bp=300,
        keeps_fee_when_missed=True,
        agreed_at=town.now,
        agreed_by="staff:s-1",
        reason="a longer contract",
    )
    async with town.database.write() as tx:
        assert await TermsStore(tx).agree(own)
    (company,) = (await client.get("/api/merchant/terms", headers=mine)).json()
    told = [(one["platformFeeBp"], one["isOwn"], one["standing"], one["reason"]) for one in company["items"]]
    assert told == [(300, True, "to_come", "a longer contract"), (500, False, "in_force", "a test")]
    assert set(company["items"][0]) == {
        *("fromAt", "platformFeeBp", "keepsFeeWhenMissed", "isOwn", "standing", "reason")
    }
    (others,) = (await client.get("/api/merchant/terms", headers=other)).json()
    assert [one["platformFeeBp"] for one in others["items"]] == [500]
