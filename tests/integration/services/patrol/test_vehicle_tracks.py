"""Where a vehicle was around a moment: out of the stream, and of files for what that holds no more."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from core import keys
from core.clock import moment_of_ms
from core.errors import Unavailable
from core.ids import VehicleNo
from core.redis import Redis, connect
from fleet.history.kept import HOUR_MS
from fleet.telemetry.records import Records, entry_fields
from services.patrol.read_track import VehicleTracks
from services.patrol.track import NEAR_S, Fix
from tests.conftest import SettableClock
from tests.history import T0, Written, compact, positions

PARTITIONS = 4
NOW = T0 + HOUR_MS + 20 * 60_000
STREAM_BEGINS = NOW - 30_000
NEAR_MS = int(NEAR_S * 1000)
SEEN, OTHER = VehicleNo(2), VehicleNo(6)
"""Two vehicles of one partition."""
IN_STREAM = 400_000_000
"""Latitude, 1e-7 degrees, of what the stream alone says."""


class Told:
    """An hour file and raw files to the present, and half a minute in the stream."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self.redis = redis
        self.written = Written(folder)
        clock = SettableClock(moment_of_ms(NOW))
        self.tracks = VehicleTracks(redis, clock, folder, partitions=PARTITIONS)

    async def say(self, records: Records) -> None:
        await self.redis.xadd(keys.telemetry(SEEN % PARTITIONS), entry_fields(NOW, records, None))

    async def around(self, moment_ms: int, vehicle_no: VehicleNo = SEEN) -> Sequence[Fix]:
        return await self.tracks.around(vehicle_no, moment_ms, NEAR_MS)


@pytest.fixture
async def told(valkey_url: str, tmp_path: Path) -> AsyncIterator[Told]:
    redis = connect(valkey_url)
    made = Told(redis, tmp_path)
    made.written.minutes((SEEN, OTHER), T0, NOW)
    compact(tmp_path, NOW)
    seconds = range(STREAM_BEGINS, NOW, 1000)
    await made.say(positions((SEEN, OTHER), seconds, lat_e7=IN_STREAM))
    yield made
    await redis.aclose()


def moments(fixes: Sequence[Fix]) -> list[int]:
    return [fix.measured_ms for fix in fixes]


async def test_what_the_stream_holds_is_read_from_it_alone(told: Told) -> None:
    fixes = await told.around(NOW - 10_000)
    assert moments(fixes) == list(range(STREAM_BEGINS, NOW, 1000))
    assert {(fix.lat, fix.lng) for fix in fixes} == {(40.0, 109.8)}


async def test_a_moment_before_the_stream_is_read_from_the_files_too(told: Told) -> None:
    """Else a vehicle that drove on would be held against where it is now."""
    moment_ms = STREAM_BEGINS - 500
    fixes = await told.around(moment_ms)
    assert moments(fixes) == list(range(moment_ms - NEAR_MS + 500, NOW, 1000))
    before = [fix for fix in fixes if fix.measured_ms <= moment_ms]
    assert {fix.lat for fix in before} == {39.6}


async def test_an_old_moment_is_read_from_the_hour_that_was_compacted(told: Told) -> None:
    moment_ms = T0 + 600_000
    fixes = await told.around(moment_ms)
    assert moments(fixes) == list(range(moment_ms - NEAR_MS, moment_ms + NEAR_MS + 1, 1000))


async def test_other_vehicles_of_the_partition_are_left_out_and_what_came_twice_counts_once(
    told: Told,
) -> None:
    await told.say(positions((SEEN,), (NOW - 1000,), lat_e7=IN_STREAM))
    await told.say(positions((OTHER,), range(NOW, NOW + 5000, 1000)))
    fixes = await told.around(NOW - 1000)
    assert moments(fixes) == list(range(STREAM_BEGINS, NOW, 1000))


async def test_late_positions_come_in_the_order_of_measuring(told: Told) -> None:
    await told.say(positions((SEEN,), (STREAM_BEGINS + 500,), lat_e7=IN_STREAM))
    fixes = await told.around(NOW - 10_000)
    assert moments(fixes) == sorted(moments(fixes))
    assert STREAM_BEGINS + 500 in moments(fixes)


async def test_a_vehicle_that_said_nothing_was_nowhere(told: Told) -> None:
    assert await told.around(NOW - 10_000, VehicleNo(10)) == []
    assert await told.around(T0 - HOUR_MS) == []


async def test_without_the_stream_nobody_says_where_it_was(tmp_path: Path) -> None:
    away = connect(f"unix://{tmp_path}/nowhere")
    clock = SettableClock(moment_of_ms(NOW))
    with pytest.raises(Unavailable):
        await VehicleTracks(away, clock, tmp_path, partitions=PARTITIONS).around(SEEN, NOW, NEAR_MS)
    await away.aclose()
