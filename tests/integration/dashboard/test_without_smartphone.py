"""The whole way without a smartphone: ordered at the hotline, called by a voice, typed on the keypad."""

import re
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.database import Database
from core.ids import OperatorId, OrderId, VehicleNo
from core.outbox import outbox
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.parts import DashboardParts
from dashboard.routes.hotline import Callers, order_on_behalf
from dashboard.routes.notices import Notices
from dashboard.routes.orders import Orders
from services.delivery.keypad import keypad_key
from services.delivery.pickup_code import verifier_digest
from services.orders.states import OrderState
from services.tasks.states import StopKind
from tests.integration.dashboard.test_order_routes import staff
from tests.integration.services.notices.post_office import sender_of
from tests.integration.services.notices.provider import a_provider
from tests.integration.services.orders.town import DOOR, KEYPAD_ROOT, MILK, SHOP, Town, later

PHONE = "0477-8581234"
"""A telephone on a wall."""
WANTED = {
    "phone": PHONE,
    "consent": "spoken",
    "merchantId": SHOP,
    "pickupPointId": DOOR,
    "lines": [{"goodsId": MILK, "quantity": 1}],
    "reachedBy": "voice",
    "extraWaitS": 600,
}


@pytest.fixture
async def town(sqlite_database: Database, clock: Any, auth: AuthServices) -> AsyncIterator[Town]:
    made = Town(sqlite_database, clock)
    await made.furnish()
    yield made
    await made.solver.close()


@pytest.fixture
async def hotline(auth: AuthServices, town: Town, parts: DashboardParts) -> AsyncIterator[httpx.AsyncClient]:
    given = msgspec.structs.replace(parts, last_heard=town.listener, roads=town.ways)
    app = Litestar(
        [Orders, order_on_behalf, Callers, Notices],
        dependencies={"dashboard": Provide(lambda: given, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )
    transport = httpx.ASGITransport(cast(Any, app))
    async with httpx.AsyncClient(transport=transport, base_url="http://steppe.test") as opened:
        yield opened


async def test_somebody_with_a_telephone_on_the_wall_gets_her_milk(
    hotline: httpx.AsyncClient, auth: AuthServices, town: Town
) -> None:
    await town.add_vehicle(7)
    who = await staff(auth)
    headers = {**who, "idempotency-key": "call-1"}
    placed = [await hotline.post("/api/orders", json=WANTED, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in placed] == [201, 201]
    order_id = placed[0].json()["orderId"]
    assert placed[1].json()["orderId"] == order_id, "the same call orders once"
    assert placed[0].json()["placedBy"] == "示例调度员"
    again = (await hotline.post("/api/hotline/callers", json={"phone": PHONE}, headers=who)).json()
    assert (again["phoneMasked"], again["reachedBy"], again["extraWaitS"]) == ("477****1234", "voice", 600)
    assert again["orders"] == [order_id]
    with a_provider() as provider:
        sender = sender_of(town.database, town.clock, provider.url, auth.keys)
        assert await sender.send_due() == {"sent": 1}
        await town.round()
        vehicle = town.script(7)
        await vehicle.take_plan()
        assert vehicle.plan is not None
        door = next(stop for stop in vehicle.plan.stops if stop.kind == "handover")
        assert door.wait_s == 1200, "she is not quick on foot"
        await vehicle.reach(StopKind.LOAD)
        order = await town.read(OrderId(order_id))
        await vehicle.load(order)
        await vehicle.reach(StopKind.HANDOVER)
        assert await sender.send_due() == {"sent": 1}
        heard = [(call["channel"], call["occasion"], call["to"]) for call in provider.posts]
        assert heard == [
            ("voice", "placed", "+864778581234"),
            ("voice", "arrived", "+864778581234"),
        ]
        spoken = re.search(r"(?:\d ){5}\d", provider.posts[1]["text"])
        assert spoken is not None
        typed = spoken.group().replace(" ", "")
    key = keypad_key(KEYPAD_ROOT, VehicleNo(7))
    [carried] = door.orders
    assert verifier_digest(key, OrderId(order_id), 1, typed) == carried.verifiers[0].digest
    later(town, 900)
    await vehicle.hand_over(order)
    assert (await town.read(OrderId(order_id))).state is OrderState.DELIVERED
    listed = (await hotline.get("/api/notices", headers=who)).json()["items"]
    assert {(one["occasion"], one["channel"], one["phone"]) for one in listed} == {
        ("placed", "voice", "477****1234"),
        ("arrived", "voice", "477****1234"),
    }
    costs = (await hotline.get("/api/notices/costs", headers=who)).json()
    assert costs["costFen"] == 14
    async with town.database.read() as tx:
        carried_on = (await tx.execute(select(outbox.c.payload))).scalars().all()
        noted = select(audit_entries.c.fields).where(audit_entries.c.action == "order.placed_for_somebody")
        [fields] = (await tx.execute(noted)).scalars()
    assert fields["consent"] == "spoken"
    assert typed not in str(carried_on)
    assert "8581234" not in str(carried_on)


async def test_the_hotline_orders_only_from_shops_within_its_reach_and_only_for_phones(
    hotline: httpx.AsyncClient, auth: AuthServices, town: Town
) -> None:
    await town.add_vehicle(7)
    foreign = await staff(auth, operator=OperatorId("op-other"))
    headers = {**foreign, "idempotency-key": "call-2"}
    assert (await hotline.post("/api/orders", json=WANTED, headers=headers)).status_code == 404
    headers = {**await staff(auth), "idempotency-key": "call-3"}
    refused = await hotline.post("/api/orders", json={**WANTED, "phone": "12"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-input")
    assert '"phone"' in refused.text
    unasked = {name: value for name, value in WANTED.items() if name != "consent"}
    assert (await hotline.post("/api/orders", json=unasked, headers=headers)).status_code == 400
    slow = {"phone": "13800138000", "reachedBy": "sms", "extraWaitS": 300, "consent": "spoken"}
    kept = await hotline.put("/api/hotline/wishes", json=slow, headers=headers)
    assert (kept.json()["reachedBy"], kept.json()["isKnown"], kept.json()["orders"]) == ("sms", True, [])
    stranger = await hotline.post("/api/hotline/callers", json={"phone": "13900139000"}, headers=headers)
    assert stranger.json()["isKnown"] is False
    too_long = await hotline.post("/api/orders", json={**WANTED, "extraWaitS": 9999}, headers=headers)
    assert too_long.status_code == 400
    watcher = {**await staff(auth, Role.AGENCY), "idempotency-key": "call-4"}
    assert (await hotline.post("/api/orders", json=WANTED, headers=watcher)).status_code == 403
