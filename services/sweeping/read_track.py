"""Where a vehicle was and how its brush stood, out of the stored history. Blocking: run it in a thread."""

from pathlib import Path

import numpy as np

from core.ids import VehicleNo
from fleet.links.wire.status import STATUS
from services.sweeping.ledger import BRUSH_KNOWN_MS, Track, track_of


def read_track(folder: Path, vehicle_no: VehicleNo, from_ms: int, to_ms: int) -> Track:
    """Return the track of a vehicle between two moments, both included; empty when nothing is stored.

    It may be read at any time and as often as one likes: the history holds each position once, and late ones
    are there when they came. The newest minute is not stored yet. Imports pyarrow.
    """
    from fleet.history.layout import STATUS as STATUSES
    from fleet.history.reading import History

    found = list(History(folder).of_vehicle(vehicle_no, from_ms, to_ms))
    statuses = list(History(folder, STATUSES).of_vehicle(vehicle_no, from_ms - BRUSH_KNOWN_MS, to_ms))
    if not found:
        nothing = np.zeros(0)
        return Track(
            measured_ms=nothing.astype(np.int64),
            lat=nothing,
            lng=nothing,
            speed_mps=nothing,
            brush=nothing.astype(np.uint8),
        )
    positions = np.concatenate(found)
    measured_ms = positions["measured_ms"].astype(np.int64)
    status_ms, brush = np.zeros(0, np.int64), np.zeros(0, np.uint8)
    if statuses:
        kept = np.concatenate(statuses)
        status_ms = kept["measured_ms"].astype(np.int64)
        brush = np.ascontiguousarray(kept["record"]).view(STATUS)["brush"]
    return track_of(
        measured_ms,
        positions["lat_e7"] / 1e7,
        positions["lng_e7"] / 1e7,
        positions["speed_cm_s"] / 100.0,
        status_ms,
        brush,
    )
