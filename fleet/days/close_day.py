"""Closing a day: a row for every vehicle from its frames, then the word that the day is closed.

Every step may be the last one of a process: what is written stays, and doing it again writes only what is
missing. A row that exists is corrected by a later revision that says why, never changed.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date, timedelta, tzinfo
from typing import Final

import msgspec
import structlog

from core.clock import Clock, moment_of_ms
from core.crashpoints import reach
from core.database import Database
from core.errors import Conflict
from core.ids import VehicleNo
from fleet.days.circumstances import Slot, Timeline, slots_of
from fleet.days.compute import NOT_HEARD, Computed, Rules, whole_day
from fleet.days.fold import DayFold, Driven, margin_ms
from fleet.days.frames import DayFrames
from fleet.days.gather import DayCounter, counted_beside, counted_facts, district_grid, vehicle_facts
from fleet.days.regions import DistrictGrid
from fleet.days.store import Closing, DayStore, Put
from fleet.days.vehicle_day import FORMULA, DaySpan, span_of

VEHICLES_AT_ONCE: Final = 1_000
NAMED_MOST: Final = 10_000
"""Above so many vehicles all are computed: a statement cannot name them, and the files are read anyhow."""
LATE_DAYS: Final = 3
"""Closed days that late positions correct by themselves: no vehicle keeps frames for longer than that."""
LATE_FRAMES: Final = "late_frames"
LATE_FACTS: Final = "late_facts"
"""Alarms or what a service counts came after the close."""
INTERRUPTED: Final = "input_changed_before_closing"
"""Between an interrupted close and the next, frames came."""

_log = structlog.get_logger("fleet.days.close_day")


class DayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to a day."""

    day: date
    vehicles: int
    frames: int
    added: int
    corrected: int
    is_closed: bool


class DayCloser:
    """Computes and stores vehicle-days. Two at once write nothing twice; a lease keeps them from trying."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        frames: DayFrames,
        zone: tzinfo,
        *,
        silence_ms: int,
        counters: Sequence[DayCounter] = (),
    ) -> None:
        """Take the stores, the city's zone, the gap above which a vehicle is unknown, and who counts what."""
        self._database = database
        self._clock = clock
        self._frames = frames
        self._zone = zone
        self._silence_ms = silence_ms
        self._counters = tuple(counters)

    async def close(self, day: date) -> DayReport:
        """Compute every vehicle's day and close it. Raises Conflict while it is not over."""
        span = self._span(day)
        if self._clock.now_ms() < span.to_ms:
            raise Conflict("conflict", f"{day} is not over in {span.zone}", day=str(day))
        serial = await asyncio.to_thread(self._frames.newest_serial)
        report = await self._compute(span, None, INTERRUPTED)
        reach("before_day_closed")
        closing = Closing(
            local_date=day,
            closed_at=self._clock.now(),
            formula=FORMULA,
            vehicles=report.vehicles,
            frames=report.frames,
            looked_serial=serial,
        )
        async with self._database.write() as tx:
            is_closed = await DayStore(tx).close(closing)
        if is_closed:
            _log.info("day_closed", rows=report.added, vehicles=report.vehicles, frames=report.frames)
        return msgspec.structs.replace(report, is_closed=True)

    async def recompute(
        self, day: date, reason: str, vehicles: Collection[VehicleNo] | None = None
    ) -> DayReport:
        """Compute a closed day again; rows whose input changed get a revision with the reason.

        Raises Conflict for a day that is not closed, and when its history is not kept at full rate any more.
        """
        async with self._database.read() as tx:
            if not await DayStore(tx).has_closed(day):
                raise Conflict("conflict", f"{day} is not closed yet", day=str(day))
        named = vehicles if vehicles is None or len(vehicles) <= NAMED_MOST else None
        report = await self._compute(self._span(day), named, reason)
        _log.info(
            "day_recomputed", corrected=report.corrected, vehicles=report.vehicles, frames=report.frames
        )
        return msgspec.structs.replace(report, is_closed=True)

    async def pending(self, settled_ms: int) -> list[date]:
        """Return the days that are over by a moment and not closed, oldest first.

        Without a closed day they begin with the first hour of the history, which is kept at full rate.
        """
        async with self._database.read() as tx:
            last = await DayStore(tx).last_closing()
        if last is not None:
            day = last.local_date + timedelta(days=1)
        else:
            first_ms = await asyncio.to_thread(self._frames.first_ms)
            if first_ms is None:
                return []
            day = moment_of_ms(first_ms).astimezone(self._zone).date()
        found = []
        while self._span(day).to_ms <= settled_ms:
            found.append(day)
            day += timedelta(days=1)
        return found

    async def correct_late(self) -> list[DayReport]:
        """Correct closed days for which positions, alarms or counted things came since they were closed."""
        return [*await self._correct_late_frames(), *await self._correct_late_facts()]

    async def _correct_late_facts(self) -> list[DayReport]:
        async with self._database.read() as tx:
            last = await DayStore(tx).last_closing()
        if last is None:
            return []
        reports = []
        for back in range(LATE_DAYS - 1, -1, -1):
            day = last.local_date - timedelta(days=back)
            vehicles = await self._miscounted(day)
            if not vehicles:
                continue
            reports += await self._corrected(day, LATE_FACTS, vehicles)
        return reports

    async def _corrected(
        self, day: date, reason: str, vehicles: Collection[VehicleNo] | None
    ) -> list[DayReport]:
        """Recompute a closed day if its history is whole; else its rows stay as they are, and it is said."""
        try:
            report = await self.recompute(day, reason, vehicles)
        except Conflict as refused:
            _log.warning(f"{reason}_not_counted", day=str(day), why=str(refused))
            return []
        return [report] if report.corrected or report.added else []

    async def _miscounted(self, day: date) -> set[VehicleNo]:
        """Return whose row of a day says another number of alarms, orders or m² than is counted now.

        Alarms are never taken back and keep their kind, so that their number tells enough.
        """
        async with self._database.read() as tx:
            said = await DayStore(tx).facts(day)
            counted = await counted_facts(tx, self._span(day), self._counters)
            other = {
                number for number in said.keys() | counted.keys() if said.get(number) != counted.get(number)
            }
            have_row = await DayStore(tx).newest(day, other) if other else {}
        return set(have_row)

    async def _correct_late_frames(self) -> list[DayReport]:
        async with self._database.read() as tx:
            last = await DayStore(tx).last_closing()
            if last is None:
                return []
            first = last.local_date - timedelta(days=LATE_DAYS - 1)
            days = await DayStore(tx).closings(first, last.local_date)
        serial = await asyncio.to_thread(self._frames.newest_serial)
        margin = margin_ms(self._silence_ms)
        spans = [self._span(closing.local_date) for closing in days]
        late = await asyncio.to_thread(
            self._frames.late, last.looked_serial, spans[0].from_ms - margin, spans[-1].to_ms
        )
        reports = []
        for span in spans:
            vehicles = late.of(span, margin)
            if vehicles is None or vehicles:
                reports += await self._corrected(span.day, LATE_FRAMES, vehicles)
        async with self._database.write() as tx:
            await DayStore(tx).looked(last, serial)
        return reports

    async def _compute(self, span: DaySpan, vehicles: Collection[VehicleNo] | None, reason: str) -> DayReport:
        async with self._database.read() as tx:
            grid = await district_grid(tx, moment_of_ms(span.to_ms - 1))
        timeline = await self._timeline(span, vehicles)
        driven = await asyncio.to_thread(self._fold, timeline, grid, vehicles)
        rules = Rules(span=span, silence_ms=self._silence_ms, fences=grid.versions)
        numbers = list(timeline.slots)
        added = corrected = refused = 0
        for start in range(0, len(numbers), VEHICLES_AT_ONCE):
            some = {number: timeline.slots[number] for number in numbers[start : start + VEHICLES_AT_ONCE]}
            put = await self._store(some, driven, rules, reason)
            added, corrected = added + put.added, corrected + put.corrected
            refused += put.refused
        if refused:
            _log.warning("day_has_lost_positions", day=str(span.day), rows_left_as_they_are=refused)
        return DayReport(
            day=span.day,
            vehicles=len(numbers),
            frames=sum(one.frames for one in driven.values()),
            added=added,
            corrected=corrected,
            is_closed=False,
        )

    async def _timeline(self, span: DaySpan, vehicles: Collection[VehicleNo] | None) -> Timeline:
        slots: list[tuple[VehicleNo, tuple[Slot, ...]]] = []
        after: VehicleNo | None = None
        while True:
            async with self._database.read() as tx:
                page = await vehicle_facts(tx, span, after=after, numbers=vehicles, limit=VEHICLES_AT_ONCE)
            slots += [(one.vehicle_no, slots_of(one, span)) for one in page]
            if len(page) < VEHICLES_AT_ONCE:
                return Timeline(span, slots)
            after = page[-1].vehicle_no

    def _fold(
        self, timeline: Timeline, grid: DistrictGrid, vehicles: Collection[VehicleNo] | None
    ) -> dict[VehicleNo, Driven]:
        fold = DayFold(timeline, grid, silence_ms=self._silence_ms)
        for frames in self._frames.read(timeline.span, self._silence_ms, vehicles):
            fold.add(frames)
        return fold.finish()

    async def _store(
        self,
        slots: dict[VehicleNo, tuple[Slot, ...]],
        driven: dict[VehicleNo, Driven],
        rules: Rules,
        reason: str,
    ) -> Put:
        async with self._database.read() as tx:
            beside = await counted_beside(tx, rules.span, list(slots), self._counters)
        computed: list[Computed] = [
            whole_day(number, own, driven.get(number, NOT_HEARD), beside[number], rules)
            for number, own in slots.items()
        ]
        reach("before_day_rows")
        async with self._database.write() as tx:
            done = await DayStore(tx).put(computed, reason=reason, at=self._clock.now())
        reach("after_day_rows")
        return done

    def _span(self, day: date) -> DaySpan:
        return span_of(day, self._zone)
