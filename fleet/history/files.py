"""Raw history files: Parquet of the positions of some seconds, whole or not there at all.

A file's name orders it; its metadata says up to which stream entry of every partition the history holds
once the file exists. So the rename is the commit: nothing else has to agree with it.
"""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.crashpoints import reach
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Records, joined

UP_TO: Final = b"steppe.up_to"
_SUFFIX: Final = ".parquet"
_COLUMNS: Final = tuple(name for name in STREAM_POSITION.names or () if name != "pad")
ROW_GROUP: Final = 65_536
"""Sorted by vehicle, so a group holds a range of vehicles and a trail reads one or two groups."""


class RawFiles:
    """The folder of raw files. One writer at a time (the archiver's lease)."""

    def __init__(self, folder: Path) -> None:
        self.positions = folder / "positions"
        self.status = folder / "status"

    def __repr__(self) -> str:
        return f"RawFiles({self.positions.parent})"

    def prepare(self) -> None:
        """Make the folders and remove what an interrupted write left."""
        for folder in (self.positions, self.status):
            folder.mkdir(parents=True, exist_ok=True)
            for left in folder.rglob("*.tmp"):
                left.unlink()

    def up_to(self) -> dict[int, str]:
        """Return the stream entry up to which the history holds, by partition; empty without files."""
        newest = max(self._all(), key=lambda path: path.name, default=None)
        if newest is None:
            return {}
        metadata = pq.read_schema(newest).metadata or {}
        return msgspec.json.decode(metadata[UP_TO], type=dict[int, str])

    def write(
        self,
        positions: Records,
        received_ms: np.ndarray[Any, np.dtype[np.int64]],
        status: Records,
        up_to: Mapping[int, str],
        at_ms: int,
    ) -> Path:
        """Write STREAM_POSITION[n] and STREAM_STATUS[m] durably; return the positions' file.

        When this returns both are on disk; when it raises (OSError: disk full) the history is as before.
        """
        if len(status):
            _place(self._path(self.status, at_ms), _status_table(status))
        order = np.lexsort((positions["measured_ms"], positions["vehicle_no"]))
        table = _position_table(positions[order], received_ms[order])
        table = table.replace_schema_metadata({UP_TO: msgspec.json.encode(up_to)})
        path = self._path(self.positions, at_ms)
        _place(path, table)
        return path

    def between(self, from_ms: int, to_ms: int, *, slack_ms: int) -> list[Path]:
        """Return position files that may hold positions measured in a span, oldest first.

        A file is named by when it was closed; ``slack_ms`` covers what lay in it before and what came late.
        """
        found = []
        for folder in sorted(self.positions.glob("date=*/hour=*")):
            if _folder_ms(folder) + 3_600_000 >= from_ms and _folder_ms(folder) <= to_ms + slack_ms:
                found += sorted(folder.glob(f"*{_SUFFIX}"))
        return [path for path in found if from_ms <= name_ms(path) <= to_ms + slack_ms]

    def newest(self, count: int) -> list[Path]:
        """Return the newest position files, oldest first."""
        return sorted(self._all(), key=lambda path: path.name)[-count:]

    def forget_before(self, before_ms: int) -> int:
        """Delete files closed before a moment but never the newest; return how many."""
        files = sorted(self._all(), key=lambda path: path.name)[:-1]
        old = [path for path in files if name_ms(path) < before_ms]
        old += [path for path in self.status.rglob(f"*{_SUFFIX}") if name_ms(path) < before_ms]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _all(self) -> Iterator[Path]:
        return self.positions.glob(f"date=*/hour=*/*{_SUFFIX}")

    @staticmethod
    def _path(root: Path, at_ms: int) -> Path:
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        folder = root / f"date={at:%Y-%m-%d}" / f"hour={at:%H}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{at_ms:015d}{_SUFFIX}"


def name_ms(path: Path) -> int:
    """Return the city milliseconds at which a file was closed."""
    return int(path.name.removesuffix(_SUFFIX))


def last_seqs(paths: list[Path]) -> tuple[Records, Records]:
    """Return (vehicle numbers, [seq, measured_ms] of each one's last position) of some files."""
    if not paths:
        return np.zeros(0, np.int64), np.zeros((0, 2), np.int64)
    columns = ["vehicle_no", "seq", "measured_ms"]
    table = pa.concat_tables([pq.read_table(path, columns=columns) for path in paths])
    numbers, seqs, ms = (table.column(name).to_numpy().astype(np.int64) for name in columns)
    order = np.lexsort((ms, numbers))
    is_last = np.append(numbers[order][1:] != numbers[order][:-1], True)[: len(order)]
    rows = order[is_last]
    return numbers[rows], np.column_stack((seqs[rows], ms[rows]))


def _folder_ms(folder: Path) -> int:
    date = folder.parent.name.removeprefix("date=")
    hour = folder.name.removeprefix("hour=")
    return round(datetime.fromisoformat(f"{date}T{hour}:00:00+00:00").timestamp() * 1000)


def _position_table(positions: Records, received_ms: np.ndarray[Any, Any]) -> pa.Table:
    columns = {name: pa.array(np.ascontiguousarray(positions[name])) for name in _COLUMNS}
    return pa.table({**columns, "received_ms": pa.array(received_ms)})


def _status_table(status: Records) -> pa.Table:
    whole = np.ascontiguousarray(status["status"])
    size = STREAM_STATUS["status"].itemsize
    records = pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), len(whole), [None, pa.py_buffer(whole)])
    return pa.table(
        {
            "vehicle_no": pa.array(np.ascontiguousarray(whole["vehicle_no"])),
            "status_seq": pa.array(np.ascontiguousarray(whole["status_seq"])),
            "measured_ms": pa.array(np.ascontiguousarray(status["measured_ms"])),
            "record": records,
        }
    )


def _place(path: Path, table: pa.Table) -> None:
    """Write, fsync, rename, fsync the folder: the file is there whole and durable or not at all."""
    temporary = path.with_suffix(".tmp")
    encodings = {field.name: "DELTA_BINARY_PACKED" for field in table.schema if field.type in _DELTA_TYPES}
    with temporary.open("wb") as out:
        pq.write_table(
            table,
            out,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            column_encoding=encodings,
            row_group_size=ROW_GROUP,
        )
        out.flush()
        os.fsync(out.fileno())
    reach("before_rename")
    temporary.rename(path)
    _fsync_folder(path.parent)
    reach("after_rename")


_DELTA_TYPES: Final = (pa.int32(), pa.int64(), pa.uint32())


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_vehicle(paths: list[Path], vehicle_no: int) -> Records:
    """Return STREAM_POSITION[n] of one vehicle in some files, in the files' order.

    A file that vanished meanwhile (retention) counts as empty. Cost: one or two row groups a file.
    """
    parts: list[Records] = []
    for path in paths:
        try:
            table = pq.read_table(path, columns=list(_COLUMNS), filters=[("vehicle_no", "=", vehicle_no)])
        except FileNotFoundError:
            continue
        records = np.zeros(len(table), STREAM_POSITION)
        for name in _COLUMNS:
            records[name] = table.column(name).to_numpy()
        parts.append(records)
    return joined(parts, STREAM_POSITION)
