"""Buying at the door: goods and money are held, sold or put back together, whatever comes late or twice."""

import asyncio
import contextlib
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.database import Database
from core.errors import Conflict, SteppeError
from core.ids import ResidentId
from fleet.links.wire.commands import CommandKind, OpenCompartment, read_command_body
from services.settlement.accounts import AccountKind, account
from services.settlement.check_books import check_books
from services.settlement.entry import Entry, EntrySource, Posting, PostingKind
from services.settlement.store import Journal
from services.settlement.terms import PaidBy
from services.tasks.states import StopKind
from services.vending.calls.give_calls import CALL_WAIT_S
from services.vending.ledger import MovementKind, stock_of
from services.vending.recall_lot import recall_lot
from services.vending.sales.open_slot import REPORTS_WITHIN_S
from services.vending.sales.reserve_goods import HOLDS_FOR_CALLER_S, HOLDS_S
from services.vending.sales.states import SaleState
from services.vending.stock_store import StockStore
from services.vending.watch_vending import VendingWatch
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.town import KB, Town, later
from tests.integration.services.vending.shelf import SELLER, WATER
from tests.integration.services.vending.stand import (
    a_stocked_seller,
    ask_door,
    call,
    read_sale,
    reserve,
    take,
)

BEGIN_PIECES = 10


async def pay_in(town: Town, resident: str, fen: int) -> None:
    purse = account(AccountKind.RESIDENT_BALANCE, ResidentId(resident))
    top_up = Posting(
        from_account=account(AccountKind.TILL, "op-a"),
        to_account=purse,
        kind=PostingKind.TOP_UP,
        amount_fen=fen,
    )
    entry = Entry(
        cause=f"top-up:{resident}",
        source=EntrySource.TOP_UP,
        at=town.now,
        operator="op-a",  # type: ignore[arg-type]
        district="KB",  # type: ignore[arg-type]
        actor="staff:test",
        postings=(top_up,),
    )
    async with town.database.write() as tx:
        await Journal(tx).post(entry)


async def money(database: Database, *kinds: AccountKind) -> dict[str, int]:
    async with database.read() as tx:
        totals = await Journal(tx).totals(kinds)
    summed: Counter[str] = Counter()
    for each, fen in totals.items():
        summed[each.partition(":")[0]] += fen
    return dict(summed)


async def pieces(town: Town) -> tuple[int, int]:
    async with town.database.read() as tx:
        lines = await StockStore(tx).lines([SELLER])
    return sum(line.shelf for line in lines), sum(line.held for line in lines)


async def sold_by_ledger(town: Town) -> int:
    async with town.database.read() as tx:
        moved = await StockStore(tx).movements(
            [SELLER], since=town.now.replace(year=2000), until=town.now.replace(year=2100)
        )
        lines = await StockStore(tx).lines([SELLER])
    counted = {key: value for key, value in stock_of(moved).items() if value != (0, 0)}
    assert counted == {
        (line.vehicle_no, line.slot, line.lot.lot_id): (line.shelf, line.held) for line in lines
    }
    return -sum(each.shelf + each.held for each in moved if each.kind is MovementKind.SELL)


async def test_what_is_taken_is_sold_and_paid_and_the_rest_goes_back(any_town: Town) -> None:
    town = any_town
    await a_stocked_seller(town)
    await pay_in(town, "r-1", 1_000)
    sale = await reserve(town, quantity=3, paid_by=PaidBy.BALANCE)
    assert await pieces(town) == (7, 3)
    assert await money(town.database, AccountKind.RESIDENT_BALANCE, AccountKind.HELD) == {
        "resident_balance": 1_000 - 3 * WATER.price_fen,
        "held": 3 * WATER.price_fen,
    }
    await ask_door(town, sale)
    [command] = await town.commands(SELLER, CommandKind.OPEN_COMPARTMENT)
    body = read_command_body(command.kind, command.body)
    assert isinstance(body, OpenCompartment)
    assert (body.compartment, body.sale_id, body.quantity) == (1, sale.sale_id, 3)
    assert await take(town, sale, 2) == "applied"
    assert await take(town, sale, 2) == "already"
    done = await read_sale(town, sale.sale_id)
    assert (done.state, done.sold, done.sold_fen) == (SaleState.SETTLED, 2, 2 * WATER.price_fen)
    assert await pieces(town) == (8, 0)
    assert await money(town.database, AccountKind.RESIDENT_BALANCE, AccountKind.SALES, AccountKind.HELD) == {
        "resident_balance": 1_000 - 2 * WATER.price_fen,
        "sales": 2 * WATER.price_fen,
        "held": 0,
    }


async def test_of_two_buyers_of_the_last_pieces_one_gets_them(any_town: Town) -> None:
    await a_stocked_seller(any_town, pieces=2)
    tries = (reserve(any_town, f"r-{n}", quantity=2) for n in range(3))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert Counter(each.code for each in answers if isinstance(each, SteppeError)) == {"out-of-stock": 2}
    assert await pieces(any_town) == (0, 2)


async def test_a_refused_door_may_be_asked_for_again_and_an_unheard_one_is_given_up(town: Town) -> None:
    await a_stocked_seller(town)
    sale = await ask_door(town, await reserve(town))
    refused = {"commandId": sale.command_id, "result": "rejected", "detail": "moving"}
    await town.say(SELLER, "command_ack", refused, task_id=None, epoch=None)
    again = await read_sale(town, sale.sale_id)
    assert (again.state, again.reason) == (SaleState.RESERVED, "moving")
    await ask_door(town, again)
    later(town, REPORTS_WITHIN_S + 1)
    assert await VendingWatch(town.database, town.clock).watch_once() == 1
    assert (await read_sale(town, sale.sale_id)).state is SaleState.RELEASED
    assert await pieces(town) == (10, 0)
    assert await take(town, sale, 1) == "applied", "the vehicle was only out of reach"
    late = await read_sale(town, sale.sale_id)
    assert (late.state, late.sold, late.reason) == (SaleState.SETTLED, 1, "taken_late")
    assert (await money(town.database, AccountKind.RESIDENT_DUE))["resident_due"] == -WATER.price_fen
    assert await pieces(town) == (9, 0)


async def test_a_recalled_lot_does_not_leave_the_vehicle_even_when_it_was_reserved(town: Town) -> None:
    await a_stocked_seller(town)
    sale = await reserve(town)
    async with town.database.write() as tx:
        await recall_lot(tx, a_principal(), sale.picks[0].lot_id, "glass", at=town.now, rate=1.0)
    with pytest.raises(Conflict) as refused:
        await ask_door(town, sale)
    assert refused.value.code == "lot-blocked"


async def test_nobody_buys_at_a_vehicle_that_drives_or_is_not_heard(town: Town) -> None:
    await a_stocked_seller(town)
    town.listener.says(SELLER, measured_at=town.now, speed_mps=2.0)
    with pytest.raises(Conflict) as refused:
        await reserve(town)
    assert (refused.value.code, refused.value.fields["why"]) == ("vehicle-not-at-stop", "driving")
    assert await pieces(town) == (10, 0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "open", "refuse", "take", "take", "wait"]),
        st.integers(0, 2),
        st.integers(0, 4),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_whatever_happens_goods_and_money_agree_and_nothing_is_sold_twice(
    town: Town, steps: list[tuple[str, int, int]]
) -> None:
    if SELLER not in town.listener.said:
        await a_stocked_seller(town, pieces=BEGIN_PIECES)
        await pay_in(town, "r-1", 3_000)
    known = []
    watch = VendingWatch(town.database, town.clock)
    for step, which, number in steps:
        with contextlib.suppress(SteppeError):
            if step == "reserve":
                paid_by = PaidBy.BALANCE if which else PaidBy.AT_PICKUP
                known.append(await reserve(town, quantity=max(1, number), paid_by=paid_by))
            elif step == "wait":
                later(town, REPORTS_WITHIN_S + 1)
                town.listener.says(SELLER, measured_at=town.now)
                await watch.watch_once()
            elif known:
                sale = await read_sale(town, known[which % len(known)].sale_id)
                if step == "open":
                    await ask_door(town, sale)
                elif step == "take":
                    await take(town, sale, number)
                elif step == "refuse" and sale.command_id:
                    said = {"commandId": sale.command_id, "result": "rejected"}
                    await town.say(SELLER, "command_ack", said, task_id=None, epoch=None)
    sold = await sold_by_ledger(town)
    income = await money(town.database, AccountKind.SALES)
    assert income.get("sales", 0) == sold * WATER.price_fen
    async with town.database.read() as tx:
        assert (await check_books(tx)).is_balanced


@pytest.mark.parametrize(
    ("placed_by", "waited_s", "held_s"),
    [
        (None, 0, HOLDS_S),
        ("staff:x", 0, HOLDS_FOR_CALLER_S),
        ("staff:x", 600, CALL_WAIT_S - 600),
        ("staff:x", 890, HOLDS_S),
    ],
    ids=["on the page", "by telephone", "the vehicle stays less long", "as long as on the page at least"],
)
async def test_goods_are_held_for_who_comes_as_long_as_the_vehicle_stays(
    town: Town, placed_by: str | None, waited_s: float, held_s: float
) -> None:
    await a_stocked_seller(town)
    await call(town)
    await town.idle.settle(KB)
    vehicle = town.script(SELLER)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.VISIT)
    later(town, waited_s)
    sale = await reserve(town, placed_by=placed_by)
    assert (sale.expires_at - town.now).total_seconds() == held_s
    await vehicle.leave(StopKind.VISIT)
    gone = await read_sale(town, sale.sale_id)
    assert (gone.state, gone.reason) == (SaleState.RELEASED, "vehicle_left")
    assert await pieces(town) == (BEGIN_PIECES, 0)
