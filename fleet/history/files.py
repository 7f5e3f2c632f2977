"""Raw history files: Parquet of what some seconds brought, whole or not there at all.

A file's name orders it; its ledger says up to which stream entry of every partition the history holds
once the file exists. So the rename is the commit: nothing else has to agree with it.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import Conflict
from fleet.history.kept import as_kept, as_kept_status, hours_of
from fleet.history.layout import LEDGER, POSITIONS, STATUS, SUFFIX, place
from fleet.history.ledger import RawLedger, Totals
from fleet.telemetry.records import Records

_PARTS: Final = 4
_PIECE_ROWS: Final = POSITIONS.row_group
"""What is made columns of at once, a row group: the file is the same as of one piece."""
_CLOSE_MS: Final = 2**32


class RawFile(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What the name of a raw file says: ``{closed}-{serial}-{oldest}-{newest}.parquet``, times in city ms."""

    serial: int
    closed_ms: int
    oldest_ms: int
    newest_ms: int
    path: Path

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """Return what a name says, None for one that is no raw file's."""
        words = path.name.removesuffix(SUFFIX).split("-")
        if len(words) != _PARTS or not all(word.isdigit() for word in words):
            return None
        closed_ms, serial, oldest_ms, newest_ms = map(int, words)
        return cls(serial=serial, closed_ms=closed_ms, oldest_ms=oldest_ms, newest_ms=newest_ms, path=path)

    def ledger(self) -> RawLedger:
        """Return the file's account. Raises FileNotFoundError when it is gone."""
        metadata = pq.read_metadata(self.path).metadata or {}
        return msgspec.json.decode(metadata[LEDGER], type=RawLedger)

    def measured(self) -> tuple[Records, Records]:
        """Return (vehicle numbers, measured ms) of its records. Raises FileNotFoundError when it is gone."""
        table = pq.ParquetFile(self.path).read(columns=["vehicle_no", "measured_ms"])
        return table.column("vehicle_no").to_numpy(), table.column("measured_ms").to_numpy()


class RawFiles:
    """The folder of raw files. One writer at a time (the archiver's lease)."""

    def __init__(self, folder: Path) -> None:
        self.positions = folder / "positions"
        self.status = folder / "status"
        self._newest: RawLedger | None = None

    def __repr__(self) -> str:
        return f"RawFiles({self.positions.parent})"

    def prepare(self) -> None:
        """Make the folders and remove what an interrupted write left; call it before the first write.

        A status file above the newest positions' serial was never committed: its entries are read again.
        """
        for folder in (self.positions, self.status):
            folder.mkdir(parents=True, exist_ok=True)
            for left in folder.rglob("*.tmp"):
                left.unlink()
        newest = max(self.all(self.positions), default=None)
        self._newest = None if newest is None else newest.ledger()
        committed = 0 if self._newest is None else self._newest.serial
        for file in self.all(self.status):
            if file.serial > committed:
                file.path.unlink()

    def newest_ledger(self) -> RawLedger | None:
        """Return the account of the newest positions file; None without files."""
        newest = max(self.all(self.positions), default=None)
        return None if newest is None else newest.ledger()

    def up_to(self) -> dict[int, str]:
        """Return the stream entry up to which the history holds, by partition; empty without files."""
        ledger = self.newest_ledger()
        return {} if ledger is None else dict(ledger.up_to)

    def write(
        self,
        positions: Records,
        received_ms: np.ndarray[Any, np.dtype[np.int64]],
        status: Records,
        up_to: Mapping[int, str],
        at_ms: int,
        totals: Totals | None = None,
    ) -> Path:
        """Write STREAM_POSITION[n] and STREAM_STATUS[m] durably; return the positions' file.

        When this returns both are on disk; when it raises (OSError: disk full) the history is as before.
        ``totals`` are the running ones, this file included; None counts on from the file before.
        """
        before = self._newest
        self._must_be_newest(before)
        serial = 1 if before is None else before.serial + 1
        kept_status = _kept_status(status)
        if len(status):
            ledger = RawLedger(serial=serial, hours=hours_of(kept_status))
            path = self._path(self.status, serial, at_ms, kept_status)
            place(path, STATUS, [kept_status], lambda: msgspec.json.encode(ledger), "rename")
        ledger = RawLedger(
            serial=serial,
            hours=hours_of(positions),
            after={} if before is None else before.up_to,
            up_to=up_to,
            totals=totals or _counted(before, len(positions), len(kept_status)),
        )
        path = self._path(self.positions, serial, at_ms, positions)
        try:
            place(
                path, POSITIONS, _kept(positions, received_ms), lambda: msgspec.json.encode(ledger), "rename"
            )
        except OSError:
            for file in self.all(self.status):
                if file.serial == serial:
                    file.path.unlink()
            raise
        self._newest = ledger
        return path

    def _must_be_newest(self, before: RawLedger | None) -> None:
        """Raise Conflict when another archiver has written since: its file is not to be counted from."""
        newest = max(self.all(self.positions), default=None)
        on_disk = 0 if newest is None else newest.serial
        if on_disk != (0 if before is None else before.serial):
            raise Conflict(
                "superseded", f"raw file {on_disk} was written by another archiver", serial=on_disk
            )

    def newest(self, count: int) -> list[RawFile]:
        """Return the newest position files, oldest first."""
        return sorted(self.all(self.positions))[-count:]

    @staticmethod
    def all(root: Path) -> list[RawFile]:
        """Return the raw files of one kind (``positions`` or ``status``), in no order."""
        found = (RawFile.of(path) for path in root.glob(f"date=*/hour=*/*{SUFFIX}"))
        return [file for file in found if file is not None]

    @staticmethod
    def _path(root: Path, serial: int, at_ms: int, records: Records) -> Path:
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        measured = records["measured_ms"]
        oldest = int(measured.min()) if len(measured) else at_ms
        newest = int(measured.max()) if len(measured) else at_ms
        name = f"{at_ms:015d}-{serial:08d}-{max(oldest, 0):015d}-{max(newest, 0):015d}{SUFFIX}"
        return root / f"date={at:%Y-%m-%d}" / f"hour={at:%H}" / name


def last_seqs(files: list[RawFile]) -> tuple[Records, Records]:
    """Return (vehicle numbers, [seq, measured_ms] of each one's last position) of some files."""
    if not files:
        return np.zeros(0, np.int64), np.zeros((0, 2), np.int64)
    columns = ["vehicle_no", "seq", "measured_ms"]
    table = pa.concat_tables([pq.ParquetFile(file.path).read(columns=columns) for file in files])
    numbers, seqs, ms = (table.column(name).to_numpy().astype(np.int64) for name in columns)
    order = np.lexsort((ms, numbers))
    is_last = np.append(numbers[order][1:] != numbers[order][:-1], True)[: len(order)]
    rows = order[is_last]
    return numbers[rows], np.column_stack((seqs[rows], ms[rows]))


def _kept(positions: Records, received_ms: np.ndarray[Any, Any]) -> Iterator[Records]:
    """Yield what is kept by vehicle and time, piece by piece: whole, it would be there three times."""
    order = _by_vehicle_and_time(positions["vehicle_no"], positions["measured_ms"])
    for start in range(0, len(order), _PIECE_ROWS):
        rows = order[start : start + _PIECE_ROWS]
        yield as_kept(positions.take(rows), received_ms.take(rows))


def _kept_status(status: Records) -> Records:
    return as_kept_status(status[_by_vehicle_and_time(status["status"]["vehicle_no"], status["measured_ms"])])


def _by_vehicle_and_time(numbers: np.ndarray[Any, Any], ms: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the order; one sort of one key takes a third of a lexsort when the times lie close together."""
    if len(ms) and int(ms.max()) - int(ms.min()) < _CLOSE_MS:
        keys = numbers.astype(np.int64)
        keys <<= 32
        keys |= ms - ms.min()
        return np.argsort(keys)
    return np.lexsort((ms, numbers))


def _counted(before: RawLedger | None, positions: int, status: int) -> Totals:
    earlier = Totals() if before is None else before.totals
    return msgspec.structs.replace(
        earlier,
        read=earlier.read + positions,
        stored=earlier.stored + positions,
        status=earlier.status + status,
    )
