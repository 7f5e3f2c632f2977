"""The ledger is the stock: whatever is loaded, held, sold, spoiled or counted, in any order, by anybody."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.roles import Role
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.ids import OperatorId, VehicleNo
from fleet.vehicles.store import VehicleStore
from services.delivery.compartments import Temperature
from services.vending.hold_goods import hold_goods, sell_late, settle_holding
from services.vending.keep_stock import count_slot, load_slot, spoil_stock
from services.vending.ledger import Holding, LotId, Movement, MovementKind, stock_of
from services.vending.recall_lot import recall_lot
from services.vending.set_planogram import set_planogram
from services.vending.shrinkage import shrinkage
from services.vending.stock_store import StockStore
from tests.integration.fleet.builders import a_principal
from tests.integration.services.vending.shelf import (
    AT,
    SELLER,
    WATER,
    YOGHURT,
    a_batch,
    a_deed,
    a_holding,
    a_seller,
)

LEAD = a_principal(Role.SHIFT_LEAD)
LOT = LotId("op-a:B1")


@pytest.fixture
async def shelf(database: Database) -> Database:
    """On SQLite and on PostgreSQL."""
    async with database.write() as tx:
        await a_seller(tx)
    return database


async def pieces(database: Database, slot: int = 1) -> tuple[int, int]:
    """What is free and what is held in a slot."""
    async with database.read() as tx:
        lines = [line for line in await StockStore(tx).lines([SELLER]) if line.slot == slot]
    return sum(line.shelf for line in lines), sum(line.held for line in lines)


async def load(database: Database, cause: str, quantity: int, batch: Any = None, slot: int = 1) -> None:
    async with database.write() as tx:
        await load_slot(tx, a_deed(cause, slot), batch or a_batch(), quantity)


async def hold(database: Database, cause: str, quantity: int = 1, slot: int = 1) -> Holding:
    async with database.write() as tx:
        return (await hold_goods(tx, a_holding(cause, slot), quantity, at=AT))[1]


async def test_what_is_held_and_taken_is_sold_and_the_rest_is_free_again(shelf: Database) -> None:
    await load(shelf, "l-1", 10)
    holding = await hold(shelf, "s-1", 3)
    assert await pieces(shelf) == (7, 3)
    async with shelf.write() as tx:
        assert await settle_holding(tx, holding, 2, at=AT) == 2
    assert await pieces(shelf) == (8, 0)
    async with shelf.write() as tx:
        assert await settle_holding(tx, holding, 2, at=AT) == 2, "the same purchase settles once"
    assert await pieces(shelf) == (8, 0)


async def test_more_taken_than_held_is_sold_from_the_shelf_and_no_further(shelf: Database) -> None:
    await load(shelf, "l-1", 3)
    holding = await hold(shelf, "s-1", 1)
    async with shelf.write() as tx:
        assert await settle_holding(tx, holding, 5, at=AT) == 3
    assert await pieces(shelf) == (0, 0)


async def test_a_late_report_sells_what_had_been_put_back(shelf: Database) -> None:
    await load(shelf, "l-1", 3)
    holding = await hold(shelf, "s-1", 2)
    for _ in range(2):
        async with shelf.write() as tx:
            await settle_holding(tx, holding, 0, at=AT)
            assert await sell_late(tx, holding, 2, at=AT) == 2
    assert await pieces(shelf) == (1, 0)


async def test_the_lot_that_expires_first_goes_first_and_expired_goods_are_no_stock(shelf: Database) -> None:
    await load(shelf, "l-1", 2, a_batch("LATE", days=20))
    await load(shelf, "l-2", 2, a_batch("SOON", days=2))
    holding = await hold(shelf, "s-1", 3)
    assert [(pick.lot_id, pick.quantity) for pick in holding.picks] == [("op-a:SOON", 2), ("op-a:LATE", 1)]
    async with shelf.write() as tx:
        await settle_holding(tx, holding, 0, at=AT)
    async with shelf.write() as tx:
        with pytest.raises(Conflict) as refused:
            await hold_goods(tx, a_holding("s-2"), 3, at=AT + timedelta(days=3))
    assert (refused.value.code, refused.value.fields["left"]) == ("out-of-stock", 2)


async def test_a_recalled_lot_is_sold_nowhere_from_then_on_and_its_places_are_named(shelf: Database) -> None:
    async with shelf.write() as tx:
        await a_seller(tx, 51)
        await load_slot(tx, a_deed("l-1"), a_batch(), 5)
        await load_slot(tx, a_deed("l-2", number=51), a_batch(), 4)
    async with shelf.write() as tx:
        recalled = await recall_lot(tx, LEAD, LOT, "glass in a bottle", at=AT, rate=1.0)
    assert {line.vehicle_no: line.pieces for line in recalled.lying} == {50: 5, 51: 4}
    for number in (50, 51):
        async with shelf.write() as tx:
            with pytest.raises(Conflict, match="out-of-stock"):
                await hold_goods(tx, a_holding(f"s-{number}", number=number), 1, at=AT)
    async with shelf.write() as tx:
        with pytest.raises(Conflict, match="lot-blocked"):
            await load_slot(tx, a_deed("l-3"), a_batch(), 1)
    async with shelf.write() as tx:
        await spoil_stock(tx, a_deed("o-1"), LOT, 5, "recalled")
    assert await pieces(shelf) == (0, 0)


async def test_another_companys_lot_of_the_same_batch_is_not_recalled(shelf: Database) -> None:
    async with shelf.write() as tx:
        await a_seller(tx, 52, operator="op-b")
        await load_slot(tx, a_deed("l-1"), a_batch(), 1)
        await load_slot(tx, a_deed("l-2", number=52), a_batch(), 1)
        await recall_lot(tx, LEAD, LOT, "glass", at=AT, rate=1.0)
    async with shelf.write() as tx:
        await hold_goods(tx, a_holding("s-1", number=52), 1, at=AT)
        stranger = a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-c"))
        with pytest.raises(NotFound):
            await recall_lot(tx, stranger, LotId("op-b:B1"), "glass", at=AT, rate=1.0)


async def test_a_slot_takes_no_more_than_it_holds_and_nothing_that_needs_another_band(
    shelf: Database,
) -> None:
    await load(shelf, "l-1", 5, slot=2)
    with pytest.raises(Conflict, match="slot-full"):
        await load(shelf, "l-2", 2, slot=2)
    with pytest.raises(Conflict, match="lot-blocked"):
        await load(shelf, "l-3", 1, a_batch("COLD", temperature=Temperature.CHILLED))
    with pytest.raises(Conflict, match="lot-blocked"):
        await load(shelf, "l-4", 1, a_batch("OLD", days=-1))
    with pytest.raises(Invalid, match="quantity"):
        await load(shelf, "l-5", 0)
    with pytest.raises(NotFound):
        await load(shelf, "l-6", 1, slot=9)
    with pytest.raises(Conflict, match="another date"):
        await load(shelf, "l-7", 1, a_batch(days=31), slot=2)


async def test_a_load_that_is_sent_again_is_booked_once(shelf: Database) -> None:
    await load(shelf, "l-1", 5)
    await load(shelf, "l-1", 5)
    assert await pieces(shelf) == (5, 0)


async def test_a_count_books_the_difference_and_the_report_says_what_it_cost(shelf: Database) -> None:
    await load(shelf, "l-1", 10)
    holding = await hold(shelf, "s-1", 2)
    async with shelf.write() as tx:
        await settle_holding(tx, holding, 2, at=AT)
        await count_slot(tx, a_deed("c-1"), 5)
        await count_slot(tx, a_deed("c-2"), 5)
        await spoil_stock(tx, a_deed("o-1"), LOT, 1, "broken")
    assert await pieces(shelf) == (4, 0)
    async with shelf.read() as tx:
        moved = await StockStore(tx).movements([SELLER], since=AT, until=AT + timedelta(days=1))
        actions = (await tx.execute(select(audit_entries.c.action))).scalars().all()
    [row] = shrinkage(moved)
    assert (row.loaded, row.sold, row.spoiled, row.counts, row.difference) == (10, 2, 1, 2, -3)
    assert (row.lost_fen, row.spoiled_fen) == (3 * 200, 200)
    assert {"stock.load", "stock.count", "stock.spoil"} <= set(actions)


async def test_what_is_held_for_a_buyer_cannot_be_counted_away(shelf: Database) -> None:
    await load(shelf, "l-1", 3)
    await hold(shelf, "s-1", 2)
    async with shelf.write() as tx:
        with pytest.raises(Conflict, match="held for buyers"):
            await count_slot(tx, a_deed("c-1"), 1)


async def test_a_planogram_changes_no_slot_that_goods_lie_in(shelf: Database) -> None:
    await load(shelf, "l-1", 3)
    other = a_seller_slot(goods="cola")
    for slots, code in (((other, YOGHURT), "slot-not-empty"), ((YOGHURT,), "slot-not-empty")):
        async with shelf.write() as tx:
            with pytest.raises(Conflict, match=code):
                await set_planogram(tx, LEAD, SELLER, slots, whole_model=False, at=AT)
    async with shelf.write() as tx:
        with pytest.raises(Conflict, match="slot-full"):
            small = a_seller_slot(capacity=2)
            await set_planogram(tx, LEAD, SELLER, (small,), whole_model=False, at=AT)
    async with shelf.write() as tx:
        await a_seller(tx, 51)
        dearer = a_seller_slot(price_fen=250)
        done = await set_planogram(tx, LEAD, SELLER, (dearer, YOGHURT), whole_model=True, at=AT)
        known = await StockStore(tx).planograms([VehicleNo(51)])
    assert done == [50, 51]
    assert known[VehicleNo(51)] == (dearer, YOGHURT)


def a_seller_slot(*, goods: str = "water", **changes: Any) -> Any:
    return msgspec.structs.replace(WATER, goods_id=goods, **changes)


@pytest.fixture(params=["sqlite", "postgresql"])
async def two(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Database, Database]]:
    """The same shelf seen by two processes."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{request.getfixturevalue('tmp_path') / 'facts.sqlite3'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    first, second = await Database.open(url), await Database.open(url)
    await first.create_tables()
    async with first.write() as tx:
        await a_seller(tx)
    yield first, second
    await first.close()
    await second.close()


async def test_two_buyers_never_both_get_the_last_piece(two: tuple[Database, Database]) -> None:
    for turn in range(5):
        await load(two[0], f"l-{turn}", 1)
        racers = [hold(database, f"s-{turn}-{n}") for n, database in enumerate(two)]
        results = await asyncio.gather(*racers, return_exceptions=True)
        assert [type(result) for result in results].count(Holding) == 1, results
    assert await pieces(two[0]) == (0, 5)


async def test_the_same_request_twice_at_once_books_once(two: tuple[Database, Database]) -> None:
    await asyncio.gather(*(load(database, "l-1", 4) for database in two), return_exceptions=True)
    assert await pieces(two[0]) == (4, 0)


async def test_a_buyer_and_a_recall_at_once_leave_no_sale_after_the_recall(
    two: tuple[Database, Database],
) -> None:
    await load(two[0], "l-1", 10)

    async def recall() -> None:
        async with two[1].write() as tx:
            await recall_lot(tx, LEAD, LOT, "glass", at=AT, rate=1.0)

    await asyncio.gather(hold(two[0], "s-1"), recall(), return_exceptions=True)
    with pytest.raises(Conflict, match="out-of-stock"):
        await hold(two[0], "s-2")


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["load", "hold", "settle", "spoil", "count", "recall", "late"]),
        st.integers(1, 2),
        st.integers(0, 8),
    ),
    min_size=1,
    max_size=14,
)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Database]]:
    """One loop and one database for all histories: each has a vehicle of its own."""
    with asyncio.Runner() as loop:
        folder = tmp_path_factory.mktemp("shelf")
        database = loop.run(Database.open(f"sqlite+aiosqlite:///{folder / 'facts.sqlite3'}"))
        loop.run(database.create_tables())
        yield loop, database
        loop.run(database.close())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_after_any_history_the_ledger_adds_up_to_the_stock_and_nothing_is_below_zero(
    runner: tuple[asyncio.Runner, Database], deeds: list[tuple[str, int, int]]
) -> None:
    loop, database = runner
    loop.run(_live_through(database, deeds))


async def _live_through(database: Database, deeds: list[tuple[str, int, int]]) -> None:
    async with database.write() as tx:
        number = await VehicleStore(tx).next_number()
        await a_seller(tx, number)
    held: list[Holding] = []
    for turn, deed in enumerate(deeds):
        with contextlib.suppress(Conflict, Invalid, NotFound):
            await _do(database, number, deed, f"t-{number}-{turn}", held)
    await _must_balance(database, number)


async def _do(
    database: Database, number: VehicleNo, what: tuple[str, int, int], cause: str, held: list[Holding]
) -> None:
    deed, slot, quantity = what
    batch = a_batch(f"B{number}-{quantity % 3}-{slot}", days=1 + quantity % 3)
    mine, lot_id = a_deed(cause, slot, number), LotId(f"op-a:{batch.batch}")
    async with database.write() as tx:
        match deed:
            case "load":
                await load_slot(tx, mine, batch, quantity)
            case "hold":
                held.append((await hold_goods(tx, a_holding(cause, slot, number), quantity, at=AT))[1])
            case "settle" if held:
                await settle_holding(tx, held[quantity % len(held)], quantity, at=AT)
            case "late" if held:
                await sell_late(tx, held[0], quantity, at=AT)
            case "spoil":
                await spoil_stock(tx, mine, lot_id, quantity, "broken")
            case "count":
                await count_slot(tx, mine, quantity)
            case "recall":
                await recall_lot(tx, LEAD, lot_id, "glass", at=AT, rate=1.0)


async def _must_balance(database: Database, number: VehicleNo) -> None:
    async with database.read() as tx:
        lines = await StockStore(tx).lines([number])
        ledger = await StockStore(tx).movements([number], since=AT, until=AT + timedelta(days=1))
    sums = {key: value for key, value in stock_of(ledger).items() if value != (0, 0)}
    assert {(line.vehicle_no, line.slot, line.lot.lot_id): (line.shelf, line.held) for line in lines} == sums
    assert all(line.shelf >= 0 and line.held >= 0 for line in lines)
    assert _sold(ledger) <= _loaded(ledger)


def _sold(ledger: list[Movement]) -> int:
    return -sum(each.shelf + each.held for each in ledger if each.kind is MovementKind.SELL)


def _loaded(ledger: list[Movement]) -> int:
    return sum(each.shelf for each in ledger if each.kind in (MovementKind.LOAD, MovementKind.COUNT))
