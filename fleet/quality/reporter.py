"""Tells Redis what a process counted and refused: counts once a minute, samples once a second."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from core import keys
from core.clock import Clock
from core.redis import REDIS_DOWN, Redis
from fleet.quality.samples import KEPT, RefusedSamples
from fleet.quality.tallies import Minute

SAMPLES_EVERY_S: Final = 1.0
COUNTS_EVERY_S: Final = 60.0
FIRST_COUNTS_S: Final = 5.0
"""After a start people wait for the first score: it is told sooner, of what has come by then."""
MINUTES_MOST: Final = 60
"""Entries in the stream: a quarter of an hour of four processes; a keeper reads them within seconds."""
SAMPLES_FOR_S: Final = 7 * 86_400
_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)
_log = structlog.get_logger("fleet.quality.reporter")


class QualityReporter:
    """A component beside a gateway or tracker. What cannot be told is dropped: quality is not a fact yet."""

    def __init__(
        self,
        plain: Redis,
        clock: Clock,
        samples: RefusedSamples,
        count: Callable[[int], Minute],
        *,
        look: Callable[[], None] | None = None,
        every_s: float = COUNTS_EVERY_S,
    ) -> None:
        """Take the samples, and what counts a minute; ``look`` fills the samples before they are told."""
        self._redis = plain
        self._clock = clock
        self._samples = samples
        self._count = count
        self._look = look
        self._every_s = every_s
        self._is_away = False

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until told to stop; the last counts too."""
        due_s = self._clock.monotonic_s() + min(FIRST_COUNTS_S, self._every_s)
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(SAMPLES_EVERY_S, self._every_s))
            are_due = stop.is_set() or self._clock.monotonic_s() >= due_s
            await self._safely(are_due)
            if are_due:
                due_s = self._clock.monotonic_s() + self._every_s

    async def _safely(self, counts_are_due: bool) -> None:
        try:
            await self.tell_samples()
            if counts_are_due:
                await self.tell_counts()
            self._is_away = False
        except _AWAY as error:
            if not self._is_away:
                self._is_away = True
                _log.warning("quality_untold", error=type(error).__name__)

    async def tell_samples(self) -> None:
        """Put the newest samples before the older ones."""
        if self._look is not None:
            self._look()
        told = self._samples.drain()
        if not told:
            return
        pipe = self._redis.pipeline(transaction=False)
        for (maker, reason), samples in told.items():
            key = keys.quality_samples(maker, reason)
            pipe.lpush(key, *(msgspec.json.encode(sample) for sample in samples))
            pipe.ltrim(key, 0, KEPT - 1)
            pipe.expire(key, SAMPLES_FOR_S)
        await pipe.execute()

    async def tell_counts(self) -> None:
        """Append what was counted since the last time."""
        minute = self._count(self._clock.now_ms())
        if minute.makers:
            await self._redis.xadd(
                keys.quality(), {b"m": msgspec.msgpack.encode(minute)}, maxlen=MINUTES_MOST, approximate=False
            )
