"""The outbox and its relay, on SQLite and PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from core.database import Database
from core.errors import Unavailable
from core.outbox import MAX_TRIES, OutboxMessage, Relay, emit, outbox


class Recorder:
    """A route that remembers, and fails for the keys it is told."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []
        self.bad_keys: set[str] = set()
        self.down = False

    async def __call__(self, message: OutboxMessage) -> None:
        if self.down:
            raise Unavailable("redis-unavailable")
        if message.key in self.bad_keys:
            raise RuntimeError("bad row")
        self.seen.append((message.key, message.payload["n"]))


async def write(database: Database, clock: Any, *rows: tuple[str, int], topic: str = "t") -> None:
    async with database.write() as tx:
        for key, n in rows:
            await emit(tx, topic, {"n": n}, key=key, at=clock.now())


async def test_rows_are_carried_once_and_in_order(database: Database, clock: Any) -> None:
    route = Recorder()
    relay = Relay(database, {"t": route}, clock, holder="a")
    await write(database, clock, ("a", 1), ("b", 2), ("a", 3))
    assert await relay.carry_once() == 3
    assert await relay.carry_once() == 0
    assert route.seen == [("a", 1), ("b", 2), ("a", 3)]


async def test_a_row_of_a_transaction_that_failed_is_never_carried(database: Database, clock: Any) -> None:
    route = Recorder()
    with pytest.raises(LookupError):
        async with database.write() as tx:
            await emit(tx, "t", {"n": 1}, key="a", at=clock.now())
            raise LookupError
    await Relay(database, {"t": route}, clock, holder="a").carry_once()
    assert route.seen == []


async def test_an_outage_leaves_every_row_waiting_and_counts_no_try(database: Database, clock: Any) -> None:
    route = Recorder()
    relay = Relay(database, {"t": route}, clock, holder="a")
    await write(database, clock, ("a", 1), ("b", 2))
    route.down = True
    for _ in range(MAX_TRIES + 1):
        with pytest.raises(Unavailable):
            await relay.carry_once()
    route.down = False
    assert await relay.carry_once() == 2


async def test_a_bad_row_holds_back_its_own_key_only_and_is_set_aside_in_the_end(
    database: Database, clock: Any
) -> None:
    route = Recorder()
    route.bad_keys = {"a"}
    relay = Relay(database, {"t": route}, clock, holder="a")
    await write(database, clock, ("a", 1), ("a", 2), ("b", 3))
    await relay.carry_once()
    assert route.seen == [("b", 3)]
    for _ in range(MAX_TRIES):
        clock.advance(61)
        await relay.carry_once()
        async with database.read() as tx:
            reason = (await tx.execute(select(outbox.c.aside_reason).order_by(outbox.c.id))).scalars().first()
    assert reason == "RuntimeError: bad row"
    route.bad_keys = set()
    clock.advance(61)
    await relay.carry_once()
    assert route.seen == [("b", 3), ("a", 2)]


async def test_a_topic_without_a_route_waits(database: Database, clock: Any) -> None:
    await write(database, clock, ("a", 1), topic="of-tomorrow")
    assert await Relay(database, {"t": Recorder()}, clock, holder="a").carry_once() == 0
    route = Recorder()
    assert await Relay(database, {"of-tomorrow": route}, clock, holder="a").carry_once() == 1


async def test_of_two_relays_one_works_until_it_stops(
    sqlite_database: Database, clock: Any, eventually: Callable[..., Awaitable[Any]]
) -> None:
    one, two = Recorder(), Recorder()
    stop_one, stop_two = asyncio.Event(), asyncio.Event()
    relays = [
        Relay(sqlite_database, {"t": route}, clock, holder=name, poll_s=0.005)
        for route, name in ((one, "one"), (two, "two"))
    ]
    first = asyncio.create_task(relays[0].run(stop_one))
    await write(sqlite_database, clock, ("a", 1))
    await eventually(lambda: one.seen)
    second = asyncio.create_task(relays[1].run(stop_two))
    await write(sqlite_database, clock, ("a", 2))
    await eventually(lambda: len(one.seen) == 2)
    assert two.seen == []
    stop_one.set()
    await first
    clock.advance(10)
    await write(sqlite_database, clock, ("a", 3))
    await eventually(lambda: two.seen)
    assert [n for _, n in one.seen + two.seen] == [1, 2, 3]
    stop_two.set()
    await second
