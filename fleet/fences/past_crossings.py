"""The events that a fence would have raised over what is stored, by the rules of live positions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from core.clock import moment_of_ms
from fleet.telemetry.records import Records
from geofences import geo, shapes
from geofences.events import FenceEventKind
from geofences.fences import Fence
from geofences.index import FenceIndex
from geofences.preview import PastCrossings
from geofences.transitions import Transitions

NEAR_M: Final = 300.0
"""Positions farther out are not read: at 10 m/s they are half a minute away."""
WINDOW_MS: Final = 6 * 3_600_000
"""Judged at once, newest first, so that the time there is goes to what is nearest. A stay that was already
there when a window began counts as one ``inside``."""
_UNKNOWN_ACCURACY: Final = 255


def past_crossings(
    folder: Path,
    fence: Fence,
    vehicles: NDArray[np.int64],
    *,
    from_ms: int,
    to_ms: int,
    is_over: Callable[[], bool],
) -> PastCrossings:
    """Return what the fence would have said of these vehicles (sorted numbers) in a span of city time.

    Reads a block of five minutes at a time, newest window first, and stops after the window in which
    ``is_over`` first says so. Blocking: run it in a thread. Imports pyarrow.
    """
    from fleet.history.reading import History
    from fleet.history.sweep import Selection

    history, index, box = History(folder), FenceIndex.build([fence]), _around(fence)
    counts = np.zeros(len(FenceEventKind) + 1, np.int64)
    who: set[int] = set()
    positions, begin = 0, to_ms
    while begin > from_ms and not is_over():
        end, begin = begin, max(from_ms, begin - WINDOW_MS)
        transitions = Transitions(index, int(vehicles[-1]) + 1 if len(vehicles) else 1)
        wanted = Selection(from_ms=begin, to_ms=end - 1, vehicles=vehicles, box_e7=box)
        for records in history.read(wanted):
            positions += len(records)
            events = _judged(transitions, records)
            counts += np.bincount(events.kind, minlength=len(counts))
            who.update(events.slot.tolist())
    return PastCrossings(
        events={kind.name.lower(): int(counts[kind]) for kind in FenceEventKind if counts[kind]},
        vehicles=len(who),
        positions=positions,
        from_at=moment_of_ms(begin),
        to_at=moment_of_ms(to_ms),
        is_whole=begin <= from_ms,
    )


def _judged(transitions: Transitions, records: Records) -> Any:
    accuracy = records["accuracy_dm"]
    return transitions.step(
        records["vehicle_no"].astype(np.int32),
        records["lat_e7"] * 1e-7,
        records["lng_e7"] * 1e-7,
        np.where(accuracy == _UNKNOWN_ACCURACY, np.nan, accuracy / 10),
        records["measured_ms"].astype(np.int64),
        records["seq"].astype(np.int64),
    )


def _around(fence: Fence) -> tuple[int, int, int, int]:
    """Return the box to read (south, north, west, east in degrees ×1e7)."""
    west, south, east, north = shapely.bounds(shapes.to_geos(fence.area)).tolist()
    margin = NEAR_M / geo.METRES_PER_DEGREE
    wide = margin / float(np.cos(np.radians((south + north) / 2)))
    edges = (south - margin, north + margin, west - wide, east + wide)
    return tuple(round(edge * 1e7) for edge in edges)
