"""SQLite in one trip a statement: as few as that, and nothing of what a connection promises is lost."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, text, update

from core.database import Database
from core.errors import Conflict

places = Table("places", MetaData(), Column("n", Integer, primary_key=True), Column("name", String))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path}/trips.db")
    async with database.write() as tx:
        await tx.run_sync(places.metadata.create_all)
        await tx.execute(insert(places), [{"n": n, "name": "东胜"} for n in range(5)])
    yield database
    await database.close()


def trips(caplog: pytest.LogCaptureFixture) -> int:
    """Count what the driver's thread was asked for."""
    return sum(record.getMessage().startswith("executing") for record in caplog.records)


async def test_a_read_of_three_statements_takes_three_trips_and_one_to_end_it(
    store: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with store.read() as tx:
        await tx.execute(select(places))
    with caplog.at_level(logging.DEBUG, logger="aiosqlite"):
        async with store.read() as tx:
            for n in range(3):
                found = (await tx.execute(select(places).where(places.c.n == n))).one()
                assert (found.n, found.name) == (n, "东胜")
    assert trips(caplog) == 4


async def test_a_read_in_which_nothing_is_asked_takes_no_trip(
    store: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with store.read() as tx:
        await tx.execute(select(places))
    with caplog.at_level(logging.DEBUG, logger="aiosqlite"):
        async with store.read():
            pass
    assert trips(caplog) == 0


async def test_a_write_takes_one_trip_for_the_lock_and_one_to_commit_and_none_for_its_statements(
    store: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with store.write() as tx:
        await tx.execute(select(places))
    with caplog.at_level(logging.DEBUG, logger="aiosqlite"):
        async with store.write() as tx:
            for n in range(10, 15):
                await tx.execute(insert(places).values(n=n, name="x"))
                assert (await tx.execute(select(places.c.name).where(places.c.n == n))).scalar_one() == "x"
    assert trips(caplog) == 2


async def test_who_waits_for_the_write_lock_holds_up_nobody_else_of_the_loop(
    store: Database, tmp_path: Path
) -> None:
    other = await Database.open(f"sqlite+aiosqlite:///{tmp_path}/trips.db")
    async with store.write() as tx:
        await tx.execute(insert(places).values(n=20, name="first"))
        waiting = asyncio.create_task(_insert(other, 21))
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert not waiting.done()
    await waiting
    await _insert(other, 22)
    async with store.read() as tx:
        assert (await tx.execute(select(places.c.n).where(places.c.n >= 20))).scalars().all() == [20, 21, 22]
    await other.close()


async def _insert(database: Database, n: int) -> None:
    async with database.write() as tx:
        await tx.execute(insert(places).values(n=n, name="x"))


async def test_what_a_statement_says_of_itself_is_kept(store: Database) -> None:
    async with store.write() as tx:
        changed = await tx.execute(update(places).where(places.c.n > 2).values(name="康巴什"))
        assert changed.rowcount == 2
        added = await tx.execute(insert(places).values(name="伊金霍洛"))
        assert added.inserted_primary_key == (5,)
        gone = await tx.execute(text("DELETE FROM places WHERE n = 5 RETURNING name"))
        assert gone.scalar_one() == "伊金霍洛"
    async with store.read() as tx:
        assert (await tx.execute(text("SELECT count(*), max(name) FROM places WHERE n > 2"))).one() == (
            2,
            "康巴什",
        )


async def test_a_read_sees_one_moment_from_its_first_statement_on(store: Database) -> None:
    async with store.read() as reading:
        first = (await reading.execute(select(places.c.n))).scalars().all()
        async with store.write() as tx:
            await tx.execute(insert(places).values(n=9, name="x"))
        assert (await reading.execute(select(places.c.n))).scalars().all() == first
    async with store.read() as tx:
        assert 9 in (await tx.execute(select(places.c.n))).scalars().all()


async def test_a_refused_statement_takes_everything_of_its_transaction_back(store: Database) -> None:
    with pytest.raises(Conflict):
        async with store.write() as tx:
            await tx.execute(insert(places).values(n=7, name="x"))
            await tx.execute(insert(places).values(n=1, name="twice"))
    async with store.read() as tx:
        assert (await tx.execute(select(places.c.n).where(places.c.n == 7))).first() is None


async def test_rows_that_are_read_one_by_one_come_in_a_transaction_too(store: Database) -> None:
    async with store.read() as tx, tx.stream(select(places.c.n).order_by(places.c.n)) as rows:
        assert [row.n async for row in rows] == [0, 1, 2, 3, 4]
        assert tx.in_transaction()
