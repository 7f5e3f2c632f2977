"""The order board and the drawer: within the reach of staff, phones masked, reasons in both languages."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.passwords import Passwords
from core.auth.principal import EVERYTHING, Reach
from core.auth.residents import ResidentStore
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.auth.sessions import SessionStore
from core.auth.staff import StaffAccount, ensure_staff
from core.database import Database
from core.ids import DistrictCode, OperatorId, ResidentId
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.order_sheets import OrderDesk
from dashboard.parts import DashboardParts
from dashboard.routes.alarms import Alarms
from dashboard.routes.orders import Orders
from dashboard.topics.orders import OrderTopic
from services.delegation.name_delegate import CodeHands, Naming, name_delegate
from services.notices.tables import notices
from services.orders.order import Order
from services.orders.states import OrderState
from services.tasks.states import StopKind
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import DOOR, KEYPAD_ROOT, SHOP, Town, later

PHONE = "+8613812345678"
Headers = Mapping[str, str]
KEY = {"idempotency-key": "k-1"}


@pytest.fixture
async def town(sqlite_database: Database, clock: Any, auth: AuthServices) -> AsyncIterator[Town]:
    made = Town(sqlite_database, clock)
    await made.furnish()
    yield made
    await made.solver.close()


@pytest.fixture
async def resident(auth: AuthServices) -> ResidentId:
    async with auth.database.write() as tx:
        return await ResidentStore(tx, auth.keys).ensure(PHONE, at=auth.clock.wall())


@pytest.fixture
def parts_of_town(town: Town, parts: DashboardParts) -> DashboardParts:
    return msgspec.structs.replace(parts, last_heard=town.listener, by_hand=town.by_hand)


@pytest.fixture
async def board(auth: AuthServices, parts_of_town: DashboardParts) -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar(
        [Orders, Alarms],
        dependencies={"dashboard": Provide(lambda: parts_of_town, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )
    transport = httpx.ASGITransport(cast(Any, app))
    async with httpx.AsyncClient(transport=transport, base_url="http://steppe.test") as opened:
        yield opened


async def staff(auth: AuthServices, role: Role = Role.DISPATCHER, **changes: Any) -> Headers:
    account = StaffAccount(
        **{
            "username": f"{role.value}-{len(changes)}",
            "name": "示例调度员",
            "role": role,
            "password": "a password of a test",
            **changes,
        }
    )
    async with auth.database.write() as tx:
        who = await ensure_staff(tx, account, Passwords.quick(), at=auth.clock.wall())
        opened = await SessionStore(tx).open("st", who, auth.rules.lives, shown=(), at=auth.clock.wall())
    return {"cookie": f"steppe_session={opened.token.token}"}


async def calls(board: httpx.AsyncClient, who: Headers) -> list[str]:
    """Return the states of the alarms that call a person."""
    page = (await board.get("/api/alarms", headers=who)).json()
    return [alarm["state"] for alarm in page["items"] if alarm["kind"] == "needs_person"]


async def on_board(town: Town, resident: ResidentId) -> tuple[Order, ScriptedVehicle]:
    await town.add_vehicle(7)
    await town.add_vehicle(8, battery_ratio=0.13)
    order = await town.order(resident=resident)
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    return order, vehicle


async def test_the_board_shows_open_orders_with_masked_phones_and_where_they_are(
    board: httpx.AsyncClient, auth: AuthServices, town: Town, resident: ResidentId
) -> None:
    order, _ = await on_board(town, resident)
    page = (await board.get("/api/orders", headers=await staff(auth))).json()
    [card] = page["items"]
    assert (card["orderId"], card["state"], card["phone"]) == (order.order_id, "in_transit", "138****5678")
    assert (card["vehicleNo"], card["merchantNameEn"]) == (7, "Sample Market")
    assert card["etaAt"] is not None
    assert page["nextCursor"] is None


async def test_the_drawer_says_who_went_who_could_not_and_why(
    board: httpx.AsyncClient, auth: AuthServices, town: Town, resident: ResidentId
) -> None:
    order, _ = await on_board(town, resident)
    detail = (await board.get(f"/api/orders/{order.order_id}", headers=await staff(auth))).json()
    assert [step["state"] for step in detail["history"]] == [
        "created",
        "accepted",
        "assigned",
        "picking_up",
        "in_transit",
    ]
    assert [step["byName"] for step in detail["history"]][:2] == ["138****5678", "示例超市"]
    decision = detail["decision"]
    assert (decision["outcome"], decision["considered"], decision["feasible"]) == ("assigned", 2, 1)
    [excluded] = [line for line in decision["candidates"] if line["costS"] is None]
    assert [reason["rule"] for reason in excluded["excludedBy"]] == ["battery_too_low"]
    assert decision["textEn"].startswith("1 of 2 vehicles can go; EDS-KB-D-")
    assert [stop["kind"] for stop in detail["task"]["stops"]] == ["load", "handover", "return"]
    assert PHONE not in str(detail)


async def test_pages_follow_each_other_without_gap_or_repeat(
    board: httpx.AsyncClient, auth: AuthServices, town: Town, resident: ResidentId
) -> None:
    await town.add_vehicle(7)
    placed = []
    for _ in range(5):
        placed.append((await town.order(resident=resident)).order_id)
        later(town, 1)
    who, seen, cursor = await staff(auth), [], None
    for _ in range(3):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await board.get("/api/orders", params=params, headers=who)).json()
        seen += [card["orderId"] for card in page["items"]]
        cursor = page["nextCursor"]
    assert seen == placed[::-1]
    assert cursor is None
    forged = await board.get("/api/orders", params={"cursor": "bm9uc2Vuc2U"}, headers=who)
    assert (forged.status_code, forged.json()["code"]) == (400, "cursor-invalid")


async def test_staff_of_another_district_or_company_sees_nothing(
    board: httpx.AsyncClient, auth: AuthServices, town: Town, resident: ResidentId
) -> None:
    order, _ = await on_board(town, resident)
    for changes in (
        {"districts": frozenset({DistrictCode("ZG")}), "username": "elsewhere"},
        {"operator": OperatorId("op-other"), "username": "other-company"},
    ):
        who = await staff(auth, **changes)
        assert (await board.get("/api/orders", headers=who)).json()["items"] == []
        assert (await board.get(f"/api/orders/{order.order_id}", headers=who)).status_code == 404
        body = {"outcome": "lost", "reason": "x"}
        path = f"/api/orders/{order.order_id}/rescue"
        assert (await board.post(path, json=body, headers={**who, **KEY})).status_code == 404


@pytest.mark.parametrize(
    ("outcome", "state"), [("returned", "returned"), ("lost", "failed"), ("resumed", "in_transit")]
)
async def test_a_rescue_is_recorded_and_frees_the_vehicle_unless_it_goes_on(
    board: httpx.AsyncClient,
    auth: AuthServices,
    town: Town,
    resident: ResidentId,
    outcome: str,
    state: str,
) -> None:
    order, vehicle = await on_board(town, resident)
    who = await staff(auth)
    path = f"/api/orders/{order.order_id}/rescue"
    body = {"outcome": outcome, "reason": "车在路口熄火，已到现场"}
    early = await board.post(path, json=body, headers={**who, **KEY})
    assert (early.status_code, early.json()["code"]) == (409, "illegal-transition")
    await vehicle.say("fault", {"code": 3, "fatal": True})
    assert (await town.read(order.order_id)).state is OrderState.NEEDS_RECOVERY
    assert await calls(board, who) == ["open"]
    answer = await board.post(path, json=body, headers={**who, **KEY})
    assert (answer.status_code, answer.json()["state"]) == (200, state)
    again = await board.post(path, json=body, headers={**who, **KEY})
    assert (again.status_code, again.content) == (200, answer.content)
    assert (await town.task_of(7) is None) == (outcome != "resumed")
    assert await calls(board, who) == ["cleared"]


async def test_an_operator_cancels_before_loading_with_a_reason(
    board: httpx.AsyncClient, auth: AuthServices, town: Town, resident: ResidentId
) -> None:
    await town.add_vehicle(7)
    order = await town.order(resident=resident)
    path, who = f"/api/orders/{order.order_id}/cancel", {**await staff(auth), **KEY}
    assert (await board.post(path, json={"reason": ""}, headers=who)).status_code == 400
    answer = await board.post(path, json={"reason": "商户停电"}, headers=who)
    assert (answer.json()["state"], answer.json()["reason"]) == ("cancelled", "operator_cancelled")
    other_key = {**who, "idempotency-key": "k-2"}
    again = await board.post(path, json={"reason": "商户停电"}, headers=other_key)
    assert (again.json()["state"], again.json()["version"]) == ("cancelled", answer.json()["version"])
    async with town.database.read() as tx:
        on_page = select(notices.c.occasion).where(notices.c.channel == "page")
        told = (await tx.execute(on_page)).scalars().all()
        noted = select(audit_entries.c.id).where(audit_entries.c.action == "order.cancelled")
        assert len((await tx.execute(noted)).all()) == 1
    assert told == ["cancelled"], "the recipient is told once"
    watcher = {**await staff(auth, Role.AGENCY), **KEY}
    assert (await board.post(path, json={"reason": "x"}, headers=watcher)).status_code == 403


async def test_the_live_topic_gives_the_same_cards_and_drops_what_is_out_of_reach(
    auth: AuthServices, town: Town, resident: ResidentId
) -> None:
    order, _ = await on_board(town, resident)
    topic = OrderTopic(OrderDesk(town.database, town.listener, auth.keys), town.clock)
    [card] = await topic.snapshot(EVERYTHING)
    assert await topic.read([order.order_id], EVERYTHING) == {order.order_id: card}
    elsewhere = Reach(districts=frozenset({DistrictCode("ZG")}))
    assert await topic.read([order.order_id], elsewhere) == {}
    assert topic.removed(order.order_id) == {"orderId": order.order_id}
    assert (card.merchant_name_zh, card.pickup_point_name_zh) == ("示例超市", "示例小区东门")
    assert (order.merchant_id, order.pickup_point_id) == (SHOP, DOOR)


async def test_an_operator_gives_an_order_to_one_vehicle_once_or_is_told_by_name_why_not(
    board: httpx.AsyncClient, auth: AuthServices, town: Town, resident: ResidentId
) -> None:
    await town.add_vehicle(7)
    await town.add_vehicle(8, battery_ratio=0.13)
    order = await town.order(resident=resident)
    who, path = await staff(auth), f"/api/orders/{order.order_id}/dispatches"
    body = {"vehicleNo": 8, "reason": "顺路"}
    refused = await board.post(path, json=body, headers={**who, **KEY})
    assert (refused.status_code, refused.json()["code"]) == (409, "vehicle-not-dispatchable")
    assert refused.json()["fields"]["reasons"] == ["battery_too_low"]
    done = await board.post(path, json={**body, "vehicleNo": 7}, headers={**who, **KEY})
    assert (done.status_code, done.json()["state"]) == (200, "assigned"), done.text
    assert done.json()["decision"]["chosenBy"] == "示例调度员"
    again = await board.post(path, json={**body, "vehicleNo": 7}, headers={**who, **KEY})
    assert again.json() == done.json()
    late = await board.post(path, json={**body, "vehicleNo": 7}, headers={**who, "idempotency-key": "k-2"})
    assert (late.status_code, late.json()["fields"]["hindrance"]) == (409, "order_not_waiting")
    agency = await staff(auth, Role.AGENCY)
    assert (await board.post(path, json=body, headers={**agency, **KEY})).status_code == 403


async def test_the_drawer_says_who_collected_with_name_and_phone_of_a_delegate_masked(
    board: httpx.AsyncClient, auth: AuthServices, town: Town, resident: ResidentId
) -> None:
    order, vehicle = await on_board(town, resident)
    who, path = await staff(auth), f"/api/orders/{order.order_id}"
    hands = CodeHands(auth.keys, KEYPAD_ROOT, 1.0)
    naming = Naming(name="欧阳娜娜", phone="13900139000", for_s=3600.0)
    recipient = a_principal(Role.RESIDENT, kind="resident", id=resident)
    async with town.database.write() as tx:
        await name_delegate(tx, recipient, order.order_id, naming, hands, at=town.now)
    await vehicle.reach(StopKind.HANDOVER)
    assert (await board.get(path, headers=who)).json()["collected"] is None
    box = {"orderId": order.order_id, "compartment": 3}
    await vehicle.say("door_opened", {**box, "by": "keypad", "generation": 11})
    await vehicle.say("door_closed", {**box, "isEmpty": True})
    detail = (await board.get(path, headers=who)).json()
    assert detail["collected"] == {
        "by": "delegate",
        "how": "keypad",
        "at": detail["closedAt"],
        "name": "欧**",
        "phone": "139****9000",
    }
    assert "娜娜" not in str(detail)
