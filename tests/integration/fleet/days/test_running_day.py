"""The running day is kept from the archiver's files, goes on after a restart and begins anew at midnight."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core import keys
from core.database import Database
from core.redis import Redis, connect
from fleet.days.keep_running import RunningDayKeeper
from fleet.days.running import DaySoFar
from fleet.days.running_reader import RunningDayReader
from fleet.days.vehicle_day import span_of
from fleet.history.files import RawFiles
from fleet.history.layout import STATUS
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS
from tests.conftest import SettableClock
from tests.history import compact

CITY = ZoneInfo("Asia/Shanghai")


class Kept:
    """A history that an archiver writes, and who keeps the running day over it."""

    def __init__(self, database: Database, redis: Redis, clock: SettableClock, folder: Path) -> None:
        self.database, self.redis, self.clock, self.folder = database, redis, clock, folder
        self.files = RawFiles(folder)
        self.files.prepare()
        self.serial = 0
        self.keeper = self.another()

    def another(self) -> RunningDayKeeper:
        return RunningDayKeeper(
            self.database, self.redis, self.clock, self.folder, CITY, holder="keeper", every_s=60
        )

    def told(self, *readings: tuple[int, int], ago_s: int = 0) -> None:
        """Let the archiver write a file of (vehicle, odometer), measured some seconds ago."""
        self.serial += 1
        positions = np.zeros(len(readings), STREAM_POSITION)
        status = np.zeros(len(readings), STREAM_STATUS)
        positions["vehicle_no"], positions["seq"] = [number for number, _ in readings], self.serial
        positions["measured_ms"] = status["measured_ms"] = self.clock.now_ms() - 1000 * ago_s
        status["status"]["vehicle_no"] = [number for number, _ in readings]
        status["status"]["status_seq"] = self.serial
        status["status"]["odometer_m"] = [metres for _, metres in readings]
        received = positions["measured_ms"] + 50
        self.files.write(positions, received, status, {0: f"{self.serial}-0"}, self.clock.now_ms())

    async def driven(self) -> dict[int, int]:
        """Return what another process is shown."""
        found = await RunningDayReader(self.redis, self.clock).so_far()
        assert found is not None
        rows = found.driven()
        return dict(zip(rows["vehicle_no"].tolist(), rows["driven_m"].tolist(), strict=True))


@pytest.fixture
async def kept(
    sqlite_database: Database, valkey_url: str, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[Kept]:
    redis = connect(valkey_url)
    yield Kept(sqlite_database, redis, clock, tmp_path / "history")
    await redis.aclose()


async def test_a_day_grows_by_what_new_files_tell(kept: Kept) -> None:
    kept.told((1, 1_000), (2, 50))
    await kept.keeper.look_once()
    assert await kept.driven() == {1: 0, 2: 0}
    kept.clock.advance(60)
    kept.told((1, 1_400))
    await kept.keeper.look_once()
    assert await kept.driven() == {1: 400, 2: 0}


async def test_until_something_is_known_it_looks_again_without_waiting_for_the_minute(kept: Kept) -> None:
    kept.told((1, 1_000))
    await kept.keeper.look_when_due()
    kept.clock.advance(6)
    kept.told((1, 1_080))
    await kept.keeper.look_when_due()
    assert await kept.driven() == {1: 80}
    kept.clock.advance(6)
    kept.told((1, 1_200))
    await kept.keeper.look_when_due()
    assert await kept.driven() == {1: 80}


async def test_who_comes_after_goes_on_and_with_nothing_told_reads_the_history_again(kept: Kept) -> None:
    kept.told((1, 1_000))
    await kept.keeper.look_once()
    kept.clock.advance(60)
    kept.told((1, 1_400))
    await kept.another().look_once()
    assert await kept.driven() == {1: 400}
    await kept.redis.delete(keys.running_day())
    await kept.another().look_once()
    assert await kept.driven() == {1: 400}


async def test_files_that_an_hour_has_taken_are_not_missed(kept: Kept) -> None:
    kept.told((1, 1_000))
    kept.clock.advance(600)
    kept.told((1, 2_500))
    kept.clock.advance(7_200)
    assert compact(kept.folder, kept.clock.now_ms(), STATUS)
    kept.told((1, 3_000))
    await kept.keeper.look_once()
    assert await kept.driven() == {1: 2_000}


async def test_at_midnight_a_new_day_begins_and_yesterdays_readings_are_not_in_it(kept: Kept) -> None:
    kept.told((1, 1_000))
    await kept.keeper.look_once()
    over = span_of(kept.clock.now().astimezone(CITY).date(), CITY).to_ms
    kept.clock.advance((over - kept.clock.now_ms()) / 1000 + 20)
    kept.told((1, 5_000), ago_s=30)
    kept.told((1, 5_100))
    found: DaySoFar = await kept.keeper.look_once()
    assert found.day == kept.clock.now().astimezone(CITY).date()
    assert await kept.driven() == {1: 0}
    kept.clock.advance(30)
    kept.told((1, 5_250))
    await kept.keeper.look_once()
    assert await kept.driven() == {1: 150}


async def test_of_two_keepers_one_works(kept: Kept, clock: Any) -> None:
    other = RunningDayKeeper(kept.database, kept.redis, clock, kept.folder, CITY, holder="other")
    kept.told((1, 1_000))
    await kept.keeper.look_when_due()
    assert await kept.driven() == {1: 0}
    await kept.redis.delete(keys.running_day())
    await other.look_when_due()
    assert await kept.redis.get(keys.running_day()) is None
