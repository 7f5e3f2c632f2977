"""The positions of a day out of the history's files, and what came late. Blocking: run it in a thread."""

from collections.abc import Collection, Iterator, Mapping, Set
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq

from core.errors import Conflict
from core.ids import VehicleNo
from fleet.days.fold import margin_ms
from fleet.days.vehicle_day import DaySpan
from fleet.history.files import RawFile, RawFiles
from fleet.history.hourly import HourFiles
from fleet.history.kept import HOUR_MS, hour_of
from fleet.history.layout import POSITIONS
from fleet.history.ledger import Level
from fleet.history.reading import History
from fleet.history.sweep import Selection, hour_head
from fleet.telemetry.records import Records


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """What came after a moment, by the hour (UTC, since the epoch) in which it was measured."""

    by_hour: Mapping[int, frozenset[VehicleNo]]
    """Whose positions: of raw files that still stand."""
    hours: Set[int]
    """Hours that have taken such a file already: whose positions it held is not told any more."""

    def of(self, span: DaySpan, margin_ms: int) -> frozenset[VehicleNo] | None:
        """Return the vehicles whose day this changes, None when it may be any."""
        hours = range(hour_of(span.from_ms - margin_ms), hour_of(span.to_ms + margin_ms) + 1)
        if not self.hours.isdisjoint(hours):
            return None
        return frozenset().union(*(self.by_hour.get(hour, frozenset()) for hour in hours))


class DayFrames:
    """Reads the history of one folder for vehicle-days."""

    def __init__(self, folder: Path) -> None:
        self._history = History(folder)
        self._hours = HourFiles(folder, POSITIONS)
        self._raw = folder / POSITIONS.name

    def __repr__(self) -> str:
        return f"DayFrames({self._history!r})"

    def read(
        self, span: DaySpan, silence_ms: int, vehicles: Collection[VehicleNo] | None = None
    ) -> Iterator[Records]:
        """Yield HISTORY[n] of a day and its margins, earlier ones of a vehicle first; None reads all.

        Raises Conflict when an hour of it is no longer kept at full rate: no day is computed from less.
        """
        margin = margin_ms(silence_ms)
        from_ms, to_ms = span.from_ms - margin, span.to_ms + margin
        self._must_be_whole(span, from_ms, to_ms)
        numbers = None if vehicles is None else np.array(sorted(vehicles), np.int64)
        yield from self._history.read(Selection(from_ms=from_ms, to_ms=to_ms, vehicles=numbers))

    def first_ms(self) -> int | None:
        """Return when the oldest hour that is kept at full rate begins; None without history."""
        hours = [
            hour for hour, file in self._hours.newest().items() if hour_head(file.path)[0].level is Level.FULL
        ]
        raw = [hour_of(file.oldest_ms) for file in RawFiles.all(self._raw)]
        return min((*hours, *raw), default=None) and min((*hours, *raw)) * HOUR_MS

    def newest_serial(self) -> int:
        """Return the number of the newest raw file, 0 without any."""
        return max((file.serial for file in RawFiles.all(self._raw)), default=0)

    def late(self, after_serial: int, from_ms: int, before_ms: int) -> Late:
        """Return what raw files above a number brought that was measured within a span."""
        found: dict[int, set[VehicleNo]] = {}
        for file in sorted(RawFiles.all(self._raw)):
            if file.serial > after_serial and file.oldest_ms < before_ms and file.newest_ms >= from_ms:
                for number, hour in _measured(file, from_ms, before_ms):
                    found.setdefault(hour, set()).add(VehicleNo(number))
        taken = {
            file.hour
            for file in self._hours.between(hour_of(from_ms), hour_of(before_ms - 1))
            if any(run.last > after_serial and run.records for run in hour_head(file.path)[0].taken)
        }
        return Late(by_hour={hour: frozenset(numbers) for hour, numbers in found.items()}, hours=taken)

    def _must_be_whole(self, span: DaySpan, from_ms: int, to_ms: int) -> None:
        for file in self._hours.between(hour_of(from_ms), hour_of(to_ms)):
            level = hour_head(file.path)[0].level
            if level is not Level.FULL:
                raise Conflict(
                    "conflict",
                    f"the history of {span.day} is {level}: days are computed from every position",
                    day=str(span.day),
                    level=level.value,
                )


def _measured(file: RawFile, from_ms: int, before_ms: int) -> list[tuple[int, int]]:
    """Return (vehicle, hour) of what a file holds of a span; nothing when an hour has taken it meanwhile."""
    try:
        table = pq.ParquetFile(file.path).read(columns=["vehicle_no", "measured_ms"])
    except FileNotFoundError:
        return []
    numbers, ms = (table.column(name).to_numpy() for name in ("vehicle_no", "measured_ms"))
    those = (ms >= from_ms) & (ms < before_ms)
    pairs = np.unique(np.column_stack((numbers[those].astype(np.int64), ms[those] // HOUR_MS)), axis=0)
    return [(int(number), int(hour)) for number, hour in pairs]
