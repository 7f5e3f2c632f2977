"""Time. City time may run faster than the wall in a demo or rehearsal; everything else is wall time.

Business time (fences, liveness, schedules, expiries in SQL) is city time; sockets, queues and leases
are wall time. No other module of the server reads the time.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Self

import msgspec

MAX_RATE = 60.0
"""City seconds per wall second, upper bound (architecture.md, city time)."""


def _wall_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """City time as a straight line through (origin_wall, origin_city) with slope `rate`.

    Every process given the same three values reads the same city time. Safe from any thread.
    """

    def __init__(
        self,
        origin_wall: datetime,
        origin_city: datetime,
        rate: float = 1.0,
        *,
        wall: Callable[[], datetime] = _wall_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take two aware moments and city seconds per wall second, 1 ≤ rate ≤ 60.

        Raises ValueError for a naive origin or a rate outside the range.
        """
        if origin_wall.tzinfo is None or origin_city.tzinfo is None:
            raise ValueError("the origins of city time must carry a time zone")
        if not 1.0 <= rate <= MAX_RATE:
            raise ValueError(f"city time runs at 1 to {MAX_RATE:g} times the wall, not {rate:g}")
        self.origin_wall = origin_wall.astimezone(UTC)
        self.origin_city = origin_city.astimezone(UTC)
        self.rate = rate
        self._wall = wall
        self._monotonic = monotonic

    @classmethod
    def real(cls) -> Self:
        """Return the clock whose city time is the wall's."""
        now = _wall_now()
        return cls(now, now, 1.0)

    def now(self) -> datetime:
        """Return city time, aware, in UTC."""
        return self.origin_city + (self._wall() - self.origin_wall) * self.rate

    def now_ms(self) -> int:
        """Return city time as integer milliseconds since 1970-01-01T00:00Z."""
        return (self.now() - _EPOCH) // _MILLISECOND

    def wall(self) -> datetime:
        """Return wall time, aware, in UTC: for leases, sessions, sockets, queues."""
        return self._wall()

    def thread_cpu_s(self) -> float:
        """Return the CPU time that this thread has had: a span of it beside a wall span tells who waited."""
        return time.thread_time()

    def monotonic_s(self) -> float:
        """Return seconds of the monotonic clock: only differences mean something."""
        return self._monotonic()

    def wall_s(self, city_s: float) -> float:
        """Return how many wall seconds a city duration of `city_s` seconds lasts."""
        return city_s / self.rate


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def moment_of_ms(epoch_ms: int) -> datetime:
    """Return the aware UTC moment of integer milliseconds since the epoch."""
    return _EPOCH + timedelta(milliseconds=epoch_ms)


def ms_of_moment(moment: datetime) -> int:
    """Return integer milliseconds since the epoch; the moment must be aware."""
    return (moment - _EPOCH) // _MILLISECOND


class ClockOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """The three values that every process of a city shares."""

    origin_wall: datetime
    origin_city: datetime
    rate: float

    def clock(self) -> Clock:
        """Return the clock of this origin."""
        return Clock(self.origin_wall, self.origin_city, self.rate)
