"""Bulk inserts store what SQLAlchemy would, on both dialects."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
)

from core.clock import ms_of_moment
from core.database import Database
from core.database.bulk import BulkInsert
from core.database.types import EpochMs, UtcDateTime

metadata = MetaData()
things = Table(
    "bulk_things",
    metadata,
    Column("name", String, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("size", Integer),
    Column("weight", Float),
    Column("is_big", Boolean, nullable=False),
    Column("at", EpochMs, nullable=False),
)
numbered = Table(
    "bulk_numbered",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("name", String, nullable=False, unique=True),
)
pictures = Table("bulk_pictures", metadata, Column("body", LargeBinary), Column("at", UtcDateTime))
COLUMNS = ("name", "count", "size", "weight", "is_big", "at")
AT = datetime(2026, 6, 1, 12, 30, 15, 250_000, tzinfo=timezone(timedelta(hours=8)))
AT_MS = ms_of_moment(AT)


@pytest.fixture
async def tables(database: Database) -> AsyncIterator[Database]:
    async with database.write() as tx:
        await tx.run_sync(metadata.create_all)
    yield database
    async with database.write() as tx:
        await tx.run_sync(metadata.drop_all)


def _columns(*rows: tuple[object, ...]) -> list[tuple[object, ...]]:
    return list(zip(*rows, strict=True))


async def test_rows_come_back_as_they_were_given(tables: Database) -> None:
    rows = [("a", 2**40, 7, 0.5, True, AT_MS), ("b", 1, None, None, False, AT_MS + 1)]
    async with tables.write() as tx:
        await BulkInsert(things, COLUMNS).insert(tx, _columns(*rows))
    async with tables.read() as tx:
        found = [tuple(row) for row in await tx.execute(select(things).order_by(things.c.name))]
    assert found == [(*rows[0][:5], AT), (*rows[1][:5], AT + timedelta(milliseconds=1))]
    assert found[0][5].tzinfo is UTC


async def test_a_moment_is_stored_as_any_other_statement_stores_it(tables: Database) -> None:
    async with tables.write() as tx:
        await BulkInsert(things, COLUMNS).insert(tx, _columns(("a", 1, None, None, True, AT_MS)))
        await tx.execute(insert(things).values(name="b", count=1, is_big=True, at=AT))
    async with tables.read() as tx:
        same = select(things.c.name).where(things.c.at == AT).order_by(things.c.name)
        assert (await tx.execute(same)).scalars().all() == ["a", "b"]


async def test_a_row_that_is_there_already_is_left_as_it_is(tables: Database) -> None:
    bulk = BulkInsert(things, COLUMNS)
    async with tables.write() as tx:
        await bulk.insert(tx, _columns(("a", 1, None, None, True, AT_MS)))
        again = ("a", 2, None, None, True, AT_MS)
        await bulk.insert(tx, _columns(again, ("b", 3, None, None, True, AT_MS)))
        await bulk.insert(tx, [[] for _ in COLUMNS])
    async with tables.read() as tx:
        found = (await tx.execute(select(things.c.count).order_by(things.c.name))).scalars().all()
    assert found == [1, 3]


async def test_keys_that_the_database_draws_are_drawn_once_for_each_row(tables: Database) -> None:
    bulk = BulkInsert(numbered, ["name"])
    async with tables.write() as tx:
        await bulk.insert(tx, _columns(("a",), ("b",)))
        await bulk.insert(tx, _columns(("b",), ("c",)))
    async with tables.read() as tx:
        found = (await tx.execute(select(numbered).order_by(numbered.c.id))).all()
    assert [row.name for row in found] == ["a", "b", "c"]
    assert len({row.id for row in found}) == 3


@pytest.mark.parametrize("column", ["body", "at"])
def test_a_column_that_a_driver_cannot_store_as_it_is_is_refused(column: str) -> None:
    with pytest.raises(ValueError, match=column):
        BulkInsert(pictures, [column])


async def test_a_moment_without_time_zone_is_refused(tables: Database) -> None:
    with pytest.raises(Exception, match="offset-naive"):
        async with tables.write() as tx:
            await tx.execute(
                insert(things).values(name="a", count=1, is_big=True, at=AT.replace(tzinfo=None))
            )
