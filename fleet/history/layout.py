"""What a history file is made of: columns, hours, blocks, and the one way to put a file on disk.

Two kinds are kept: positions and status records. A *raw* file holds what some seconds brought, of any hour;
an *hour* file holds what was measured in one hour, in blocks of five minutes, each sorted by vehicle and
time: one vehicle is twelve short reads an hour, and the whole city at a moment is one block.
"""

import base64
import errno
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.crashpoints import reach
from fleet.history.kept import HISTORY, HISTORY_STATUS, POSITIONS_READ
from fleet.telemetry.records import Records

SUFFIX: Final = ".parquet"
LEDGER: Final = b"steppe.ledger"
"""Metadata key of a file's account: RawLedger or HourLedger as JSON."""
GROUPS: Final = b"steppe.groups"
"""Metadata key of what every row group spans: GROUP[n] in base 64. The footer says it too, but to ask it for
a thousand groups takes 80 ms (measured), this none."""
GROUP: Final = np.dtype(
    [
        ("rows", "<i8"),
        ("first_vehicle", "<i8"),
        ("last_vehicle", "<i8"),
        ("from_ms", "<i8"),
        ("to_ms", "<i8"),
        ("south_e7", "<i4"),
        ("north_e7", "<i4"),
        ("west_e7", "<i4"),
        ("east_e7", "<i4"),
    ]
)


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of history: where it lies and how its records become columns."""

    name: str
    dtype: np.dtype[Any]
    seq: str
    """The field that, with vehicle and time, makes a record the same record."""
    row_group: int
    has_place: bool
    to_table: Callable[[Records], pa.Table]
    to_records: Callable[[pa.Table], Records]


def _positions_table(records: Records) -> pa.Table:
    columns = {name: pa.array(np.ascontiguousarray(records[name])) for name in POSITIONS_READ}
    return pa.table({**columns, "late_ms": pa.array(records["received_ms"] - records["measured_ms"])})


def _positions(table: pa.Table) -> Records:
    records = np.zeros(len(table), HISTORY)
    read = frozenset(table.column_names)
    for name in read.intersection(POSITIONS_READ):
        records[name] = table.column(name).to_numpy()
    if "late_ms" in read:
        records["received_ms"] = records["measured_ms"] + table.column("late_ms").to_numpy()
    return records


def _status_table(records: Records) -> pa.Table:
    whole = np.ascontiguousarray(records["record"])
    size = HISTORY_STATUS["record"].itemsize
    kept = pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), len(whole), [None, pa.py_buffer(whole)])
    columns = {
        name: pa.array(np.ascontiguousarray(records[name]))
        for name in ("vehicle_no", "status_seq", "measured_ms")
    }
    return pa.table({**columns, "record": kept})


def _statuses(table: pa.Table) -> Records:
    records = np.zeros(len(table), HISTORY_STATUS)
    for name in ("vehicle_no", "status_seq", "measured_ms"):
        records[name] = table.column(name).to_numpy()
    size = HISTORY_STATUS["record"].itemsize
    parts = []
    for chunk in (chunk for chunk in table.column("record").chunks if len(chunk)):
        data = chunk.buffers()[1]
        parts.append(np.frombuffer(data, f"V{size}", count=len(chunk), offset=chunk.offset * size))
    if parts:
        records["record"] = np.concatenate(parts)
    return records


POSITIONS: Final = Kind(
    name="positions",
    dtype=HISTORY,
    seq="seq",
    row_group=32_768,
    has_place=True,
    to_table=_positions_table,
    to_records=_positions,
)
STATUS: Final = Kind(
    name="status",
    dtype=HISTORY_STATUS,
    seq="status_seq",
    row_group=8_192,
    has_place=False,
    to_table=_status_table,
    to_records=_statuses,
)
KINDS: Final = (POSITIONS, STATUS)

_BATCH_ROWS: Final = 32_768
"""Values that Arrow encodes at a time: a tenth less CPU than its own 1,024."""
_DELTA_TYPES: Final = (pa.int32(), pa.int64(), pa.uint32())


def place(path: Path, kind: Kind, parts: Iterable[Records], ledger: Callable[[], bytes], point: str) -> None:
    """Write records as row groups, then their ledger; fsync, rename, fsync the folder.

    The file is there whole and durable or not at all; a name that is taken raises FileExistsError. The
    ledger is asked for when every part has been written, because it counts them. ``point`` names the crash
    points `before_{point}` and `after_{point}`.
    """
    temporary = path.with_suffix(".tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = kind.to_table(np.zeros(0, kind.dtype)).schema
    encodings = {field.name: "DELTA_BINARY_PACKED" for field in schema if field.type in _DELTA_TYPES}
    with temporary.open("wb") as out:
        with pq.ParquetWriter(
            out,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            column_encoding=encodings,
            write_batch_size=_BATCH_ROWS,
        ) as writer:
            spans = b"".join(_write_groups(writer, kind, part) for part in parts)
            writer.add_key_value_metadata({LEDGER: ledger(), GROUPS: base64.b64encode(spans)})
        out.flush()
        os.fsync(out.fileno())
    reach(f"before_{point}")
    if path.exists():
        raise FileExistsError(errno.EEXIST, "another process has written it", str(path))
    temporary.rename(path)
    fsync_folder(path.parent)
    reach(f"after_{point}")


def _write_groups(writer: pq.ParquetWriter, kind: Kind, part: Records) -> bytes:
    """Write records of one order as row groups; return GROUP[n]."""
    if not len(part):
        return b""
    writer.write_table(kind.to_table(part), row_group_size=kind.row_group)
    starts = np.arange(0, len(part), kind.row_group)
    spans = np.zeros(len(starts), GROUP)
    spans["rows"] = np.diff(np.append(starts, len(part)))
    edges = [("vehicle_no", "first_vehicle", "last_vehicle"), ("measured_ms", "from_ms", "to_ms")]
    if kind.has_place:
        edges += [("lat_e7", "south_e7", "north_e7"), ("lng_e7", "west_e7", "east_e7")]
    for name, least, most in edges:
        column = np.ascontiguousarray(part[name])
        spans[least], spans[most] = np.minimum.reduceat(column, starts), np.maximum.reduceat(column, starts)
    return spans.tobytes()


def read_head(path: Path) -> tuple[bytes, Records]:
    """Return (ledger, GROUP[n]) of a file. Raises FileNotFoundError when it is gone."""
    metadata = pq.read_metadata(path).metadata or {}
    return metadata[LEDGER], np.frombuffer(base64.b64decode(metadata[GROUPS]), GROUP)


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
