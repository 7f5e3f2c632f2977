"""A batch that is full waits for no others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from core import keys
from core.clock import Clock
from core.redis import Redis, connect
from fleet.links.buckets import Buckets
from fleet.links.intake import FULL_BYTES, Intake
from fleet.links.judge import Judge, Pending
from fleet.links.sender import Sender
from fleet.links.wire.positions import POSITION, new_positions
from fleet.telemetry.rejects import RejectCounts
from fleet.telemetry.roster import Roster
from tests.integration.fleet.links.conftest import a_maker, a_row

VEHICLES = FULL_BYTES // POSITION.itemsize
AN_HOUR_MS = 3_600_000


@pytest.fixture
def roster() -> Roster:
    roster = Roster()
    roster.put([a_row(number) for number in range(1, VEHICLES + 1)])
    return roster


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    client = connect(valkey_url)
    yield client
    await client.aclose()


def _frame(sender: Sender, seq: int, count: int) -> Pending:
    records = new_positions(count)
    records["vehicle_no"] = np.arange(1, count + 1)
    records["seq"] = seq
    records["lat_e7"], records["lng_e7"] = 396_000_000, 1_097_800_000
    return Pending(sender, seq, 1_780_000_000_000, records.tobytes())


async def test_a_full_batch_goes_at_once_and_a_small_one_waits(
    redis: Redis, roster: Roster, eventually: Callable[..., Awaitable[Any]]
) -> None:
    judge = Judge(roster, Buckets(rate=100, burst=100), RejectCounts(), 1)
    intake = Intake(
        redis, judge, Clock.real(), batch_wall_ms=AN_HOUR_MS, partitions=1, most_bytes=1_000_000_000
    )
    sender, stop = Sender(a_maker("east"), roster), asyncio.Event()
    running = asyncio.create_task(intake.run(stop))
    intake.offer(_frame(sender, 1, 1))
    await eventually(lambda: intake.accepted == 1)
    intake.offer(_frame(sender, 2, 1))
    await asyncio.sleep(0.1)
    assert intake.accepted == 1
    intake.offer(_frame(sender, 3, VEHICLES - 1))
    await eventually(lambda: intake.accepted == VEHICLES + 1)
    assert await redis.xlen(keys.telemetry(0)) == 2
    running.cancel()
