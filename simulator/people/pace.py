"""How people let time pass: in city time, but never asking a server more often than a person would."""

import asyncio
import contextlib
from collections.abc import MutableMapping

import msgspec
import structlog

from simulator.clock import CityClock
from simulator.people.api import Api

type Sessions = MutableMapping[str, str]
"""Cookie by phone or user name: sessions outlive a restart of the simulator as they outlive a browser's."""
LEARN_EVERY_S = 60.0
"""Wall seconds between two looks at the city's clock, for those who have no link that tells it."""
_log = structlog.get_logger("simulator.people")


class CityConfig(msgspec.Struct, frozen=True, rename="camel"):
    """What the city tells anybody."""

    city_time_ms: int
    rate: float


class Pace:
    """Waiting, in city seconds, until told to stop."""

    def __init__(self, clock: CityClock, stop: asyncio.Event, *, quiet_after_ms: int | None = None) -> None:
        """Take the city's clock, what ends everything, and when nobody begins anything new any more."""
        self.clock = clock
        self._stop = stop
        self._quiet_after_ms = quiet_after_ms

    @property
    def is_over(self) -> bool:
        """Whether everybody goes home."""
        return self._stop.is_set()

    @property
    def is_quiet(self) -> bool:
        """Whether people only finish what they have begun; never before the time is known."""
        after_ms = self._quiet_after_ms
        return after_ms is not None and self.clock.is_known and self.clock.now_ms() >= after_ms

    async def wall(self, seconds: float) -> None:
        """Wait some seconds of the wall; return at once when everybody goes home."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), max(0.0, seconds))

    async def city(self, seconds: float, *, least_wall_s: float = 0.0) -> None:
        """Wait some seconds of the city, at least ``least_wall_s`` on the wall."""
        await self.wall(max(least_wall_s, self.clock.wall_s(seconds)))

    def poll_s(self, city_s: float, *, least_s: float, most_s: float) -> float:
        """Return a polling interval on the wall for something that matters within ``city_s``."""
        return min(most_s, max(least_s, self.clock.wall_s(city_s)))


async def learn_city_time(api: Api, pace: Pace) -> None:
    """Ask the city for its time until it answers, and again every minute."""
    while not pace.is_over:
        answer = await api.call("GET", "/api/config")
        if answer.is_good:
            try:
                told = msgspec.convert(answer.body, CityConfig)
                pace.clock.tell(told.city_time_ms, told.rate)
            except msgspec.ValidationError as error:
                _log.warning("city_time_not_told", why=str(error))
        await pace.wall(LEARN_EVERY_S if pace.clock.is_known else 1.0)
