"""The frames of a day folded into sums, some at a time: no vehicle's whole day is ever in memory.

Frames may come in any cut as long as a vehicle's earlier ones come before its later ones; within one call
their order does not matter, and a position that comes twice counts once.
"""

from hashlib import sha256
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.ids import VehicleNo
from fleet.days.circumstances import DUTIES, SERVICES, STAGES, Timeline
from fleet.days.regions import HOME, Regions
from fleet.days.segments import STOP_MS, Segments, measure, modes_of
from fleet.days.vehicle_day import Part
from fleet.telemetry.records import STREAM_POSITION, Records
from fleet.vehicles.kinds import CONTROL_MODES, TO_MOVE, ControlMode, Duty

_FIELDS: Final = tuple(name for name in STREAM_POSITION.names or () if name != "pad")
_RECORD: Final = STREAM_POSITION.itemsize
_MOVES: Final = np.array([duty in TO_MOVE for duty in DUTIES])
_CANNOT: Final = np.array([mode in (ControlMode.MINIMAL_RISK, ControlMode.OFF) for mode in CONTROL_MODES])
_FAULT: Final = DUTIES.index(Duty.FAULT)
_SUMS: Final = (
    *("metres", "known_ms", "takeovers", "stops", "harsh_brakes"),
    *("available_ms", "stops_on_the_way", "teleports", "used"),
)
_OF_PARTS: Final = 5
"""So many of the sums are told by part, the others of the whole day."""
_NEVER: Final = -1


class Driven(msgspec.Struct, frozen=True, kw_only=True):
    """What the frames of a vehicle's day say."""

    parts: tuple[Part, ...]
    frames: int
    frames_sha256: bytes
    """Over the canonical positions: see docs/vehicle-days.md."""
    known_s: float
    available_s: float
    stops_on_the_way: int
    teleports: int
    battery_used_ratio: float | None


def margin_ms(silence_ms: int) -> int:
    """Return how much before and after a day its frames are read: segments and stops pass midnight."""
    return 2 * max(silence_ms, STOP_MS)


class DayFold:
    """Sums of one day over the vehicles of a timeline. Blocking work for a thread, one at a time."""

    def __init__(self, timeline: Timeline, regions: Regions, *, silence_ms: int) -> None:
        """Take what held, where 旗区 are, and the gap above which nobody knows what a vehicle did."""
        count = len(timeline.numbers)
        self.timeline = timeline
        self.silence_ms = silence_ms
        self.read = 0
        """Positions given to ``add``."""
        self._regions = regions
        self._codes = tuple(sorted({*timeline.codes, *regions.codes}))
        self._of_region = _places(regions.codes, self._codes)
        self._of_home = _places(timeline.codes, self._codes)
        self._last = np.zeros(count, STREAM_POSITION)
        self._was_harsh = np.zeros(count, np.bool_)
        self._stands_since = np.full(count, _NEVER, np.int64)
        self._frames = np.zeros(count, np.int64)
        self._told_charge = np.zeros(count, np.bool_)
        self._hashes: dict[int, Any] = {}
        self._sums: dict[int, NDArray[np.float64]] = {}

    def __repr__(self) -> str:
        return f"DayFold({self.timeline!r}, {self.read} positions read, {len(self._sums)} parts)"

    def add(self, frames: Records) -> None:
        """Take positions: any structured array with the fields of STREAM_POSITION."""
        self.read += len(frames)
        records, rows = self._wanted(frames)
        if not len(records):
            return
        self._note(records, rows)
        records, rows = self._after_the_last(records, rows)
        pairs = np.flatnonzero(rows[1:] == rows[:-1])
        ends = np.append(np.flatnonzero(rows[1:] != rows[:-1]), len(rows) - 1)
        if len(pairs):
            self._take_pairs(records[pairs], records[pairs + 1], rows[pairs])
        self._last[rows[ends]] = records[ends]

    def finish(self) -> dict[VehicleNo, Driven]:
        """Return what was driven by each vehicle that was heard on the day or around it."""
        by_row: dict[int, list[tuple[int, NDArray[np.float64]]]] = {}
        for key, sums in sorted(self._sums.items()):
            by_row.setdefault(key // self._part_keys, []).append((key % self._part_keys, sums))
        return {
            VehicleNo(int(self.timeline.numbers[row])): self._driven(row, by_row.get(row, []))
            for row in sorted(self._hashes)
        }

    def _wanted(self, frames: Records) -> tuple[Records, NDArray[np.int64]]:
        """Return STREAM_POSITION[n] and rows: by vehicle and time, each position once, none taken before."""
        margin = margin_ms(self.silence_ms)
        ms = frames["measured_ms"]
        rows = self.timeline.rows_of(frames["vehicle_no"])
        keep = (rows >= 0) & (ms >= self.timeline.span.from_ms - margin)
        keep &= ms < self.timeline.span.to_ms + margin
        records, rows = _canonical(frames[keep]), rows[keep]
        keys = (rows << 44) + (records["measured_ms"] - (self.timeline.span.from_ms - margin))
        if (keys[1:] <= keys[:-1]).any():
            order = np.lexsort([records[name] for name in reversed(_FIELDS)] + [keys])
            records, rows, keys = records[order], rows[order], keys[order]
        fresh = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
        fresh &= records["measured_ms"] > self._last["measured_ms"][rows]
        return (records, rows) if fresh.all() else (records[fresh], rows[fresh])

    def _note(self, records: Records, rows: NDArray[np.int64]) -> None:
        """Count what was measured within the day, and put every position into its vehicle's hash."""
        span, ms = self.timeline.span, records["measured_ms"]
        today = rows[(ms >= span.from_ms) & (ms < span.to_ms)]
        self._frames += np.bincount(today, minlength=len(self._frames))
        data = memoryview(np.ascontiguousarray(records)).cast("B")
        starts = np.append(np.flatnonzero(np.append(True, rows[1:] != rows[:-1])), len(rows))
        for row, start, end in zip(
            rows[starts[:-1]].tolist(), starts[:-1].tolist(), starts[1:].tolist(), strict=True
        ):
            known = self._hashes.get(row)
            if known is None:
                known = self._hashes[row] = sha256()
            known.update(data[start * _RECORD : end * _RECORD])

    def _after_the_last(self, records: Records, rows: NDArray[np.int64]) -> tuple[Records, NDArray[np.int64]]:
        """Return the records with the last known one of each vehicle put before its first."""
        firsts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
        firsts = firsts[self._last["measured_ms"][rows[firsts]] > 0]
        if not len(firsts):
            return records, rows
        before = rows[firsts]
        return np.insert(records, firsts, self._last[before]), np.insert(rows, firsts, before)

    def _take_pairs(self, first: Records, last: Records, rows: NDArray[np.int64]) -> None:
        segments = measure(first, last, self.silence_ms)
        span = self.timeline.span
        day_begins = self.timeline.begins_ms[rows]
        begins = np.maximum(first["measured_ms"], day_begins)
        within_ms = np.maximum(np.minimum(last["measured_ms"], span.to_ms) - begins, 0)
        is_today = (last["measured_ms"] >= day_begins) & (last["measured_ms"] < span.to_ms)
        held = self.timeline.at(rows, begins)
        is_new, since = self._standing(first, last, rows, segments)
        is_braking = segments.is_harsh & ~self._was_braking(rows, segments)
        mode = modes_of(first)
        share = within_ms / segments.elapsed_ms
        known_ms = np.where(segments.is_known, within_ms, 0)
        is_stop = is_new & (since >= day_begins) & (since < span.to_ms)
        can = ~_CANNOT[mode] & (held["duty"] != _FAULT) & (held["stage"] > 0)
        columns = (
            *(segments.metres * share, known_ms, segments.is_takeover & is_today, is_stop),
            *(is_braking & is_today, known_ms * can, is_stop & _MOVES[held["duty"]]),
            *(segments.is_teleport & is_today, segments.used * share),
        )
        self._told_charge[rows[(first["battery_200"] != 255) & (last["battery_200"] != 255)]] = True
        counts = (within_ms > 0) | is_today | is_stop
        self._sum(self._keys(rows, mode, held, first)[counts], [column[counts] for column in columns])

    def _standing(
        self, first: Records, last: Records, rows: NDArray[np.int64], segments: Segments
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return which segments make a stop longer than a minute, and since when each one stands.

        Exactly one segment of a long stop does: the one that passes the minute.
        """
        is_first = np.append(True, rows[1:] != rows[:-1])
        stands = segments.is_standing
        goes_on = stands & np.append(False, stands[:-1]) & ~is_first
        since = first["measured_ms"].copy()
        carried = self._stands_since[rows]
        since = np.where(is_first & stands & (carried != _NEVER), carried, since)
        begins = np.where(goes_on, 0, np.arange(len(rows)))
        since = since[np.maximum.accumulate(begins)]
        ends = np.append(is_first[1:], True)
        self._stands_since[rows[ends]] = np.where(stands[ends], since[ends], _NEVER)
        passes = (last["measured_ms"] - since > STOP_MS) & (first["measured_ms"] - since <= STOP_MS)
        return stands & passes, since

    def _was_braking(self, rows: NDArray[np.int64], segments: Segments) -> NDArray[np.bool_]:
        """Return whether the segment before was a harsh brake too: one brake counts once."""
        is_first = np.append(True, rows[1:] != rows[:-1])
        before = np.where(is_first, self._was_harsh[rows], np.append(False, segments.is_harsh[:-1]))
        ends = np.append(is_first[1:], True)
        self._was_harsh[rows[ends]] = segments.is_harsh[ends]
        return before

    @property
    def _part_keys(self) -> int:
        return len(CONTROL_MODES) * len(STAGES) * len(self._codes) * len(SERVICES)

    def _keys(self, rows: NDArray[np.int64], mode: Any, held: Any, first: Records) -> NDArray[np.int64]:
        """Return the number of the part that each segment belongs to."""
        region = self._regions.of(first["lat_e7"], first["lng_e7"])
        district = self._of_home[held["district"]]
        if len(self._of_region):
            district = np.where(region == HOME, district, self._of_region[region])
        keys = (rows * len(CONTROL_MODES) + mode) * len(STAGES) + held["stage"]
        result: NDArray[np.int64] = (keys * len(self._codes) + district) * len(SERVICES) + held["service"]
        return result

    def _sum(self, keys: NDArray[np.int64], columns: list[NDArray[Any]]) -> None:
        """Add each run of one part; runs are few, because a vehicle seldom changes anything."""
        if not len(keys):
            return
        starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        sums = np.stack([np.add.reduceat(column.astype(np.float64), starts) for column in columns], axis=1)
        for key, row in zip(keys[starts].tolist(), sums, strict=True):
            if key in self._sums:
                self._sums[key] += row
            else:
                self._sums[key] = row.copy()

    def _driven(self, row: int, parts: list[tuple[int, NDArray[np.float64]]]) -> Driven:
        whole = sum((sums for _, sums in parts), np.zeros(len(_SUMS)))
        total = dict(zip(_SUMS, np.asarray(whole).tolist(), strict=True))
        return Driven(
            parts=tuple(
                self._part(key, dict(zip(_SUMS, sums.tolist(), strict=True)))
                for key, sums in parts
                if sums[:_OF_PARTS].any()
            ),
            frames=int(self._frames[row]),
            frames_sha256=self._hashes[row].digest(),
            known_s=total["known_ms"] / 1000,
            available_s=total["available_ms"] / 1000,
            stops_on_the_way=round(total["stops_on_the_way"]),
            teleports=round(total["teleports"]),
            battery_used_ratio=total["used"] if self._told_charge[row] else None,
        )

    def _part(self, key: int, sums: dict[str, Any]) -> Part:
        key, service = divmod(key, len(SERVICES))
        key, district = divmod(key, len(self._codes))
        mode, stage = divmod(key, len(STAGES))
        return Part(
            mode=CONTROL_MODES[mode],
            stage=STAGES[stage],
            district=self._codes[district],
            service=SERVICES[service],
            metres=sums["metres"],
            seconds=sums["known_ms"] / 1000,
            takeovers=round(sums["takeovers"]),
            stops=round(sums["stops"]),
            harsh_brakes=round(sums["harsh_brakes"]),
        )


def _canonical(frames: Records) -> Records:
    """Return STREAM_POSITION[n] with its padding zeroed, whatever else the records carried."""
    records = np.zeros(len(frames), STREAM_POSITION)
    for name in _FIELDS:
        records[name] = frames[name]
    return records


def _places(some: Any, of: tuple[Any, ...]) -> NDArray[np.int64]:
    return np.array([of.index(code) for code in some], np.int64)
