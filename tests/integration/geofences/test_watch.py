"""A process's index follows what is published, over a real Valkey and a real database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.auth.principal import EVERYTHING
from core.clock import Clock, ms_of_moment
from core.database import Database
from core.ids import FenceId, FenceVersion
from core.outbox import OutboxMessage, Relay
from core.redis import Redis, connect
from geofences.publishing import TOPIC, announcer, retire_fence, sync_fences
from geofences.watch import FenceWatch, load_index
from tests.conftest import SettableClock
from tests.fences import a_draft, a_square
from tests.published import published

type Eventually = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def running(*components: FenceWatch | Relay) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(component.run(stop)) for component in components]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def publish(database: Database, clock: Clock, name: str, after_s: float = 0.0) -> None:
    at = clock.now()
    async with database.write() as tx:
        draft = a_draft(name, a_square(10, 100.0 * len(name)))
        await published(tx, draft, at=at, effective_at=at + timedelta(seconds=after_s))


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    client = connect(valkey_url)
    yield client
    await client.aclose()


async def test_a_publish_reaches_the_index_within_two_seconds(
    sqlite_database: Database, redis: Redis, clock: SettableClock, eventually: Eventually
) -> None:
    watch = FenceWatch(sqlite_database, redis, clock)
    relay = Relay(sqlite_database, {TOPIC: announcer(redis)}, clock, holder="test")
    async with running(watch, relay):
        await publish(sqlite_database, clock, "a")
        await eventually(lambda: [f.fence_id for f in watch.index.fences] == ["a"], within=2.0)
        first = watch.index
        await publish(sqlite_database, clock, "bb")
        await eventually(lambda: [f.fence_id for f in watch.index.fences] == ["a", "bb"], within=2.0)
        assert watch.index.set_version > first.set_version
        assert [f.fence_id for f in first.fences] == ["a"]


async def test_a_process_that_judges_moving_points_gets_an_index_with_its_clearance(
    sqlite_database: Database, redis: Redis, clock: SettableClock
) -> None:
    await publish(sqlite_database, clock, "a")
    index = await FenceWatch(sqlite_database, redis, clock, needs_clearance=True).load()
    assert len(index) == 1
    assert "clearance" in vars(index)


async def test_a_worn_clearance_is_made_anew_and_no_publish_waits_for_it(
    sqlite_database: Database, redis: Redis, clock: SettableClock, eventually: Eventually
) -> None:
    async def keep(names: str) -> None:
        async with sqlite_database.write() as tx:
            drafts = [a_draft(name, a_square(10, 100.0 * ord(name)), source="pack") for name in names]
            await sync_fences(tx, drafts, source="pack", at=clock.now(), by="t")

    await keep("abcdefgh")
    watch = FenceWatch(sqlite_database, redis, clock, needs_clearance=True)
    before = await watch.load()
    await keep("abcdef")
    swapped = await watch.load()
    assert swapped.has_worn_clearance  # it was swapped in at once
    assert swapped.clearance.squares == before.clearance.squares
    async with running(watch):
        await eventually(lambda: watch.index.clearance.squares < before.clearance.squares)
        assert not watch.index.has_worn_clearance
        assert watch.index.fences == swapped.fences
        await keep("abcdefg")
        await eventually(lambda: clock.advance(11.0) and len(watch.index) == 7)


async def test_a_future_version_comes_into_the_index_at_its_moment(
    sqlite_database: Database, redis: Redis, clock: SettableClock, eventually: Eventually
) -> None:
    await publish(sqlite_database, clock, "a", after_s=5.0)
    watch = FenceWatch(sqlite_database, redis, clock)
    async with running(watch):
        await eventually(lambda: watch.index.set_version > 0)
        assert len(watch.index) == 0
        clock.advance(5.0)
        await eventually(lambda: len(watch.index) == 1)


async def test_a_word_that_was_lost_is_made_up_for(
    sqlite_database: Database, redis: Redis, clock: SettableClock, eventually: Eventually
) -> None:
    watch = FenceWatch(sqlite_database, redis, clock)
    async with running(watch):
        await publish(sqlite_database, clock, "a")  # no relay: nobody announces it
        await eventually(lambda: clock.advance(1.0) and len(watch.index) == 1)


async def test_a_publish_arrives_while_other_writers_keep_the_relay_from_its_lease(
    sqlite_database: Database, redis: Redis, clock: SettableClock, eventually: Eventually
) -> None:
    told: list[OutboxMessage] = []

    async def note(message: OutboxMessage) -> None:
        told.append(message)

    watch = FenceWatch(sqlite_database, redis, clock)
    relay = Relay(sqlite_database, {TOPIC: note}, clock, holder="test")
    stop = asyncio.Event()
    await publish(sqlite_database, clock, "a")
    async with running(watch):
        await eventually(lambda: len(watch.index) == 1)
        await publish(sqlite_database, clock, "bb")
        async with sqlite_database.write():
            relaying = asyncio.create_task(relay.run(stop))
            clock.advance(1.0)
            await eventually(lambda: len(watch.index) == 2)
            assert told == []
        await eventually(lambda: told)
    stop.set()
    await relaying


async def test_without_redis_the_database_still_says_what_is_in_force(
    sqlite_database: Database, tmp_path: Path, clock: SettableClock, eventually: Eventually
) -> None:
    nowhere = connect(f"unix://{tmp_path / 'nobody.sock'}", retries=0)
    await publish(sqlite_database, clock, "a")
    watch = FenceWatch(sqlite_database, nowhere, clock)
    async with running(watch):
        await eventually(lambda: len(watch.index) == 1)
    await nowhere.aclose()


async def test_only_what_is_new_is_read_and_built(database: Database, clock: SettableClock) -> None:
    async with database.write() as tx:
        drafts = [a_draft(f"f{n}", a_square(10, 50 * n), source="pack") for n in range(5)]
        await sync_fences(tx, drafts, source="pack", at=clock.now(), by="t")
    first = await load_index(database, at=clock.now())
    assert await load_index(database, at=clock.now(), known=first) is first
    await publish(database, clock, "new")
    second = await load_index(database, at=clock.now(), known=first)
    assert len(second) == 6
    number = first.by_id[FenceId("f3")]
    assert second.shape(second.by_id[FenceId("f3")]) is first.shape(number)


async def test_what_ended_is_kept_as_long_as_positions_of_its_time_may_come(
    database: Database, redis: Redis, clock: SettableClock
) -> None:
    start = clock.now()
    await publish(database, clock, "a")
    await publish(database, clock, "bb")
    async with database.write() as tx:
        await published(tx, a_draft("bb", a_square(20)), at=start, effective_at=start + timedelta(seconds=60))
    watch = FenceWatch(database, redis, clock, late_s=900.0)
    assert (await watch.load()).earlier == ()
    clock.advance(60.0)
    [redrawn] = (await watch.load()).earlier
    assert [(f.fence_id, f.version) for f in redrawn.index.fences] == [("bb", 1)]
    clock.advance(60.0)
    async with database.write() as tx:
        await retire_fence(tx, FenceId("bb"), FenceVersion(2), at=clock.now(), by="t", reach=EVERYTHING)
    first, second = (await watch.load()).earlier
    assert first.index.shape(0) is redrawn.index.shape(0)
    assert [(f.fence_id, f.version) for f in second.index.fences] == [("bb", 2)]
    assert [first.until_ms.tolist(), second.until_ms.tolist()] == [
        [ms_of_moment(start + timedelta(seconds=passed))] for passed in (60, 120)
    ]
    assert (await load_index(database, at=clock.now())).earlier == ()
    later = clock.now() + timedelta(seconds=850)
    [still] = (await load_index(database, at=later, late_s=900.0)).earlier
    assert still.index.fences == second.index.fences


async def test_what_ended_long_ago_is_let_go_of(
    sqlite_database: Database, redis: Redis, clock: SettableClock, eventually: Eventually
) -> None:
    await publish(sqlite_database, clock, "a")
    watch = FenceWatch(sqlite_database, redis, clock, late_s=900.0)
    async with running(watch):
        await eventually(lambda: len(watch.index) == 1)
        clock.advance(10.0)
        async with sqlite_database.write() as tx:
            await retire_fence(tx, FenceId("a"), FenceVersion(1), at=clock.now(), by="t", reach=EVERYTHING)
        clock.advance(1.0)
        await eventually(lambda: watch.index.earlier)
        clock.advance(900.0)
        await eventually(lambda: not watch.index.earlier)
        assert len(watch.index) == 0
