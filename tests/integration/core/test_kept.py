"""A transaction that does many things reads a row once and writes what only grows together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, select

from core.clock import Clock
from core.database import Database, Transaction
from core.database.kept import append, keep_rows, kept
from core.inbox import InboxItem
from core.inbox_consumer import InboxConsumer
from core.outbox import emit, outbox
from tests.integration.core.test_inbox import outcomes, store

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Give what the writer of a database executes from here on."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, said: str, *_: Any) -> None:
        seen.append(said)

    engine = database._writer.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def say(tx: Transaction, word: str) -> None:
    await emit(tx, "word", {"word": word}, key="one", at=AT)


async def said(tx: Transaction) -> list[str]:
    found = await tx.execute(select(outbox.c.payload).order_by(outbox.c.id))
    return [row.payload["word"] for row in found]


async def test_what_only_grows_is_written_by_one_statement_and_in_order(database: Database) -> None:
    with statements(database) as seen:
        async with database.write() as tx:
            keep_rows(tx)
            for word in "abc":
                await say(tx, word)
            assert await said(tx) == []
    async with database.read() as tx:
        assert await said(tx) == ["a", "b", "c"]
    assert sum(each.startswith("INSERT INTO outbox") for each in seen) == 1


async def test_a_transaction_that_keeps_nothing_writes_at_once(database: Database) -> None:
    async with database.write() as tx:
        await say(tx, "a")
        assert await said(tx) == ["a"]
        kept(tx, str)["a"] = "b"
        assert kept(tx, str) == {}


async def test_nothing_of_a_transaction_that_is_rolled_back_stays(database: Database) -> None:
    with pytest.raises(RuntimeError, match="away"):
        async with database.write() as tx:
            keep_rows(tx)
            await say(tx, "a")
            kept(tx, str)["a"] = "b"
            raise RuntimeError("away")
    async with database.write() as tx:
        await say(tx, "b")
        assert kept(tx, str) == {}
    async with database.read() as tx:
        assert await said(tx) == ["b"]


async def test_a_savepoint_that_is_rolled_back_takes_with_it_what_was_kept_since(database: Database) -> None:
    async with database.write() as tx:
        keep_rows(tx)
        await say(tx, "before")
        kept(tx, str)["row"] = "as it was read"
        with pytest.raises(RuntimeError, match="away"):
            async with tx.begin_nested():
                await say(tx, "within")
                kept(tx, str)["row"] = "as it was written"
                raise RuntimeError("away")
        assert kept(tx, str) == {}
        async with tx.begin_nested():
            await say(tx, "after")
    async with database.read() as tx:
        assert await said(tx) == ["before", "after"]


async def test_statements_are_written_in_the_order_of_their_first_rows(database: Database) -> None:
    second = outbox.insert().values(topic="other")
    with statements(database) as seen:
        async with database.write() as tx:
            keep_rows(tx)
            await say(tx, "a")
            await append(tx, second, {"payload": {"word": "b"}, "key": "one", "at": AT})
            await say(tx, "c")
    async with database.read() as tx:
        assert await said(tx) == ["a", "c", "b"]
    assert sum(each.startswith("INSERT INTO outbox") for each in seen) == 2


async def test_what_a_group_of_reports_is_about_is_read_before_they_are_handled(
    database: Database, clock: Clock
) -> None:
    """And what one of them wrote is what the next one finds."""
    await store(database, clock, (1, 1), (1, 2), (2, 1))
    ahead: list[list[int]] = []

    async def read_ahead(tx: Transaction, items: Sequence[InboxItem], /) -> None:
        ahead.append([item.vehicle_no for item in items])
        kept(tx, int).update(dict.fromkeys((1, 2), 0))

    async def count(tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        ours = kept(tx, int)
        ours[item.vehicle_no] += 1
        return f"number-{ours[item.vehicle_no]}"

    consumer = InboxConsumer(database, {"stop_reached": count}, clock, read_ahead=read_ahead)
    assert await consumer.consume_once() == 3
    assert ahead == [[1, 1, 2]]
    assert sorted(str(said) for *_, said in await outcomes(database)) == ["number-1", "number-1", "number-2"]
