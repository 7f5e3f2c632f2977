"""Vending without a smartphone: bought at the hotline, told by voice, typed on the vehicle's keypad."""

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
from core.auth.principal import EVERYTHING
from core.auth.residents import ResidentStore
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.database import Database
from core.ids import OperatorId
from core.outbox import outbox
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.parts import DashboardParts
from dashboard.routes.hotline import Callers
from dashboard.routes.phone_sales import VendingSales
from fleet.commands.tables import commands
from fleet.links.wire.commands import CommandKind
from fleet.vehicles.store import VehicleStore
from services.settlement.accounts import AccountKind
from services.settlement.entry import SaleId
from services.vending.recall_lot import recall_lot
from services.vending.sales.release_sale import cancel_sale
from services.vending.sales.reserve_goods import HOLDS_FOR_CALLER_S
from services.vending.sales.states import SaleState
from services.vending.watch_vending import VendingWatch
from tests.integration.dashboard.test_order_routes import staff
from tests.integration.fleet.builders import a_principal
from tests.integration.services.notices.post_office import sender_of
from tests.integration.services.notices.provider import Provider, a_provider
from tests.integration.services.orders.town import KB, Town, later
from tests.integration.services.vending.played_seller import PlayedSeller
from tests.integration.services.vending.shelf import SELLER, WATER
from tests.integration.services.vending.stand import a_stocked_seller, ask_door, read_sale, reserve
from tests.integration.services.vending.test_sales import money, pay_in, pieces

PHONE = "0477-8581234"
SIX_SPOKEN = re.compile(r"(?:\d ){5}\d")
SIX_WRITTEN = re.compile(r"(?<!\d)\d{6}(?!\d)")


@pytest.fixture
async def town(sqlite_database: Database, clock: Any, auth: AuthServices) -> AsyncIterator[Town]:
    made = Town(sqlite_database, clock)
    await made.furnish()
    await a_stocked_seller(made)
    yield made
    await made.solver.close()


@pytest.fixture
async def hotline(auth: AuthServices, town: Town, parts: DashboardParts) -> AsyncIterator[httpx.AsyncClient]:
    given = msgspec.structs.replace(parts, last_heard=town.listener, roads=town.ways)
    app = Litestar(
        [VendingSales, Callers],
        dependencies={"dashboard": Provide(lambda: given, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )
    transport = httpx.ASGITransport(cast(Any, app))
    async with httpx.AsyncClient(transport=transport, base_url="http://steppe.test") as opened:
        yield opened


class Desk:
    """One member of staff at the hotline, who never sends a key twice."""

    def __init__(self, hotline: httpx.AsyncClient, town: Town, who: dict[str, str]) -> None:
        self._hotline = hotline
        self._town = town
        self.who = who
        self._keys = 0

    async def post(self, path: str, body: dict[str, Any] | None = None, key: str = "") -> httpx.Response:
        self._keys += 1
        headers = {**self.who, "idempotency-key": key or f"key-{self._keys}"}
        return await self._hotline.post(f"/api/vending/sales{path}", json=body, headers=headers)

    async def buy(self, key: str = "", **changes: Any) -> httpx.Response:
        async with self._town.database.read() as tx:
            vehicle = await VehicleStore(tx).codes_of([SELLER])
        wanted = {
            "phone": PHONE,
            "consent": "spoken",
            "vehicleCode": vehicle[SELLER],
            "slot": 1,
            "quantity": 2,
        }
        return await self.post("", wanted | changes, key)

    async def sales_of_caller(self) -> list[str]:
        looked = await self._hotline.post("/api/hotline/callers", json={"phone": PHONE}, headers=self.who)
        return cast(list[str], looked.json()["sales"])

    async def listed(self) -> list[dict[str, Any]]:
        return cast(
            list[dict[str, Any]], (await self._hotline.get("/api/vending/sales", headers=self.who)).json()
        )


@pytest.fixture
async def desk(hotline: httpx.AsyncClient, auth: AuthServices, town: Town) -> Desk:
    return Desk(hotline, town, dict(await staff(auth)))


@pytest.fixture
async def seller(town: Town) -> PlayedSeller:
    return PlayedSeller(town)


async def what_is_told(town: Town, auth: AuthServices, provider: Provider) -> dict[str, Any]:
    """Send what is due and return the newest message."""
    await sender_of(town.database, town.clock, provider.url, auth.keys).send_due()
    return provider.posts[-1]


async def test_somebody_with_a_telephone_on_the_wall_buys_water(
    desk: Desk, auth: AuthServices, town: Town, seller: PlayedSeller
) -> None:
    bought = [await desk.buy("call-1") for _ in range(2)]
    assert [answer.status_code for answer in bought] == [201, 201]
    sale = bought[0].json()
    assert bought[1].json()["saleId"] == sale["saleId"], "the same call buys once"
    assert (sale["placedBy"], sale["state"], sale["heldFen"]) == (
        "示例调度员",
        "reserved",
        2 * WATER.price_fen,
    )
    assert await pieces(town) == (8, 2)
    assert await desk.sales_of_caller() == [sale["saleId"]]
    with a_provider() as provider:
        call = await what_is_told(town, auth, provider)
    assert (call["channel"], call["occasion"], call["to"]) == ("voice", "reserved", "+864778581234")
    spoken = SIX_SPOKEN.search(call["text"])
    assert spoken is not None
    typed = spoken.group().replace(" ", "")
    assert await seller.listen() == 1
    seller.pass_time(300)
    assert seller.type_code("000000" if typed != "000000" else "111111") == "wrong"
    assert seller.type_code(typed) == "opened"
    seller.pass_time(60)
    assert await seller.speak() == [
        ("command_ack", "applied"),
        ("command_result", "applied"),
        ("code_failed", "applied"),
        ("door_opened", "applied"),
        ("door_closed", "no-task"),
        ("goods_taken", "applied"),
    ]
    done = await read_sale(town, sale["saleId"])
    assert (done.state, done.reason) == (SaleState.SETTLED, "")
    assert await desk.sales_of_caller() == []
    assert done.sold is not None
    assert await pieces(town) == (10 - done.sold, 0)
    due = await money(town.database, AccountKind.RESIDENT_DUE, AccountKind.SALES)
    assert due == {"resident_due": -done.sold_fen, "sales": done.sold_fen}
    assert seller.type_code(typed) == "nothing_here", "a code opens once"
    async with town.database.read() as tx:
        kept = [
            *(await tx.execute(select(outbox.c.payload))).scalars(),
            *(await tx.execute(select(audit_entries.c.fields))).scalars(),
            *(await tx.execute(select(commands.c.body))).scalars(),
        ]
        noted = select(audit_entries.c.action, audit_entries.c.actor_name).where(
            audit_entries.c.object == f"sale:{sale['saleId']}"
        )
        actions = {tuple(row) for row in await tx.execute(noted)}
    assert actions == {("sale.placed_for_somebody", "示例调度员"), ("sale.opened", "system")}
    assert typed not in str(kept)
    assert "8581234" not in str(kept)


async def test_a_caller_with_a_balance_pays_from_it_and_one_without_is_refused(
    desk: Desk, auth: AuthServices, town: Town
) -> None:
    refused = await desk.buy(paidBy="balance")
    assert (refused.status_code, refused.json()["code"]) == (409, "balance-too-low")
    assert await pieces(town) == (10, 0)
    async with town.database.write() as tx:
        resident = await ResidentStore(tx, auth.keys).ensure("+864778581234", at=town.now)
    await pay_in(town, resident, 1_000)
    assert (await desk.buy(paidBy="balance")).status_code == 201
    held = await money(town.database, AccountKind.RESIDENT_BALANCE, AccountKind.HELD)
    assert held == {"resident_balance": 1_000 - 2 * WATER.price_fen, "held": 2 * WATER.price_fen}


async def test_what_is_not_collected_goes_back_on_the_shelf_and_she_is_told(
    desk: Desk, auth: AuthServices, town: Town, seller: PlayedSeller
) -> None:
    sale = (await desk.buy(reachedBy="sms")).json()
    with a_provider() as provider:
        code = SIX_WRITTEN.search((await what_is_told(town, auth, provider))["text"])
        assert code is not None
        await seller.listen()
        later(town, HOLDS_FOR_CALLER_S - 1)
        assert await VendingWatch(town.database, town.clock).watch_once() == 0
        later(town, 1)
        assert seller.type_code(code.group()) == "nothing_here", "the vehicle knows the end by itself"
        assert await VendingWatch(town.database, town.clock).watch_once() == 1
        told = await what_is_told(town, auth, provider)
    assert (told["channel"], told["occasion"]) == ("sms", "released")
    assert await pieces(town) == (10, 0)
    [listed] = await desk.listed()
    assert (listed["state"], listed["reason"], listed["canCancel"]) == ("released", "not_opened", False)
    gone = await desk.post(f"/{sale['saleId']}/code")
    assert (gone.status_code, gone.json()["code"]) == (410, "gone")


async def test_five_wrong_codes_lock_hers_and_the_hotline_sends_a_fresh_one(
    desk: Desk, auth: AuthServices, town: Town, seller: PlayedSeller
) -> None:
    sale = (await desk.buy(reachedBy="sms")).json()
    await seller.listen()
    with a_provider() as provider:
        first = SIX_WRITTEN.search((await what_is_told(town, auth, provider))["text"])
        assert first is not None
        wrong = next(code for code in ("000000", "111111") if code != first.group())
        assert [seller.type_code(wrong) for _ in range(5)] == ["wrong"] * 4 + ["locked"]
        await seller.speak()
        assert seller.type_code(first.group()) == "wrong"
        [locked] = await desk.listed()
        assert (locked["isCodeLocked"], locked["canRefresh"], locked["codeGeneration"]) == (True, True, 1)
        fresh = await desk.post(f"/{sale['saleId']}/code")
        assert (fresh.json()["codeGeneration"], fresh.json()["isCodeLocked"]) == (2, False)
        second = SIX_WRITTEN.search((await what_is_told(town, auth, provider))["text"])
    assert second is not None
    assert seller.type_code(second.group()) == "opened"
    assert (await desk.post(f"/{sale['saleId']}/code")).status_code == 200
    none_left = await desk.post(f"/{sale['saleId']}/code")
    assert (none_left.status_code, none_left.json()["code"]) == (409, "pickup-code-locked")


async def test_a_purchase_called_off_opens_nothing_and_is_called_off_once(
    desk: Desk, auth: AuthServices, town: Town, seller: PlayedSeller
) -> None:
    sale = (await desk.buy(reachedBy="sms")).json()
    with a_provider() as provider:
        code = SIX_WRITTEN.search((await what_is_told(town, auth, provider))["text"])
        assert code is not None
        await seller.listen()
        cancelled = [await desk.post(f"/{sale['saleId']}/cancel") for _ in range(2)]
        assert [answer.json()["state"] for answer in cancelled] == ["released", "released"]
        await seller.speak()
        assert await seller.listen() == 1
        assert seller.type_code(code.group()) == "nothing_here"
        assert await sender_of(town.database, town.clock, provider.url, auth.keys).send_due() == {}
    assert await pieces(town) == (10, 0)


async def test_what_she_calls_off_herself_is_withdrawn_from_the_keypad_too(
    desk: Desk, town: Town, seller: PlayedSeller
) -> None:
    sale = (await desk.buy()).json()
    await seller.listen()
    await seller.speak()
    async with town.database.write() as tx:
        own = SaleId(sale["saleId"])
        await cancel_sale(tx, own, EVERYTHING, actor="resident:r", at=town.now, rate=1.0)
    assert await seller.listen() == 1
    assert seller.vehicle.memory.sales == {}


async def test_a_vehicle_that_refuses_the_codes_gives_the_goods_back(desk: Desk, town: Town) -> None:
    sale = (await desk.buy()).json()
    [command] = await town.commands(SELLER, CommandKind.SALE_CODES)
    refusal = {"commandId": command.command_id, "result": "rejected", "detail": "no keypad"}
    await town.say(SELLER, "command_ack", refusal, task_id=None, epoch=None)
    over = await read_sale(town, sale["saleId"])
    assert (over.state, over.reason) == (SaleState.RELEASED, "codes_not_taken")
    assert await pieces(town) == (10, 0)


async def test_a_recalled_lot_is_not_opened_by_a_code_either(
    desk: Desk, town: Town, seller: PlayedSeller
) -> None:
    sale = (await desk.buy()).json()
    await seller.listen()
    await seller.speak()
    lot = (await read_sale(town, sale["saleId"])).picks[0].lot_id
    async with town.database.write() as tx:
        await recall_lot(tx, a_principal(), lot, "glass", at=town.now, rate=1.0)
    assert (await read_sale(town, sale["saleId"])).reason == "lot_recalled"
    assert await seller.listen() == 1
    assert seller.vehicle.memory.sales == {}


async def test_a_door_that_her_page_asked_for_is_not_opened_by_the_code_too(
    desk: Desk, town: Town, seller: PlayedSeller
) -> None:
    sale = (await desk.buy()).json()
    await seller.listen()
    await ask_door(town, await read_sale(town, sale["saleId"]))
    await seller.speak()
    await seller.listen()
    seller.pass_time(60)
    assert dict(await seller.speak())["door_opened"] == "noted"
    assert (await read_sale(town, sale["saleId"])).state is SaleState.SETTLED
    assert seller.vehicle.memory.sales == {}
    late = await desk.post(f"/{sale['saleId']}/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


async def test_a_sale_is_told_of_by_its_own_vehicle_only(desk: Desk, town: Town) -> None:
    sale = (await desk.buy()).json()
    opened = {"compartment": 1, "by": "keypad", "generation": 1, "saleId": sale["saleId"]}
    failed = {"generation": 1, "tries": 5, "saleId": sale["saleId"]}
    await a_stocked_seller(town, number=51)
    assert await town.say(51, "door_opened", opened, task_id=None, epoch=None) == "unknown-sale"
    assert await town.say(51, "code_failed", failed, task_id=None, epoch=None) == "unknown-sale"
    assert (await read_sale(town, sale["saleId"])).state is SaleState.RESERVED
    assert await town.say(SELLER, "door_opened", opened, task_id=None, epoch=None) == "applied"
    assert await town.say(SELLER, "door_opened", opened, task_id=None, epoch=None) == "already"


async def test_an_idle_vehicle_stays_while_goods_are_held_at_it(desk: Desk, town: Town) -> None:
    sale = (await desk.buy()).json()
    await town.idle.settle(KB)
    assert await town.task_of(SELLER) is None
    await desk.post(f"/{sale['saleId']}/cancel")
    await town.idle.settle(KB)
    assert await town.task_of(SELLER) is not None


async def test_the_hotline_buys_only_at_vehicles_that_it_reaches_and_with_consent(
    desk: Desk, hotline: httpx.AsyncClient, auth: AuthServices, town: Town
) -> None:
    foreign = Desk(hotline, town, dict(await staff(auth, operator=OperatorId("op-other"))))
    assert (await foreign.buy()).status_code == 404
    assert await foreign.listed() == []
    watcher = Desk(hotline, town, dict(await staff(auth, Role.AGENCY)))
    assert (await watcher.buy()).status_code == 403
    assert (await desk.buy(consent=None)).status_code == 400
    refused = await desk.buy(phone="12")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-input")
    assert (await desk.buy(vehicleCode="none")).status_code == 404
    assert (await desk.buy(quantity=11)).status_code == 400
    sale = (await desk.buy()).json()
    assert (await foreign.post(f"/{sale['saleId']}/cancel")).status_code == 404
    town.listener.says(SELLER, speed_mps=3.0)
    moving = await desk.buy()
    assert (moving.status_code, moving.json()["code"]) == (409, "vehicle-not-at-stop")


async def test_what_somebody_bought_herself_is_not_the_hotlines(desk: Desk, town: Town) -> None:
    own = await reserve(town)
    refused = await desk.post(f"/{own.sale_id}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert await desk.listed() == []
