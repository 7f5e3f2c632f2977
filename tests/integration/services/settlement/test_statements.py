"""Daily statements on real stores: closed once, never changed, to the fen what the ledger says."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from core.auth.roles import Role
from core.errors import Conflict, NotFound
from core.ids import MerchantId
from core.queue import JobQueue, WorkerContext
from core.settings import load
from services.settlement.accounts import AccountKind, account
from services.settlement.close_statements import StatementKeeper, close_statements
from services.settlement.give_money import correct_merchant
from services.settlement.jobs import close_statements_due
from services.settlement.statement import Statement, StatementId, last_ended_day, sheet_hash
from services.settlement.statement_store import StatementStore
from services.settlement.store import Journal
from services.settlement.tables import statement_lines, statements
from services.settlement.wake import QUEUE, DayWaker
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import CITY, SHOP, Town, later
from tests.integration.services.settlement.money import OPERATOR, agree, check, holds

LEAD = a_principal(Role.SHIFT_LEAD, operator="op-a")
DAY_S = 86_400.0


def keeper(town: Town) -> StatementKeeper:
    return StatementKeeper(town.database, town.clock, CITY)


async def closed(town: Town) -> list[Statement]:
    async with town.database.read() as tx:
        return sorted(await StatementStore(tx).listed(limit=100), key=lambda one: one.number)


async def corrects(town: Town, amount_fen: int, **changed: Any) -> None:
    async with town.database.write() as tx:
        at = changed.get("at", town.now)
        await correct_merchant(tx, LEAD, SHOP, amount_fen=amount_fen, reason="counted twice", at=at)


async def test_statements_are_closed_once_and_add_up_to_the_ledger(any_town: Town) -> None:
    town = any_town
    await agree(town, "op-a", platform_fee_bp=500)
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    assert await keeper(town).look_once() == 0, "the day is not over"
    later(town, DAY_S)
    ran = await asyncio.gather(*(keeper(town).look_once() for _ in range(3)))
    assert sum(ran) == 1, "three schedulers close one statement"
    await corrects(town, -32)
    await corrects(town, 100, at=town.now - timedelta(days=1))  # a late fact of the closed day
    later(town, 3 * DAY_S)
    assert await keeper(town).look_once() == 1
    assert await keeper(town).look_once() == 0
    first, second = await closed(town)
    assert (first.number, first.opening_fen, first.closing_fen, first.lines) == (1, 0, 2560 - 128, 2)
    assert (second.number, second.opening_fen, second.closing_fen) == (2, 2432, 2500)
    async with town.database.read() as tx:
        lines = await StatementStore(tx).lines(second)
    assert [(line.amount_fen, line.is_late) for line in lines] == [(-32, False), (100, True)]
    assert sheet_hash(lines) == second.sha256
    assert second.closing_fen == await holds(town, AccountKind.MERCHANT, SHOP)
    assert (await check(town)).is_balanced


async def test_the_scheduler_wakes_a_job_that_closes_what_is_due_and_closes_nothing_itself(
    town: Town, valkey_url: str
) -> None:
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    later(town, DAY_S)
    queue = JobQueue(valkey_url)
    try:
        waker = DayWaker(keeper(town), queue, town.clock)
        assert await waker.reconcile_once()
        assert (await closed(town), await queue.waiting(QUEUE)) == ([], 1)
        settings = load({"STEPPE_ENVIRONMENT": "test"})
        parts: dict[type, object] = {StatementKeeper: keeper(town)}
        context = WorkerContext(
            settings=settings, database=town.database, clock=town.clock, queue=queue, parts=parts
        )
        assert await close_statements_due(context) == {"closed": 1}
        assert await close_statements_due(context) == {"closed": 0}, "a job may run twice"
        assert not await waker.reconcile_once(), "nothing is due any more"
    finally:
        queue.close()


async def test_a_closing_that_dies_half_way_closes_nothing_and_the_next_closes_once(any_town: Town) -> None:
    town = any_town
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    later(town, DAY_S)
    until = last_ended_day(town.now, CITY)

    async def closes(*, dies: bool) -> None:
        async with town.database.write() as tx:
            found = await close_statements(tx, order.operator, SHOP, until, CITY, at=town.now)
            assert len(found) == 1
            if dies:
                raise RuntimeError("killed before the commit")

    with pytest.raises(RuntimeError):
        await closes(dies=True)
    assert await closed(town) == []
    await closes(dies=False)  # killed after it, before the day was marked
    assert await keeper(town).look_once() == 0
    assert [one.number for one in await closed(town)] == [1]
    assert (await check(town)).is_balanced


async def test_the_database_itself_refuses_to_change_or_double_a_statement(any_town: Town) -> None:
    town = any_town
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    later(town, DAY_S)
    await keeper(town).look_once()
    (one,) = await closed(town)
    async with town.database.read() as tx:
        line = (await tx.execute(select(statement_lines))).mappings().first()
    assert line is not None
    for refused in (
        update(statements).values(closing_fen=0),
        delete(statement_lines),
        insert(statement_lines).values({**line, "statement_id": one.statement_id}),
    ):
        with pytest.raises((Conflict, DBAPIError)):
            async with town.database.write() as tx:
                await tx.execute(refused)
    with pytest.raises(NotFound):
        async with town.database.read() as tx:
            await StatementStore(tx).one(
                StatementId(one.statement_id), merchants=frozenset({MerchantId("m-2")})
            )


async def test_a_statement_that_does_not_add_up_is_found(any_town: Town) -> None:
    town = any_town
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    async with town.database.write() as tx:
        await tx.execute(
            insert(statements).values(
                statement_id=f"{OPERATOR}.{SHOP}.1",
                operator=OPERATOR,
                merchant_id=SHOP,
                number=1,
                day=town.now.date(),
                opening_fen=5,
                closing_fen=100,
                lines=1,
                sha256="",
                closed_at=town.now,
            )
        )
        booked = await Journal(tx).newest_of([account(AccountKind.MERCHANT, SHOP)], limit=1)
        await tx.execute(
            insert(statement_lines).values(
                entry_no=booked[0].entry_no,
                line=0,
                statement_id=f"{OPERATOR}.{SHOP}.1",
                amount_fen=95,
                is_late=False,
            )
        )
        count = (await tx.execute(select(func.count()).select_from(statements))).scalar_one()
    assert count == 1
    rules = {finding.rule for finding in (await check(town)).findings}
    assert rules == {"statement-lines", "statement-opening"}
