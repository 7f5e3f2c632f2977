"""Whether every position of a day is in the history's files."""

from datetime import timedelta
from typing import Any

from core import keys
from core.clock import Clock, moment_of_ms
from core.redis import StreamsRedis


class DurableMark:
    """Compares what the archiver says is durable with what stands in the streams."""

    def __init__(self, streams: StreamsRedis, clock: Clock, *, partitions: int) -> None:
        self._streams = streams
        self._clock = clock
        self._partitions = partitions

    async def has_passed(self, city_ms: int) -> bool:
        """Return whether what the city received before a moment is on disk. Raises what Redis raises.

        Of every partition the mark has passed that moment, or nothing in the stream lies beyond the mark: a
        partition whose vehicles are asleep holds no day open.
        """
        if self._clock.now_ms() < city_ms:
            return False
        wall_ms = self._wall_ms(city_ms)
        pipe = self._streams.pipeline(transaction=False)
        for partition in range(self._partitions):
            pipe.xrevrange(keys.telemetry(partition), count=1)
        found: list[Any] = await pipe.execute()
        marks: Any = await self._streams.hgetall(keys.durable())
        return all(
            _is_behind(newest, marks.get(str(partition).encode()), wall_ms)
            for partition, newest in enumerate(found)
        )

    def _wall_ms(self, city_ms: int) -> int:
        clock = self._clock
        since: timedelta = (moment_of_ms(city_ms) - clock.origin_city) / clock.rate
        return round((clock.origin_wall + since).timestamp() * 1000)


def _is_behind(newest: Any, mark: bytes | None, wall_ms: int) -> bool:
    """Return whether a partition's mark is past a moment, or past the newest entry (``XREVRANGE`` of one)."""
    if not newest:
        return True
    if mark is None:
        return False
    return _pair(mark) >= min(_pair(newest[0][0]), (wall_ms, 0))


def _pair(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, serial = entry_id.decode().partition("-")
    return int(milliseconds), int(serial or 0)
