"""A merchant reads its own account and statements over HTTP, and nobody else's."""

import hashlib

import httpx

from services.settlement.close_statements import StatementKeeper
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import CITY, NOODLES, Town, later


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
