"""The live messages of cells: a head, then columns, so that a reader lays typed arrays over the bytes."""

from struct import Struct
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.live.aggregates import Aggregate
from fleet.live.cells import CONDITIONS
from fleet.live.mirror import Box
from fleet.telemetry.records import LIVE_HEADER, LIVE_MAGIC, LIVE_VERSION, LiveKind
from geofences.cover import Cells

CELLS_HEAD: Final = Struct("<B7x")
"""Resolution, seven zeros: the columns of 8-byte cells begin at byte 32."""
CELL_BYTES: Final = 8 + 4 + 4 * CONDITIONS + 1


class CellRows(msgspec.Struct, frozen=True, kw_only=True):
    """What a message of cells says."""

    kind: LiveKind
    seq: int
    city_ms: int
    resolution: int
    cells: Cells
    counts: NDArray[np.uint32]
    """uint32[n]; 0: nobody is there any more."""
    conditions: NDArray[np.uint32]
    """uint32[5, n]: offline, idle, driving, charging, alarm."""
    worst: NDArray[np.uint8]
    """uint8[n]: 0 no alarm, 1 info, 2 warning, 3 major, 4 critical."""


def cells_body(aggregate: Aggregate, box: Box | None, since: int | None) -> tuple[int, bytes]:
    """Return how many cells, and what follows the header.

    All that hold a vehicle, or with ``since`` what changed after that version; worked out once for all
    screens that ask the same of one version.
    """
    key = (None if box is None else box.key, since)
    found = aggregate.bodies.get(key)
    if found is None:
        rows = aggregate.shown_in(box) if since is None else aggregate.changed_in(box, since)
        found = aggregate.bodies[key] = len(rows), _columns(aggregate, rows)
    return found


def _columns(aggregate: Aggregate, rows: NDArray[np.intp]) -> bytes:
    conditions = aggregate.conditions[rows].astype("<u4")
    return b"".join(
        (
            CELLS_HEAD.pack(aggregate.resolution),
            aggregate.cells[rows].astype("<u8").tobytes(),
            conditions.sum(axis=1, dtype="<u4").tobytes(),
            np.ascontiguousarray(conditions.T).tobytes(),
            aggregate.worst_of(rows).tobytes(),
        )
    )


def read_cells(data: bytes) -> CellRows:
    """Return what a message of cells says. Raises ValueError when the bytes are none."""
    magic, version, kind, count, seq, city_ms = LIVE_HEADER.unpack_from(data)
    if (magic, version) != (LIVE_MAGIC, LIVE_VERSION) or kind not in _KINDS:
        raise ValueError(f"no message of cells: {data[:4]!r}")
    if len(data) != LIVE_HEADER.size + CELLS_HEAD.size + count * CELL_BYTES:
        raise ValueError(f"{len(data)} bytes do not hold {count} cells")
    (resolution,) = CELLS_HEAD.unpack_from(data, LIVE_HEADER.size)
    at = LIVE_HEADER.size + CELLS_HEAD.size

    def column(dtype: str, many: int = 1) -> NDArray[Any]:
        nonlocal at
        found = np.frombuffer(data, dtype=dtype, count=count * many, offset=at)
        at += found.nbytes
        return found

    return CellRows(
        kind=LiveKind(kind),
        seq=seq,
        city_ms=city_ms,
        resolution=resolution,
        cells=column("<u8"),
        counts=column("<u4"),
        conditions=column("<u4", CONDITIONS).reshape(CONDITIONS, count),
        worst=column("u1"),
    )


_KINDS: Final = (LiveKind.CELLS_SNAPSHOT, LiveKind.CELLS_DELTA)
