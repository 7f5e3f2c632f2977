"""Where a vehicle was and how its brush stood, out of the stored history. Blocking: run it in a thread."""

from pathlib import Path
from typing import Final

import numpy as np

from core.ids import VehicleNo
from fleet.history.kept import HISTORY, HISTORY_STATUS, Recent
from fleet.links.wire.status import STATUS
from fleet.telemetry.records import Records, joined
from services.sweeping.ledger import BRUSH_KNOWN_MS, Track, track_of

NOTHING_RECENT: Final = Recent(np.zeros(0, HISTORY), np.zeros(0, HISTORY_STATUS))


def read_track(
    folder: Path, vehicle_no: VehicleNo, from_ms: int, to_ms: int, recent: Recent = NOTHING_RECENT
) -> Track:
    """Return the track of a vehicle between two moments, both included; empty when nothing is stored.

    It may be read at any time and as often as one likes: the history holds each position once, and late ones
    are there when they came. The newest seconds are not stored yet: ``recent`` is what the stream held
    before. Imports pyarrow.
    """
    from fleet.history.layout import STATUS as STATUSES
    from fleet.history.reading import History

    status_from_ms = from_ms - BRUSH_KNOWN_MS
    found = joined(History(folder).of_vehicle(vehicle_no, from_ms, to_ms), HISTORY)
    statuses = joined(History(folder, STATUSES).of_vehicle(vehicle_no, status_from_ms, to_ms), HISTORY_STATUS)
    positions = _with_recent(found, recent.positions, from_ms, to_ms)
    kept = _with_recent(statuses, recent.statuses, status_from_ms, to_ms)
    return track_of(
        positions["measured_ms"].astype(np.int64),
        positions["lat_e7"] / 1e7,
        positions["lng_e7"] / 1e7,
        positions["speed_cm_s"] / 100.0,
        kept["measured_ms"].astype(np.int64),
        np.ascontiguousarray(kept["record"]).view(STATUS)["brush"],
    )


def _with_recent(stored: Records, recent: Records, from_ms: int, to_ms: int) -> Records:
    """Return what is stored, and what is recent and within the span, oldest first, one a moment."""
    inside = recent[(recent["measured_ms"] >= from_ms) & (recent["measured_ms"] <= to_ms)]
    if not len(inside):
        return stored
    both = joined((stored, inside), stored.dtype)
    return both[np.unique(both["measured_ms"], return_index=True)[1]]
