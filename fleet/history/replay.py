"""Reading history for people: within their reach, bounded, up to the last second."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.auth.principal import Reach
from core.clock import Clock
from core.errors import Invalid, NotFound
from core.redis import StreamsRedis
from fleet.history.exports import WRITERS, ExportFormat
from fleet.history.kept import HISTORY, in_order, sent_once
from fleet.history.ledger import Level
from fleet.history.spans import AREA_POINTS_MOST, HOUR_MS, POINTS_MOST, Span, bounded, span_of
from fleet.history.summary import Gap, Summary, gaps, summarise
from fleet.history.tail import StreamTail
from fleet.live.mirror import Box
from fleet.telemetry.records import LiveKind, Records, joined, live_message
from fleet.telemetry.steps.liveness import silence_limits_ms

TAIL_WALL_S: Final = 120.0
"""What was measured longer ago is in files, unless it came late in the last seconds."""
RECENT_MS: Final = 600_000
INTERVAL_MS: Final = 1000
SUMMARY_ROWS: Final = 1_000_000
_NUMBER_MOST: Final = 2**32 - 1

type Numbers = NDArray[Any]
type Within = Callable[[Reach], Awaitable[Numbers | None]]
"""Returns the sorted vehicles of a reach, None when the reach leaves none out."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle over a span: HISTORY[n] by time, each moment once."""

    positions: Records
    gaps: tuple[Gap, ...]
    level: Level
    """How finely the coarsest hour of the span is kept."""
    is_cut: bool
    """There were more positions than asked for; every nth is given, the ends kept."""


class Replay:
    """Answers about the past. ``streams`` None leaves the seconds out that are in no file yet.

    pyarrow is imported at the first answer, so that a process that gives none stays small.
    """

    def __init__(
        self,
        streams: StreamsRedis | None,
        clock: Clock,
        folder: Path,
        within: Within,
        *,
        partitions: int,
    ) -> None:
        self._tail = None if streams is None else StreamTail(streams, partitions=partitions)
        self._clock = clock
        self._folder = folder
        self._within = within

    def __repr__(self) -> str:
        return f"Replay({self._folder})"

    def recent_span(self, from_ms: int | None, to_ms: int | None) -> Span:
        """Return a span; what is left out makes it the last ten minutes. Raises Invalid."""
        until = self._clock.now_ms() if to_ms is None else to_ms
        return span_of(until - RECENT_MS if from_ms is None else from_ms, until)

    async def vehicle(
        self, reach: Reach, vehicle_no: int, span: Span, *, points: int | None = POINTS_MOST
    ) -> Replayed:
        """Return one vehicle over a span of at most 31 days; None as points gives all of them.

        Raises NotFound, Invalid, Unavailable.
        """
        bounded(span, vehicles=1)
        if points is not None and not 2 <= points <= POINTS_MOST:
            raise Invalid(
                "invalid-input", f"points is from 2 to {POINTS_MOST}", field="points", limit=POINTS_MOST
            )
        await self._chosen(reach, [vehicle_no])
        recent = self._nothing() if self._tail is None else await self._tail.of_vehicle(vehicle_no)
        found = await asyncio.to_thread(self._of_vehicle, vehicle_no, span, recent)
        level = await asyncio.to_thread(self.level, span)
        silent = gaps(found["measured_ms"], span.from_ms, min(span.to_ms, self._clock.now_ms()))
        is_cut = points is not None and len(found) > points
        if points is not None and is_cut:
            found = found[np.unique(np.linspace(0, len(found) - 1, points).astype(np.intp))]
        return Replayed(positions=found, gaps=silent, level=level, is_cut=is_cut)

    async def positions(
        self, reach: Reach, span: Span, *, vehicles: Sequence[int] | None = None, box: Box | None = None
    ) -> AsyncIterator[Records]:
        """Yield HISTORY[n] of a span: by block of five minutes, in it by vehicle and time, each once.

        What is in no file yet comes last. Named vehicles have 31 days together, everybody in a box six hours.
        Raises NotFound, Invalid, Unavailable.
        """
        bounded(span, vehicles=None if vehicles is None else len(vehicles))
        chosen = await self._chosen(reach, vehicles)
        recent = await self._recent(span)
        parts = self._read(span, chosen, box, recent)
        while (part := await asyncio.to_thread(next, parts, None)) is not None:
            yield part

    async def exported(
        self,
        reach: Reach,
        format_: ExportFormat,
        span: Span,
        *,
        vehicles: Sequence[int] | None = None,
        box: Box | None = None,
    ) -> AsyncIterator[str]:
        """Yield a document of positions as it is read. Raises as ``positions``, before the first text."""
        writer = WRITERS[format_]()
        parts = (
            self._tracks(reach, span, vehicles)
            if format_ is ExportFormat.GPX
            else self.positions(reach, span, vehicles=vehicles, box=box)
        )
        first = await anext(parts, None)
        yield writer.begin()
        if first is not None:
            yield writer.add(first)
            async for part in parts:
                yield await asyncio.to_thread(writer.add, part)
        yield writer.end()

    async def _tracks(
        self, reach: Reach, span: Span, vehicles: Sequence[int] | None
    ) -> AsyncIterator[Records]:
        if not vehicles:
            raise Invalid(
                "invalid-input", "a GPX track is of a vehicle: name some", field="vehicles", limit=1
            )
        bounded(span, vehicles=len(vehicles))
        await self._chosen(reach, vehicles)
        for number in sorted(set(vehicles)):
            yield (await self.vehicle(reach, number, span, points=None)).positions

    async def area(self, reach: Reach, span: Span, box: Box) -> Records:
        """Return HISTORY[n] of everybody in a box; Invalid when that is more than 200,000 positions."""
        found: list[Records] = []
        async for part in self.positions(reach, span, box=box):
            found.append(part)
            if sum(map(len, found)) > AREA_POINTS_MOST:
                raise Invalid(
                    "invalid-input",
                    f"more than {AREA_POINTS_MOST} positions: ask for a smaller box or a shorter span",
                    field="bbox",
                    limit=AREA_POINTS_MOST,
                )
        return joined(found, HISTORY)

    async def city_at(self, reach: Reach, at_ms: int, box: Box | None = None) -> Records:
        """Return MOMENT[n]: each vehicle's last position at or before a moment within its silence limit."""
        from fleet.history.moment import MOMENT, as_moments, city_at

        _, offline_ms = silence_limits_ms(np.array([INTERVAL_MS], np.int64), self._clock.rate)
        silence_ms = int(offline_ms[0])
        recent = as_moments(await self._recent(Span(from_ms=at_ms - silence_ms, to_ms=at_ms)))
        vehicles = await self._within(reach)
        found = await asyncio.to_thread(
            city_at, self._folder, at_ms, silence_ms, tail=recent, vehicles=vehicles
        )
        assert found.dtype == MOMENT
        return found if box is None else found[box.holds(found)]

    async def live_at(self, reach: Reach, at_ms: int, box: Box | None = None) -> bytes:
        """Return the city at a moment as a live snapshot message, drawn by what draws the present."""
        from fleet.history.moment import as_live

        live = as_live(await self.city_at(reach, at_ms, box))
        return live_message(LiveKind.SNAPSHOT, 0, at_ms, live)

    async def summaries(self, reach: Reach, span: Span, *, vehicles: Sequence[int]) -> list[Summary]:
        """Return what each of the named vehicles did that said anything, ascending by number."""
        bounded(span, vehicles=len(vehicles))
        chosen = await self._chosen(reach, vehicles)
        assert chosen is not None
        recent = await self._recent(span)
        at_once = max(1, SUMMARY_ROWS * 1000 // max(span.length_ms, 1))
        found: list[Summary] = []
        for start in range(0, len(chosen), at_once):
            some = chosen[start : start + at_once]
            found += await asyncio.to_thread(self._summarise, span, some, recent)
        return found

    def level(self, span: Span) -> Level:
        """Return how finely the coarsest hour of a span is kept. Blocking."""
        from fleet.history.hourly import HourFiles
        from fleet.history.layout import POSITIONS
        from fleet.history.ledger import LEVELS
        from fleet.history.sweep import hour_head

        hours = HourFiles(self._folder, POSITIONS).between(span.from_ms // HOUR_MS, span.to_ms // HOUR_MS)
        levels = [hour_head(hour.path)[0].level for hour in hours]
        return max(levels, key=LEVELS.index, default=Level.FULL)

    async def _chosen(self, reach: Reach, vehicles: Sequence[int] | None) -> Numbers | None:
        allowed = await self._within(reach)
        if vehicles is None:
            return allowed
        foreign = [number for number in vehicles if not 0 < number <= _NUMBER_MOST]
        asked = np.unique(np.array([] if foreign else vehicles, np.int64))
        if allowed is not None:
            foreign += asked[~np.isin(asked, allowed)].tolist()
        if foreign:
            raise NotFound("not-found", f"there is no vehicle {foreign[0]}", vehicle_no=foreign[0])
        return asked

    async def _recent(self, span: Span) -> Records:
        """Return what the stream holds of a span, read before the files: so nothing falls between them."""
        horizon_ms = self._clock.now_ms() - round(TAIL_WALL_S * 1000 * self._clock.rate)
        if self._tail is None or span.to_ms < horizon_ms:
            return self._nothing()
        parts = [part[_holds(part, span)] async for part in self._tail.of_all()]
        return joined(parts, HISTORY)

    def _of_vehicle(self, vehicle_no: int, span: Span, recent: Records) -> Records:
        found = joined(self._read(span, np.array([vehicle_no]), None, recent), HISTORY)
        found = found[np.argsort(found["measured_ms"], kind="stable")]
        _, first = np.unique(found["measured_ms"], return_index=True)
        once: Records = found[first]
        return once

    def _summarise(self, span: Span, vehicles: Numbers, recent: Records) -> list[Summary]:
        found = joined(self._read(span, vehicles, None, recent), HISTORY)
        return [summarise(one) for one in by_vehicle(found)]

    def _read(
        self, span: Span, vehicles: Numbers | None, box: Box | None, recent: Records
    ) -> Iterator[Records]:
        from fleet.history.reading import History
        from fleet.history.sweep import Selection

        wanted = Selection(
            from_ms=span.from_ms,
            to_ms=span.to_ms,
            vehicles=vehicles,
            box_e7=None if box is None else box.e7,
        )
        tail = recent[wanted.holds(recent)]
        for part in History(self._folder).read(wanted):
            if len(tail) and int(part["measured_ms"].max()) >= int(tail["measured_ms"].min()):
                tail = _not_in(tail, part)
            yield part
        if len(tail):
            tail = tail[in_order(tail, "seq")]
            yield tail[sent_once(tail, "seq")]

    @staticmethod
    def _nothing() -> Records:
        return np.zeros(0, HISTORY)


def by_vehicle(records: Records) -> Iterable[Records]:
    """Return the records of each vehicle, ascending by number and time."""
    ordered = records[np.lexsort((records["measured_ms"], records["vehicle_no"]))]
    edges = np.flatnonzero(np.diff(ordered["vehicle_no"])) + 1
    return [part for part in np.split(ordered, edges) if len(part)]


def _holds(records: Records, span: Span) -> NDArray[np.bool_]:
    held: NDArray[np.bool_] = (records["measured_ms"] >= span.from_ms) & (
        records["measured_ms"] <= span.to_ms
    )
    return held


def _not_in(tail: Records, part: Records) -> Records:
    """Leave out of the tail what a file holds meanwhile."""
    both = joined((part, np.ascontiguousarray(tail)), HISTORY)
    order = in_order(both, "seq")
    first = np.ones(len(both), np.bool_)
    first[order] = sent_once(both[order], "seq")
    left: Records = tail[first[len(part) :]]
    return left
