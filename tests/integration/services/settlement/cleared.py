"""Days of a test town that are cleared between companies, and what is known of their clearings."""

from services.settlement.clearing.clearing import Clearing, Step
from services.settlement.clearing.close_clearings import HOLDS, ClearingKeeper
from services.settlement.clearing.store import ClearingStore, Mark
from services.settlement.statement import end_of, last_ended_day
from services.settlement.terms import PaidBy
from tests.integration.services.orders.town import CITY, Town, later
from tests.integration.services.settlement.money import arrived_and_paid, check

DAY_S = 86_400.0
PRICE_FEN = 2860
"""Of the order that a town's resident has brought."""


def keeper(town: Town) -> ClearingKeeper:
    return ClearingKeeper(town.database, town.clock, CITY)


async def next_day_is_cleared(town: Town) -> int:
    """Let a day pass and look twice, as the worker does."""
    later(town, DAY_S)
    assert await keeper(town).look_once() == 0, "the first look notes how far the journal is"
    later(town, HOLDS.total_seconds())
    return await keeper(town).look_once()


async def known(town: Town) -> list[Clearing]:
    async with town.database.read() as tx:
        return await ClearingStore(tx).listed(None)


async def steps_of(town: Town, one: Clearing) -> tuple[Step, ...]:
    async with town.database.read() as tx:
        return (await ClearingStore(tx).steps_of([one.clearing_id]))[one.clearing_id]


async def rules(town: Town) -> list[str]:
    return sorted({finding.rule for finding in (await check(town)).findings})


async def a_closed_clearing(town: Town) -> Clearing:
    """A resident paid in at one company and had goods brought by another, which is cleared."""
    order, vehicle = await arrived_and_paid(town, PaidBy.BALANCE)
    await vehicle.hand_over(order)
    assert await next_day_is_cleared(town) == 1
    [one] = await known(town)
    return one


async def noted(town: Town) -> Mark:
    """Note how far the journal is for the last day that ended."""
    day = last_ended_day(town.now, CITY)
    async with town.database.write() as tx:
        newest = await ClearingStore(tx).newest_entry_no()
        mark = Mark(day=day, upto_entry_no=newest, ends_at=end_of(day, CITY), marked_at=town.now)
        assert await ClearingStore(tx).mark(mark)
    return mark
