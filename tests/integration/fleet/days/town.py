"""A database, a history folder and a clock, ten minutes after a day."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from core.auth.principal import EVERYTHING, Reach
from core.database import Database
from core.ids import VehicleNo
from fleet.days.close_day import DayCloser
from fleet.days.frames import DayFrames
from fleet.days.store import DayFilter, DayStore, StoredDay
from fleet.history.files import RawFiles
from fleet.telemetry.records import STREAM_STATUS, Records
from tests.conftest import SettableClock
from tests.unit.fleet.days.drives import DAY

CITY = ZoneInfo("Asia/Shanghai")
AFTER = datetime(2026, 7, 1, 16, 10, tzinfo=UTC)
"""Ten minutes after the midnight that ends the day."""
NO_STATUS = np.zeros(0, STREAM_STATUS)


class Town:
    """A database, a history folder and a clock, ten minutes after the day."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.clock = SettableClock(AFTER)
        self.files = RawFiles(folder)
        self.files.prepare()

    def closer(self, **changes: Any) -> DayCloser:
        return DayCloser(
            self.database,
            self.clock,
            DayFrames(self.folder),
            CITY,
            silence_ms=60_000,
            **changes,
        )

    def write(self, *parts: Records) -> None:
        for records in parts:
            self.files.write(
                records, records["measured_ms"] + 50, NO_STATUS, {0: "1-0"}, int(records["measured_ms"].max())
            )

    async def rows(self, day: date = DAY, reach: Reach = EVERYTHING) -> list[StoredDay]:
        async with self.database.read() as tx:
            return await DayStore(tx).page(reach, DayFilter(first=day, last=day))

    async def revisions(self, number: int) -> list[StoredDay]:
        async with self.database.read() as tx:
            return await DayStore(tx).revisions(EVERYTHING, DAY, VehicleNo(number))
