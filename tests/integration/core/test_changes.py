"""What a transaction changed is told once, in one row, when it is committed and not before."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.changes import TOPIC, tell_changed
from core.database import Database, Transaction
from core.outbox import outbox

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)


async def told(database: Database) -> list[tuple[list[list[str]], datetime]]:
    query = select(outbox.c.payload, outbox.c.at).where(outbox.c.topic == TOPIC).order_by(outbox.c.id)
    async with database.read() as tx:
        return [(row.payload["things"], row.at) for row in await tx.execute(query)]


async def test_everything_a_transaction_changed_is_one_row_and_a_thing_is_told_once(
    database: Database,
) -> None:
    async with database.write() as tx:
        tell_changed(tx, "order", "a", at=AT)
        tell_changed(tx, "vehicle", "7", at=AT)
        tell_changed(tx, "order", "a", at=AT + timedelta(seconds=2))
    async with database.write() as tx:
        tell_changed(tx, "task", "t", at=AT)
    assert await told(database) == [
        ([["order", "a"], ["vehicle", "7"]], AT + timedelta(seconds=2)),
        ([["task", "t"]], AT),
    ]


async def test_what_is_rolled_back_is_told_neither_then_nor_with_the_next_transaction(
    database: Database,
) -> None:
    with pytest.raises(RuntimeError, match="away"):
        async with database.write() as tx:
            tell_changed(tx, "order", "a", at=AT)
            raise RuntimeError("away")
    async with database.write() as tx:
        await _nothing(tx)
    assert await told(database) == []


async def test_a_savepoint_that_is_rolled_back_is_told_because_reading_again_harms_nobody(
    database: Database,
) -> None:
    async with database.write() as tx:
        with pytest.raises(RuntimeError, match="away"):
            async with tx.begin_nested():
                tell_changed(tx, "order", "a", at=AT)
                raise RuntimeError("away")
    assert await told(database) == [([["order", "a"]], AT)]


async def _nothing(tx: Transaction) -> None:
    await tx.execute(select(outbox.c.id))
