"""One answer per key."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.database import Database
from core.errors import Conflict
from core.idempotency import StoredAnswer, body_hash, forget, once, save

HASH = body_hash("POST", "/orders", b'{"a":1}')
ANSWER = StoredAnswer(status=201, body=b'{"id":"o1"}', location="/orders/o1")


async def request(database: Database, clock: Any, work: list[int], request_hash: str = HASH) -> StoredAnswer:
    async with database.write() as tx:
        stored = await once(tx, "resident:r1", "k1", request_hash, at=clock.now())
        if stored is not None:
            return stored
        work.append(1)
        await asyncio.sleep(0)
        await save(tx, "resident:r1", "k1", ANSWER)
        return ANSWER


async def test_the_same_request_sent_five_times_at_once_works_once_and_answers_alike(
    database: Database, clock: Any
) -> None:
    work: list[int] = []
    answers = await asyncio.gather(*(request(database, clock, work) for _ in range(5)))
    assert answers == [ANSWER] * 5
    assert len(work) == 1


async def test_another_body_under_the_same_key_is_refused(database: Database, clock: Any) -> None:
    await request(database, clock, [])
    with pytest.raises(Conflict) as caught:
        await request(database, clock, [], body_hash("POST", "/orders", b'{"a":2}'))
    assert caught.value.code == "idempotency-key-reused"


async def test_a_request_that_failed_leaves_its_key_free(database: Database, clock: Any) -> None:
    with pytest.raises(LookupError):
        async with database.write() as tx:
            await once(tx, "resident:r1", "k1", HASH, at=clock.now())
            raise LookupError
    work: list[int] = []
    await request(database, clock, work)
    assert len(work) == 1


async def test_two_people_may_use_the_same_key(database: Database, clock: Any) -> None:
    await request(database, clock, [])
    async with database.write() as tx:
        assert await once(tx, "resident:r2", "k1", "other", at=clock.now()) is None


async def test_old_keys_are_forgotten(database: Database, clock: Any) -> None:
    await request(database, clock, [])
    async with database.write() as tx:
        assert await forget(tx, before=clock.now() + timedelta(seconds=1)) == 1
