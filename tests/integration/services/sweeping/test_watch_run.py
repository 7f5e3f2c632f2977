"""What a run swept so far: out of files and stream, once for everybody, the same as what is measured."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.redis import Redis, connect
from services.sweeping.run import SweepingRun
from services.sweeping.run_states import RunState
from services.sweeping.watch_run import KEPT_S, RunWatch, SweptSoFar
from tests.integration.services.sweeping.sweepers import PARTITIONS, Yard, a_sweeper


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    client = connect(valkey_url)
    yield client
    await client.aclose()


@pytest.fixture
def watch(yard: Yard, redis: Redis) -> RunWatch:
    yard.streams = redis
    return RunWatch(redis, yard.town.clock, yard.history.folder, partitions=PARTITIONS)


async def given(yard: Yard) -> SweepingRun:
    """Return a run that the sweeper was given."""
    await yard.planned()
    await yard.sweeper()
    run = await yard.start()
    assert await yard.settle() == {"round": 1}
    return await yard.run(run.run_id)


async def looked(yard: Yard, watch: RunWatch, run: SweepingRun) -> SweptSoFar:
    found = await watch.so_far(await yard.run(run.run_id), await yard.plan())
    assert found is not None
    return found


async def test_what_is_swept_is_seen_to_the_second_though_its_end_is_in_no_file(
    yard: Yard, watch: RunWatch
) -> None:
    run = await given(yard)
    nothing = await looked(yard, watch, run)
    assert (nothing.until, nothing.ledger.verified_m2) == (None, 0)
    await yard.drive(a_sweeper(), until_m=50.0)
    yard.town.clock.advance(KEPT_S)
    found = await looked(yard, watch, run)
    assert found.until == yard.town.now - timedelta(seconds=KEPT_S)
    stored = await yard.plan()
    assert stored.plan is not None
    width_m = stored.plan.width_m
    assert 0.8 * 50 * width_m < found.ledger.verified_m2 < 1.05 * 50 * width_m
    assert any(cell.is_swept for cell in found.ledger.cells)
    assert any(cell.is_missed for cell in found.ledger.cells), "and of the rest it is known where it lies"


async def test_what_it_swept_until_its_end_is_what_is_measured_once_it_is_on_disk(
    yard: Yard, watch: RunWatch
) -> None:
    run = await given(yard)
    await yard.drive(a_sweeper())
    found = await looked(yard, watch, run)
    assert (await yard.run(run.run_id)).state is RunState.SWEPT
    yard.archive_rest()
    assert await yard.worker.go_on() == {"measured": 1}
    measured = await yard.run(run.run_id)
    assert measured.verified_m2 == pytest.approx(found.ledger.verified_m2, abs=0.1)
    seen, stored = found.ledger.cells, await yard.cells(run.run_id)
    assert [(c.cell, c.is_swept) for c in seen] == [(c.cell, c.is_swept) for c in stored]
    assert await watch.so_far(measured, await yard.plan()) is None, "what is measured is not preliminary"


async def test_all_who_look_in_the_same_seconds_are_given_one_answer(yard: Yard, watch: RunWatch) -> None:
    run = await given(yard)
    await yard.drive(a_sweeper(), until_m=20.0)
    first, *others = await asyncio.gather(*(looked(yard, watch, run) for _ in range(10)))
    assert all(other is first for other in others)
    assert await looked(yard, watch, run) is first
    yard.town.clock.advance(KEPT_S)
    assert await looked(yard, watch, run) is not first
