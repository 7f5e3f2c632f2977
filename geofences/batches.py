"""The points of one batch, and what is said of them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.events import FenceEventKind, FenceEvents
from geofences.index import FenceIndex
from geofences.stays import rank_in_run

type Indices = NDArray[np.int32]
type Longs = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Booleans = NDArray[np.bool_]
type Rows = NDArray[np.intp]

MAX_MARGIN_M: Final = 30.0
"""A position worse than this delays an exit no longer than one of this accuracy would."""


class Batch(NamedTuple):
    """n positions, as columns; see ``Transitions.step``."""

    slots: Indices
    lat: Floats
    lng: Floats
    accuracy_m: Floats
    measured_ms: Longs
    seq: Longs


class Said(NamedTuple):
    """k events of one kind or several; ``rows`` index the batch."""

    rows: Rows
    fence: Indices
    since_ms: Longs
    kind: FenceEventKind | NDArray[np.int_]


def margin(accuracy_m: Floats) -> Floats:
    """Return how far from a border, in metres, positions of this accuracy are sure of their side."""
    return np.clip(np.nan_to_num(accuracy_m, nan=0.0), 0.0, MAX_MARGIN_M)


def rounds(sorted_slots: Indices) -> list[Rows]:
    """Split positions sorted by slot and time into rounds in which no slot occurs twice."""
    if not len(sorted_slots):
        return []
    nth = rank_in_run(sorted_slots)
    return [np.flatnonzero(nth == turn) for turn in range(int(nth.max()) + 1)]


def events_of(index: FenceIndex, batch: Batch, said: Sequence[Said], late: Booleans) -> FenceEvents:
    """Return what was said of a batch as columns, in the order of its rows."""
    row = np.concatenate([one.rows for one in said] or [np.empty(0, np.intp)])
    fence = np.concatenate([one.fence for one in said] or [np.empty(0, np.int32)])
    since = np.concatenate([one.since_ms for one in said] or [np.empty(0, np.int64)])
    kinds = [np.broadcast_to(one.kind, one.rows.shape) for one in said] or [np.empty(0, np.int8)]
    kind = np.concatenate(kinds).astype(np.int8)
    order = np.lexsort((fence, kind, row))
    row, fence, since, kind = row[order], fence[order], since[order], kind[order]
    return FenceEvents(
        row=row,
        slot=batch.slots[row],
        fence=fence,
        kind=kind,
        seq=batch.seq[row],
        measured_ms=batch.measured_ms[row],
        since_ms=since,
        border_uncertain=_border_uncertain(index, batch, row, fence),
        late=late,
    )


def _border_uncertain(index: FenceIndex, batch: Batch, row: Rows, fence: Indices) -> Booleans:
    uncertain = np.zeros(len(row), np.bool_)
    district = index.is_district[fence]
    row, fence = row[district], fence[district]
    within = index.accuracy_m[fence] + margin(batch.accuracy_m[row])
    uncertain[district] = index.near_border(fence, batch.lat[row], batch.lng[row], within)
    return uncertain
