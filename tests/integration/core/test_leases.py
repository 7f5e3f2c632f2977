"""Leases with a fencing epoch, on SQLite and PostgreSQL."""

from datetime import timedelta
from typing import Any

import pytest

from core import leases
from core.database import Database
from core.errors import Conflict
from core.leases import Lease


async def take(database: Database, holder: str, clock: Any) -> int | None:
    async with database.write() as tx:
        return await leases.acquire(tx, "p1", holder, at=clock.wall(), ttl_s=6)


async def test_the_first_takes_it_and_the_second_waits(database: Database, clock: Any) -> None:
    assert await take(database, "a", clock) == 1
    assert await take(database, "b", clock) is None


async def test_a_lease_that_ran_out_goes_to_the_next_with_a_higher_epoch(
    database: Database, clock: Any
) -> None:
    await take(database, "a", clock)
    clock.advance(6.1)
    assert await take(database, "b", clock) == 2
    async with database.write() as tx:
        assert not await leases.renew(tx, "p1", "a", 1, at=clock.wall(), ttl_s=6)
        assert await leases.renew(tx, "p1", "b", 2, at=clock.wall(), ttl_s=6)


async def test_a_restarted_holder_takes_its_own_lease_with_a_new_epoch(
    database: Database, clock: Any
) -> None:
    await take(database, "a", clock)
    assert await take(database, "a", clock) == 2


async def test_a_late_holder_is_fenced(database: Database, clock: Any) -> None:
    await take(database, "a", clock)
    clock.advance(7)
    await take(database, "b", clock)
    async with database.write() as tx:
        await leases.fence(tx, "p1", 2)
        with pytest.raises(Conflict, match="superseded"):
            await leases.fence(tx, "p1", 1)
        with pytest.raises(Conflict):
            await leases.fence(tx, "never-held", 1)


async def test_a_released_lease_is_free_at_once(database: Database, clock: Any) -> None:
    await take(database, "a", clock)
    async with database.write() as tx:
        assert await leases.release(tx, "p1", "a", 1, at=clock.wall())
        held = await leases.current(tx, "p1")
    assert held is not None
    assert held.expires_at == clock.wall()
    assert await take(database, "b", clock) == 2


async def test_holders_keep_their_lease_while_they_ask_and_lose_it_when_they_stop(
    database: Database, clock: Any
) -> None:
    first, second = (Lease(database, "relay", name, clock) for name in ("a", "b"))
    assert await first.held() == 1
    for _ in range(10):
        clock.advance(2.1)
        assert await first.held() == 1
        assert await second.held() is None
    clock.advance(7)
    assert await second.held() == 2
    assert await first.held() is None
    await second.give_back()
    clock.advance(timedelta(seconds=2.1).total_seconds())
    assert await first.held() == 3
