"""The unit of work, the same on SQLite and PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Column, Integer, String, Table, func, insert, select

from core.database import Database, insert_new, metadata
from core.database.statements import insert_new_rows
from core.database.types import JsonStruct, UtcDateTime
from core.errors import Conflict, Unavailable


class Load(msgspec.Struct, frozen=True):
    grams: int
    cold: bool = False


parcels = Table(
    "test_parcels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, unique=True),
    Column("load", JsonStruct(Load)),
    Column("at", UtcDateTime),
)


async def count(database: Database) -> int:
    async with database.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(parcels))).scalar_one())


async def test_a_block_that_ends_well_is_committed(database: Database) -> None:
    async with database.write() as tx:
        await tx.execute(insert(parcels).values(id=1, name="a"))
    assert await count(database) == 1


async def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(LookupError):
        async with database.write() as tx:
            await tx.execute(insert(parcels).values(id=1, name="a"))
            raise LookupError
    assert await count(database) == 0


async def test_a_cancelled_block_leaves_nothing_and_the_next_writer_goes_on(database: Database) -> None:
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with database.write() as tx:
            await tx.execute(insert(parcels).values(id=1, name="a"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as tx:
        await tx.execute(insert(parcels).values(id=2, name="b"))
    assert await count(database) == 1


async def test_writers_cancelled_at_any_moment_never_wedge_the_database(database: Database) -> None:
    async def one(number: int) -> None:
        async with database.write() as tx:
            await tx.execute(insert(parcels).values(id=number, name=str(number)))

    committed = 0
    for number in range(40):
        task = asyncio.create_task(one(number))
        await asyncio.sleep(number * 0.0002)
        task.cancel()
        committed += not isinstance((await asyncio.gather(task, return_exceptions=True))[0], BaseException)
    await one(1000)
    stored = await count(database)
    # a cancellation that arrives during the commit may leave the row: unknown, never half
    assert committed + 1 <= stored <= 41


MANY = 60_000
"""Rows of one statement that takes the driver's thread long enough to be cancelled in it."""


async def test_a_statement_cancelled_half_way_holds_no_lock(tmp_path: Path) -> None:
    """Also while the cancellation, and with it the statement's frames, is still held by somebody."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'city.db'}"
    one, other = await Database.open(url), await Database.open(url, busy_timeout_s=1.0)
    await one.create_tables()

    async def write(database: Database, number: int) -> None:
        async with database.write() as tx:
            rows = [{"id": MANY * number + row, "name": f"{number}-{row}"} for row in range(MANY)]
            await tx.execute(insert(parcels), rows)

    held: list[BaseException | None] = []
    for number in range(5):
        task = asyncio.create_task(write(one, number))
        await asyncio.sleep(0.03)
        task.cancel()
        held += await asyncio.gather(task, return_exceptions=True)
        await write(other, 100 + number)
    assert any(isinstance(end, asyncio.CancelledError) for end in held)
    assert await count(one) == MANY * (5 + held.count(None))
    await one.close()
    await other.close()


async def test_many_writers_of_one_process_take_turns(database: Database) -> None:
    async def one(number: int) -> None:
        async with database.write() as tx:
            await tx.execute(insert(parcels).values(id=number, name=str(number)))

    await asyncio.gather(*(one(number) for number in range(50)))
    assert await count(database) == 50


async def test_a_reader_sees_one_moment_while_a_writer_commits(database: Database) -> None:
    async with database.read() as reader:
        query = select(func.count()).select_from(parcels)
        before = (await reader.execute(query)).scalar_one()
        async with database.write() as tx:
            await tx.execute(insert(parcels).values(id=1, name="a"))
        assert (await reader.execute(query)).scalar_one() == before == 0


async def test_a_duplicate_is_a_conflict(database: Database) -> None:
    with pytest.raises(Conflict) as caught:
        async with database.write() as tx:
            await tx.execute(insert(parcels).values(id=1, name="a"))
            await tx.execute(insert(parcels).values(id=2, name="a"))
    assert caught.value.code == "already-exists"


async def test_insert_new_says_whether_it_was_new_and_the_transaction_goes_on(database: Database) -> None:
    async with database.write() as tx:
        assert await insert_new(tx, parcels, {"id": 1, "name": "a"})
        assert not await insert_new(tx, parcels, {"id": 2, "name": "a"})
        assert await insert_new_rows(tx, parcels, [{"id": 3, "name": "a"}, {"id": 4, "name": "b"}]) == 1
    assert await count(database) == 2


async def test_moments_come_back_in_utc_and_structs_as_structs(database: Database) -> None:
    local = datetime(2026, 1, 1, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    async with database.write() as tx:
        await tx.execute(insert(parcels).values(id=1, name="a", load=Load(5), at=local))
    async with database.read() as tx:
        row = (await tx.execute(select(parcels))).one()
        earlier = (await tx.execute(select(parcels.c.id).where(parcels.c.at < local))).all()
    assert row.load == Load(5)
    assert row.at == local
    assert row.at.tzinfo is UTC
    assert earlier == []


async def test_a_moment_without_time_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="without time zone"):
        async with database.write() as tx:
            await tx.execute(insert(parcels).values(id=1, at=datetime(2026, 1, 1)))  # noqa: DTZ001


async def test_a_locked_sqlite_answers_busy_within_its_time_out(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'facts.sqlite3'}"
    ours = await Database.open(url, busy_timeout_s=0.1)
    other = await Database.open(url)
    try:
        async with other.write():
            with pytest.raises(Unavailable) as caught:
                async with ours.write():
                    pass
        assert caught.value.code == "database-busy"
        async with ours.write():
            pass
    finally:
        await ours.close()
        await other.close()


async def test_a_database_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable) as caught:
        await Database.open("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    assert caught.value.code == "database-unavailable"
    with pytest.raises(Unavailable):
        await Database.open("sqlite+aiosqlite:////nonexistent/folder/x.sqlite3")


async def test_another_kind_of_store_is_refused() -> None:
    with pytest.raises(ValueError, match="not a store of Steppe"):
        await Database.open("mysql+aiomysql://localhost/x")
