"""Raw files into hour files, and hours written anew: every step leaves each record in exactly one place.

The rename of an hour's next generation is the commit: from then on it has taken the raw files that its ledger
names, and readers leave those out. What it replaced is removed afterwards, so that a kill between any two
steps leaves at most files that nobody reads.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.crashpoints import reach
from fleet.history.files import RawFile, RawFiles
from fleet.history.hourly import HourFile, HourFiles
from fleet.history.kept import HOUR_MS, hour_of
from fleet.history.layout import Kind, place
from fleet.history.ledger import HourLedger, Level, added, with_runs
from fleet.history.sweep import PIECE_ROWS, Selection, Source, hour_head, raw_head, sweep
from fleet.telemetry.records import Records

FAR_AHEAD_MS: Final = 24 * HOUR_MS
"""A raw file this old is taken even into hours that have not ended: a clock ahead of ours measured it."""

type Mask = NDArray[np.bool_]
type Keep = Callable[[Records], Mask]
"""Says which records of a block, sorted by vehicle and time, a level keeps."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One hour that was written."""

    file: HourFile
    ledger: HourLedger
    bytes: int


class Compactor:
    """Writes hour files of one kind. One at a time (the archiver's lease). Blocking: run it in a thread."""

    def __init__(
        self,
        folder: Path,
        kind: Kind,
        *,
        piece_rows: int = PIECE_ROWS,
        must_go_on: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the history's folder; ``must_go_on`` is asked at each piece and raises when work is to end."""
        self._must_go_on = must_go_on
        self.kind = kind
        self.hours = HourFiles(folder, kind)
        self._raw_root = folder / kind.name
        self._piece_rows = piece_rows

    def __repr__(self) -> str:
        return f"Compactor({self.hours!r})"

    def due(self, now_ms: int, settle_ms: int) -> dict[int, list[RawFile]]:
        """Return the hours to write with the raw files that they take, oldest first.

        A raw file is left alone for ``settle_ms`` after it was closed, an hour until so long after its end.
        An hour that was written before takes late records only once the hour in which they came has ended,
        so that it is written anew once an hour and not with each raw file.
        """
        newest = self.hours.newest()
        found: dict[int, list[RawFile]] = {}
        for file in sorted(RawFiles.all(self._raw_root)):
            if file.closed_ms > now_ms - settle_ms:
                continue
            for hour in raw_head(file.path)[0].hours:
                ends_ms = (hour_of(file.closed_ms) if hour in newest else hour) * HOUR_MS + HOUR_MS
                is_due = ends_ms + settle_ms <= now_ms or file.closed_ms <= now_ms - FAR_AHEAD_MS
                taken = hour in newest and hour_head(newest[hour].path)[0].has_taken(file.serial)
                if is_due and not taken:
                    found.setdefault(hour, []).append(file)
        return dict(sorted(found.items()))

    def write(
        self,
        hour: int,
        raw: Sequence[RawFile],
        *,
        level: Level = Level.FULL,
        rules: Mapping[str, Keep] | None = None,
    ) -> Written:
        """Write an hour's next generation from what it is and raw files, each of ``rules`` applied in turn.

        Returns when the file is durable. Raises OSError (disk full) with the history as before.
        """
        before = self.hours.newest().get(hour)
        old = HourLedger(hour=hour, generation=0) if before is None else hour_head(before.path)[0]
        more = {file.serial: raw_head(file.path)[0].hours.get(hour, 0) for file in raw}
        ledger = msgspec.structs.replace(
            old, generation=old.generation + 1, level=level, taken=with_runs(old.taken, more)
        )
        path = self.hours.path(hour, ledger.generation)
        counts = _Counts()
        sources = [file.path for file in (before, *raw) if file is not None]
        parts = self._parts(hour, sources, rules or {}, counts)

        def account() -> bytes:
            nonlocal ledger
            ledger = msgspec.structs.replace(
                ledger,
                stored=counts.stored,
                again=old.again + counts.again,
                removed=added(old.removed, counts.removed),
            )
            self._must_go_on()
            if not ledger.is_balanced:
                raise AssertionError(f"hour {hour} does not add up: {ledger}")
            return msgspec.json.encode(ledger)

        place(path, self.kind, parts, account, "hour_rename")
        file = HourFile(hour=hour, generation=ledger.generation, path=path)
        return Written(file=file, ledger=ledger, bytes=path.stat().st_size)

    def _parts(
        self, hour: int, paths: Sequence[Path], rules: Mapping[str, Keep], counts: "_Counts"
    ) -> Iterator[Records]:
        sources = [Source.of(path, _groups(path)) for path in paths]
        whole = Selection(from_ms=hour * HOUR_MS, to_ms=(hour + 1) * HOUR_MS - 1)
        for records, again in sweep(self.kind, lambda *_: sources, whole, piece_rows=self._piece_rows):
            self._must_go_on()
            counts.again += again
            left = records
            for rule, keep in rules.items():
                kept = keep(left)
                counts.removed = added(counts.removed, {rule: int((~kept).sum())})
                left = left[kept]
            counts.stored += len(left)
            yield left

    def tidy(self) -> tuple[int, int]:
        """Remove what is in the way of nobody: half files, replaced hours, raw files that are taken whole.

        The newest raw file stays, because it says where the stream goes on. Returns (hours, raw files).
        """
        for left in self.hours.root.rglob("*.tmp"):
            left.unlink()
        replaced = self.hours.superseded()
        for old in replaced:
            old.path.unlink(missing_ok=True)
            reach("after_old_hour_removed")
        taken = [file for file in sorted(RawFiles.all(self._raw_root))[:-1] if self._is_taken(file)]
        for file in taken:
            file.path.unlink(missing_ok=True)
            reach("after_raw_removed")
        self._remove_empty_folders()
        return len(replaced), len(taken)

    def _is_taken(self, file: RawFile) -> bool:
        ledger, _ = raw_head(file.path)
        newest = self.hours.between(min(ledger.hours, default=1), max(ledger.hours, default=0))
        heads = {hour.hour: hour_head(hour.path)[0] for hour in newest}
        return all(hour in heads and heads[hour].has_taken(file.serial) for hour in ledger.hours)

    def _remove_empty_folders(self) -> None:
        newest = max(RawFiles.all(self._raw_root), default=None)
        for folder in [*self._raw_root.glob("date=*/hour=*"), *self._raw_root.glob("date=*")]:
            is_past = newest is not None and str(newest.path.parent) > f"{folder}/~"
            if is_past and not any(folder.iterdir()):
                folder.rmdir()


class _Counts:
    def __init__(self) -> None:
        self.stored = 0
        self.again = 0
        self.removed: dict[str, int] = {}


def _groups(path: Path) -> Records:
    head = raw_head if RawFile.of(path) is not None else hour_head
    return head(path)[1]
