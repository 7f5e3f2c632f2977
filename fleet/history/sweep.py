"""Going through history in bounded pieces: five minutes and a range of vehicles at a time, each record once.

Readers, compaction and the check all walk this way, so that none of them counts a record twice and none of
them needs more memory than a piece takes, however large the city is.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fleet.history.kept import BLOCK_MS, HOUR_MS, in_order, sent_once
from fleet.history.layout import GROUP, Kind, read_head
from fleet.history.ledger import HourLedger, RawLedger
from fleet.telemetry.records import Records, joined

PIECE_ROWS: Final = 300_000
"""Records of one piece. Compacting 100,000 vehicles peaks 100 MB above the process itself; a million would
take 220 MB and as much CPU (12 million records, 2026-11-29)."""
GROUPS_AT_ONCE: Final = 16
ASKED: Final = ("vehicle_no", "measured_ms", "lat_e7", "lng_e7")
"""Columns that a selection asks about."""
TRIES_MOST: Final = 20
_TABLE_MOST: Final = 1 << 22
"""Vehicle numbers below it are looked up in a table: 1 ns a row, where searching takes 70."""
_FIRST: Final = 0
_LAST: Final = 2**32 - 1

type Numbers = NDArray[Any]
type Mask = NDArray[np.bool_]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; the ends of the span belong to it."""

    from_ms: int
    to_ms: int
    vehicles: Numbers | None = None
    """Sorted vehicle numbers; None for all."""
    box_e7: tuple[int, int, int, int] | None = None
    """South, north, west, east in degrees ×1e7."""
    columns: tuple[str, ...] | None = None
    """Columns of positions that are read beside ``ASKED`` and the sequence; fields that were not read are 0.
    None for all: two thirds of the time of a reading."""

    def holds(self, records: Records | Mapping[str, Numbers]) -> Mask:
        """Say which records, or rows of columns, are asked for."""
        ms = records["measured_ms"]
        held: Mask = (ms >= self.from_ms) & (ms <= self.to_ms)
        if self.vehicles is not None:
            held &= among(self.vehicles, records["vehicle_no"])
        if self.box_e7 is not None:
            south, north, west, east = self.box_e7
            lat, lng = records["lat_e7"], records["lng_e7"]
            held &= (lat >= south) & (lat <= north) & (lng >= west) & (lng <= east)
        return held

    def may_hold(self, groups: Records) -> Mask:
        """Say which of GROUP[n] may hold something that is asked for."""
        held: Mask = (groups["to_ms"] >= self.from_ms) & (groups["from_ms"] <= self.to_ms)
        if self.vehicles is not None:
            first = np.searchsorted(self.vehicles, groups["first_vehicle"])
            held &= first < np.searchsorted(self.vehicles, groups["last_vehicle"], side="right")
        if self.box_e7 is not None:
            south, north, west, east = self.box_e7
            held &= (groups["north_e7"] >= south) & (groups["south_e7"] <= north)
            held &= (groups["east_e7"] >= west) & (groups["west_e7"] <= east)
        return held


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file with what its row groups span."""

    path: Path
    groups: Records
    from_ms: int
    to_ms: int
    without_hours: frozenset[int] = frozenset()
    """Hours whose records another file holds already."""

    @classmethod
    def of(cls, path: Path, groups: Records, without_hours: frozenset[int] = frozenset()) -> Self:
        """Return a source; one without groups spans nothing."""
        from_ms = int(groups["from_ms"].min()) if len(groups) else 1
        to_ms = int(groups["to_ms"].max()) if len(groups) else 0
        return cls(path=path, groups=groups, from_ms=from_ms, to_ms=to_ms, without_hours=without_hours)


type Listing = Callable[[int, int], list[Source]]
"""Return the files that may hold what was measured in a span, as they are on disk now."""


class _Piece(msgspec.Struct, frozen=True):
    first_vehicle: int
    last_vehicle: int


@lru_cache(maxsize=4096)
def raw_head(path: Path) -> tuple[RawLedger, Records]:
    """Return (account, GROUP[n]) of a raw file; a file never changes. Raises FileNotFoundError."""
    ledger, groups = read_head(path)
    return msgspec.json.decode(ledger, type=RawLedger), groups


@lru_cache(maxsize=256)
def hour_head(path: Path) -> tuple[HourLedger, Records]:
    """Return (account, GROUP[n]) of an hour file; a file never changes. Raises FileNotFoundError."""
    ledger, groups = read_head(path)
    return msgspec.json.decode(ledger, type=HourLedger), groups


def sweep(
    kind: Kind, listing: Listing, wanted: Selection, *, piece_rows: int = PIECE_ROWS
) -> Iterator[tuple[Records, int]]:
    """Yield (records sorted by block, vehicle and time, how many were there twice and left out).

    Pieces come in the order of the blocks, then of the vehicles. A file that vanishes under the reader was
    replaced: its piece is read again from what stands there then. Runs in a thread; costs what it reads.
    """
    walk = Walk(listing, wanted)
    for block in range(wanted.from_ms // BLOCK_MS, wanted.to_ms // BLOCK_MS + 1):
        from_ms = max(wanted.from_ms, block * BLOCK_MS)
        to_ms = min(wanted.to_ms, (block + 1) * BLOCK_MS - 1)
        of_block = msgspec.structs.replace(wanted, from_ms=from_ms, to_ms=to_ms)
        for piece in _pieces(walk.within(from_ms, to_ms), of_block, piece_rows):
            read = partial(_read, kind, wanted=of_block, piece=piece)
            records = joined(walk.read(read, from_ms, to_ms), kind.dtype)
            records = records[in_order(records, kind.seq)]
            first = sent_once(records, kind.seq)
            again = len(first) - int(first.sum())
            if len(records):
                yield records[first], again


class Walk:
    """The files of a selection; listed again, and read again, when one of them vanished."""

    def __init__(self, listing: Listing, wanted: Selection) -> None:
        """List the files of the selection's span."""
        self._listing = listing
        self._wanted = wanted
        self._list()

    def within(self, from_ms: int, to_ms: int) -> list[Source]:
        """Return the files that may hold something of a span."""
        return [source for source in self._sources if source.from_ms <= to_ms and source.to_ms >= from_ms]

    def read(
        self,
        read: Callable[[Source], Iterator[Records]],
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> list[Records]:
        """Return what ``read`` gives of every file of a span, all of them standing while it read."""
        since = self._wanted.from_ms if from_ms is None else from_ms
        until = self._wanted.to_ms if to_ms is None else to_ms
        for _ in range(TRIES_MOST):
            try:
                return [part for source in self.within(since, until) for part in read(source)]
            except FileNotFoundError:
                self._list()
        return [part for source in self.within(since, until) for part in read(source)]

    def _list(self) -> None:
        for _ in range(TRIES_MOST):
            try:
                self._sources = self._listing(self._wanted.from_ms, self._wanted.to_ms)
            except FileNotFoundError:
                continue
            return
        self._sources = self._listing(self._wanted.from_ms, self._wanted.to_ms)


def _read(kind: Kind, source: Source, wanted: Selection, piece: _Piece) -> Iterator[Records]:
    groups = source.groups
    may = wanted.may_hold(groups)
    may &= (groups["last_vehicle"] >= piece.first_vehicle) & (groups["first_vehicle"] <= piece.last_vehicle)
    numbers = [int(number) for number in np.flatnonzero(may)]
    if not numbers:
        return
    columns = None if wanted.columns is None else [*ASKED, kind.seq, *wanted.columns]
    with pq.ParquetFile(source.path) as file:
        for start in range(0, len(numbers), GROUPS_AT_ONCE):
            some = numbers[start : start + GROUPS_AT_ONCE]
            table = file.read_row_groups(some, columns=columns, use_threads=False)
            held = _held(table, source, wanted, piece)
            if held.any():
                # Fewer rows first: to make records of all of them costs as much as to read them.
                yield kind.to_records(table if held.all() else table.filter(pa.array(held)))


def _held(table: pa.Table, source: Source, wanted: Selection, piece: _Piece) -> Mask:
    """Say which rows of a table are asked for, belong to the piece and stand in no other file."""
    asked = [name for name in ASKED if name in table.column_names]
    columns = {name: table.column(name).to_numpy() for name in asked}
    vehicles = columns["vehicle_no"]
    held = wanted.holds(columns)
    held &= (vehicles >= piece.first_vehicle) & (vehicles <= piece.last_vehicle)
    for hour in source.without_hours:
        held &= columns["measured_ms"] // HOUR_MS != hour
    return held


def _pieces(sources: list[Source], wanted: Selection, piece_rows: int) -> list[_Piece]:
    """Split a block by vehicles so that a piece holds about so many records; none when there is nothing."""
    groups = np.concatenate([np.zeros(0, GROUP), *(source.groups for source in sources)])
    groups = groups[wanted.may_hold(groups)]
    if not len(groups):
        return []
    ends = [_LAST]
    rows = groups["rows"] * _share_of_span(groups, wanted) * _share_of_vehicles(groups, wanted)
    wanted_pieces = int(np.ceil(rows.sum() / piece_rows))
    if wanted_pieces > 1:
        order = np.argsort(groups["last_vehicle"], kind="stable")
        sums = np.cumsum(rows[order])
        at = np.searchsorted(sums, sums[-1] * np.arange(1, wanted_pieces) / wanted_pieces)
        ends = [*(int(end) for end in np.unique(groups["last_vehicle"][order][at])), _LAST]
    starts = [_FIRST, *(end + 1 for end in ends[:-1])]
    return [_Piece(start, end) for start, end in zip(starts, ends, strict=True)]


def _share_of_span(groups: Records, wanted: Selection) -> NDArray[np.float64]:
    """Return which part of each group's time lies in the span: an estimate of its records there."""
    inside = np.minimum(groups["to_ms"], wanted.to_ms) - np.maximum(groups["from_ms"], wanted.from_ms) + 1
    share: NDArray[np.float64] = inside / (groups["to_ms"] - groups["from_ms"] + 1)
    return share


def _share_of_vehicles(groups: Records, wanted: Selection) -> NDArray[np.float64]:
    """Return which part of each group's vehicle numbers is asked for."""
    if wanted.vehicles is None:
        return np.ones(len(groups))
    first = np.searchsorted(wanted.vehicles, groups["first_vehicle"])
    asked = np.searchsorted(wanted.vehicles, groups["last_vehicle"], side="right") - first
    share: NDArray[np.float64] = asked / (groups["last_vehicle"] - groups["first_vehicle"] + 1)
    return share


def among(numbers: Numbers, asked: Numbers) -> Mask:
    """Say which of the asked are among sorted numbers."""
    if not len(numbers):
        return np.zeros(len(asked), np.bool_)
    if int(numbers[-1]) < _TABLE_MOST and int(numbers[0]) >= 0:
        table = np.zeros(int(numbers[-1]) + 2, np.bool_)
        table[numbers] = True
        held: Mask = table[np.minimum(asked, len(table) - 1)]
        return held
    at = np.minimum(np.searchsorted(numbers, asked), len(numbers) - 1)
    found: Mask = numbers[at] == asked
    return found
