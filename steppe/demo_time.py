"""City time of a demo: starts at a time of its day and goes on where it stopped."""

import asyncio
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from core.clock import Clock, ClockOrigin

NOTE_EVERY_S = 2.0


class DemoTime:
    """The clock of one run, noted in a file so that the next run goes on from there."""

    def __init__(self, path: Path, rate: float, begins: datetime) -> None:
        """Take where city time is noted, this run's rate, and the city time at which a first run begins.

        Until `begin` city time is no faster than the wall: what loads a city takes none of its evening.
        """
        self._path = path
        self._rate = rate
        wall = Clock.real().wall()
        self.origin = ClockOrigin(origin_wall=wall, origin_city=self._resumed() or begins, rate=1.0)
        self._clock = self.origin.clock()

    def begin(self) -> None:
        """Let city time go on from now at this run's rate; children that run already do not hear of it."""
        wall = Clock.real().wall()
        self.origin = ClockOrigin(origin_wall=wall, origin_city=self._clock.now(), rate=self._rate)
        self._clock = self.origin.clock()

    def variables(self) -> dict[str, str]:
        """Return the settings that give every child this clock."""
        return {
            "STEPPE_TIME__RATE": f"{self.origin.rate:g}",
            "STEPPE_TIME__ORIGIN_WALL": self.origin.origin_wall.isoformat(),
            "STEPPE_TIME__ORIGIN_CITY": self.origin.origin_city.isoformat(),
        }

    def now(self) -> datetime:
        """Return city time."""
        return self._clock.now()

    async def run(self, stop: asyncio.Event) -> None:
        """Note city time every two seconds until `stop`, and once more then."""
        while not stop.is_set():
            self._note()
            try:
                await asyncio.wait_for(stop.wait(), NOTE_EVERY_S)
            except TimeoutError:
                continue
        self._note()

    def _note(self) -> None:
        fresh = self._path.with_suffix(".tmp")
        fresh.write_bytes(msgspec.json.encode(self._clock.now()))
        fresh.replace(self._path)

    def _resumed(self) -> datetime | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=datetime)
        except (FileNotFoundError, msgspec.DecodeError):
            return None


def today_at(starts_at: time, zone: str) -> datetime:
    """Return a time of the day that the wall shows in a time zone."""
    today = Clock.real().wall().astimezone(ZoneInfo(zone)).date()
    return datetime.combine(today, starts_at, ZoneInfo(zone)).astimezone(UTC)
