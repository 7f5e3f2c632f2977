"""The proof that no position is missing and none is there twice, from the files alone.

Every position that the archiver ever stored (the newest raw file's totals) stands in a raw file that its hour
has not taken, or in the account of its hour as stored, sent again, or removed by a named rule.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from fleet.history.files import RawFile, RawFiles
from fleet.history.hourly import HourFiles
from fleet.history.kept import HOUR_MS
from fleet.history.layout import POSITIONS
from fleet.history.ledger import HourLedger, Level, RawLedger, Totals, added
from fleet.history.reading import History
from fleet.history.sweep import Selection, hour_head, raw_head, sweep
from fleet.telemetry.records import Records

TRIES_MOST: Final = 3

type Say = Callable[[int, int], None]
"""Told (hours done, hours in all) as the check goes on."""


class SeqGap(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that a vehicle counted and the history does not hold, in an hour at full rate."""

    vehicle_no: int
    after_seq: int
    before_seq: int
    measured_ms: int
    """When the position behind the gap was measured."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; the history is sound when there is no complaint."""

    complaints: tuple[str, ...]
    totals: Totals
    """The archiver's: read = stored + again + shed."""
    in_raw: int
    """Positions in raw files that no hour has taken."""
    in_hours: int
    """Positions that hour files hold."""
    removed: Mapping[str, int]
    again_in_hours: int
    raw_files: int
    hours: int
    read_back: int
    """Positions that were read back and found once each."""
    seq_gaps: int
    """Sequence numbers missing between neighbours at full rate: never received, as far as the files know."""
    first_seq_gap: SeqGap | None

    @property
    def is_sound(self) -> bool:
        """Return whether nothing is missing and nothing is there twice."""
        return not self.complaints


def check(folder: Path, *, say: Say = lambda _done, _of: None) -> Report:
    """Check the accounts, then read every position back. Blocking; costs a reading of the whole history.

    An archiver may be at work: when files moved meanwhile, what is complained of is looked at once more.
    """
    for _ in range(TRIES_MOST):
        before = _standing(folder)
        try:
            report = _checked(folder, say)
        except FileNotFoundError:
            continue
        if report.is_sound or before == _standing(folder):
            return report
    return _checked(folder, say)


def _standing(folder: Path) -> set[Path]:
    raw = {file.path for file in RawFiles.all(folder / POSITIONS.name)}
    return raw | {file.path for file in HourFiles(folder, POSITIONS).all()}


def _checked(folder: Path, say: Say) -> Report:
    raw = sorted(RawFiles.all(folder / POSITIONS.name))
    ledgers = {file.serial: raw_head(file.path)[0] for file in raw}
    hours = {
        hour: hour_head(file.path)[0] for hour, file in sorted(HourFiles(folder, POSITIONS).newest().items())
    }
    totals = ledgers[raw[-1].serial].totals if raw else Totals()
    complaints = [*_chain(raw, ledgers), *_unbalanced(hours), *_total(totals, ledgers, hours)]
    found = _ReadBack()
    expected = _expected(ledgers, hours)
    for done, (hour, count) in enumerate(sorted(expected.items())):
        found.read(folder, hour, is_full=hour not in hours or hours[hour].level is Level.FULL)
        complaints += found.against(hour, count)
        say(done + 1, len(expected))
    removed: Mapping[str, int] = {}
    for ledger in hours.values():
        removed = added(removed, ledger.removed)
    return Report(
        complaints=tuple(complaints),
        totals=totals,
        in_raw=sum(_untaken(ledgers, hours).values()),
        in_hours=sum(ledger.stored for ledger in hours.values()),
        removed=removed,
        again_in_hours=sum(ledger.again for ledger in hours.values()),
        raw_files=len(raw),
        hours=len(hours),
        read_back=found.read_back,
        seq_gaps=found.seq_gaps,
        first_seq_gap=found.first_seq_gap,
    )


def _chain(raw: Sequence[RawFile], ledgers: Mapping[int, RawLedger]) -> Iterator[str]:
    """Complain where a raw file does not begin at the stream entry where the one before it ended."""
    serials = [file.serial for file in raw]
    if len(set(serials)) != len(serials):
        yield "two raw files have the same serial number"
    for earlier, later in pairwise(raw):
        ends, begins = ledgers[earlier.serial].up_to, ledgers[later.serial].after
        if later.serial == earlier.serial + 1 and ends != begins:
            yield f"raw file {later.serial} does not begin where {earlier.serial} ended: {later.path.name}"
    for serial, ledger in ledgers.items():
        counts = ledger.totals
        if counts.read != counts.stored + counts.again + sum(counts.shed.values()):
            yield f"the totals of raw file {serial} do not add up: {counts}"


def _unbalanced(hours: Mapping[int, HourLedger]) -> Iterator[str]:
    for hour, ledger in hours.items():
        if not ledger.is_balanced:
            yield f"the account of {said(hour)} does not add up: {ledger}"


def _total(
    totals: Totals, ledgers: Mapping[int, RawLedger], hours: Mapping[int, HourLedger]
) -> Iterator[str]:
    taken = sum(ledger.records_taken for ledger in hours.values())
    held = taken + sum(_untaken(ledgers, hours).values())
    if held < totals.stored:
        first = _first_missing(ledgers, hours)
        yield f"{totals.stored - held} positions that were stored are nowhere; {first}"
    if held > totals.stored:
        yield f"{held - totals.stored} positions more are held than were ever stored"


def _first_missing(ledgers: Mapping[int, RawLedger], hours: Mapping[int, HourLedger]) -> str:
    """Name the first raw file that is neither there nor taken by an hour."""
    last = max(ledgers, default=0)
    known = np.zeros(last + 2, np.bool_)
    known[list(ledgers)] = True
    for ledger in hours.values():
        for run in ledger.taken:
            known[run.first : run.last + 1] = True
    missing = [int(serial) + 1 for serial in np.flatnonzero(~known[1:last])]
    if not missing:
        return "every raw file was taken, so an hour file was lost or exchanged"
    before = max((serial for serial in ledgers if serial < missing[0]), default=None)
    where = "" if before is None else f", which begins after {dict(ledgers[before].up_to)}"
    return f"the first gap is raw file {missing[0]}{where}"


def _untaken(ledgers: Mapping[int, RawLedger], hours: Mapping[int, HourLedger]) -> dict[int, int]:
    """Return the positions in raw files that their hour has not taken, by hour."""
    counts: dict[int, int] = {}
    for serial, ledger in ledgers.items():
        for hour, count in ledger.hours.items():
            if hour not in hours or not hours[hour].has_taken(serial):
                counts[hour] = counts.get(hour, 0) + count
    return counts


def _expected(ledgers: Mapping[int, RawLedger], hours: Mapping[int, HourLedger]) -> dict[int, int]:
    counts = _untaken(ledgers, hours)
    for hour, ledger in hours.items():
        counts[hour] = counts.get(hour, 0) + ledger.stored
    return counts


class _ReadBack:
    """Reads hours back; counts what is there and what the vehicles' own counting says is not."""

    def __init__(self) -> None:
        self.read_back = 0
        self.seq_gaps = 0
        self.first_seq_gap: SeqGap | None = None
        self._rows = 0
        self._again = 0
        self._last: dict[int, int] = {}

    def read(self, folder: Path, hour: int, *, is_full: bool) -> None:
        whole = Selection(from_ms=hour * HOUR_MS, to_ms=(hour + 1) * HOUR_MS - 1)
        self._rows = self._again = 0
        if not is_full:
            self._last = {}
        for records, again in sweep(POSITIONS, History(folder).sources, whole):
            self._rows += len(records)
            self._again += again
            if is_full:
                self._count_gaps(records)
        self.read_back += self._rows

    def against(self, hour: int, expected: int) -> Iterator[str]:
        if self._again:
            yield f"{said(hour)} holds {self._again} positions twice"
        if self._rows + self._again != expected:
            yield f"{said(hour)} holds {self._rows} positions, its files say {expected}"

    def _count_gaps(self, records: Records) -> None:
        numbers, seqs = records["vehicle_no"].astype(np.int64), records["seq"].astype(np.int64)
        first = np.append(True, numbers[1:] != numbers[:-1])
        before = np.append(np.int64(0), seqs[:-1])
        for begins in np.flatnonzero(first):
            before[begins] = self._last.get(int(numbers[begins]), int(seqs[begins]) - 1)
        missing = np.maximum(seqs - before - 1, 0)
        self.seq_gaps += int(missing.sum())
        if missing.any() and self.first_seq_gap is None:
            row = int(np.flatnonzero(missing)[0])
            self.first_seq_gap = SeqGap(
                vehicle_no=int(numbers[row]),
                after_seq=int(before[row]),
                before_seq=int(seqs[row]),
                measured_ms=int(records["measured_ms"][row]),
            )
        last = np.append(first[1:], True)
        self._last.update(zip(numbers[last].tolist(), seqs[last].tolist(), strict=True))


def said(hour: int) -> str:
    """Return an hour's name as its folder has it."""
    at = np.datetime64(hour * HOUR_MS, "ms").item()
    return f"date={at:%Y-%m-%d}/hour={at:%H}"
