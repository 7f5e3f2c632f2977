"""Reads the running day for those who show it; a second look within some seconds reads nothing."""

from typing import Any, Final

from core import keys
from core.clock import Clock
from core.redis import Redis
from fleet.days.running import DaySoFar, read_day_so_far

FRESH_S: Final = 5.0


class RunningDayReader:
    """Reads what the keeper beside the archiver told. Raises what Redis raises."""

    def __init__(self, plain: Redis, clock: Clock) -> None:
        """Take where it is told, and the wall clock."""
        self._redis = plain
        self._clock = clock
        self._read_s = float("-inf")
        self._found: DaySoFar | None = None

    async def so_far(self) -> DaySoFar | None:
        """Return the newest that was told; it may be of a day that is over. None before the first."""
        now_s = self._clock.monotonic_s()
        if now_s - self._read_s >= FRESH_S:
            data: Any = await self._redis.get(keys.running_day())
            self._found = read_day_so_far(data)
            self._read_s = now_s
        return self._found
