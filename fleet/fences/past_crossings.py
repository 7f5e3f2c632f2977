"""The events that a fence would have raised over what is stored, by the rules of live positions."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from core.clock import moment_of_ms
from fleet.fences.past_judge import PastJudge
from fleet.telemetry.records import Records
from geofences import geo, shapes
from geofences.events import policy_of
from geofences.fences import Fence
from geofences.preview import PastCrossings

READ: Final = ("accuracy_dm",)
"""Columns that are judged beside those that every reading has."""
NEAR_M: Final = 300.0
"""Positions farther out are not read: at 10 m/s they are half a minute away."""
FAR_M: Final = 3_000.0
"""However long a fence waits for ``exit``."""
_LEAVING_MPS: Final = 12.0
_MARGIN_S: Final = 20.0
WINDOW_FIRST_MS, WINDOW_MOST_MS = 300_000, 6 * 3_600_000
"""Read at once, newest first, so that the time there is goes to what is nearest; the first is as short as a
block of history, the next ones longer while they take little of the time that is left."""
_QUICK_SHARE: Final = 0.05
POSITIONS_MOST: Final = 8_000_000
"""Positions near the fence that are kept (200 MB on disk) before they are judged."""
_JUDGED_AT_ONCE: Final = 200_000
_KEPT: Final = np.dtype(
    [
        ("vehicle_no", "<u4"),
        ("lat_e7", "<i4"),
        ("lng_e7", "<i4"),
        ("accuracy_dm", "u1"),
        ("measured_ms", "<i8"),
        ("seq", "<u4"),
    ]
)


def past_crossings(
    folder: Path,
    fence: Fence,
    vehicles: NDArray[np.int64],
    *,
    from_ms: int,
    to_ms: int,
    left_s: Callable[[], float],
) -> PastCrossings:
    """Return what the fence would have said of these vehicles (sorted numbers) in a span of city time.

    Reads newest first while ``left_s`` says that seconds are left, keeps what is near in a file, then judges
    it oldest first in one go, so that no stay is cut. A span of which only a part could be read is left out.
    Blocking: run it in a thread. Imports pyarrow.
    """
    with TemporaryFile() as file:
        spool = _Spool(file)
        begin = _read(folder, fence, vehicles, spool, from_ms=from_ms, to_ms=to_ms, left_s=left_s)
        judge = PastJudge(fence, int(vehicles[-1]) + 1 if len(vehicles) else 1)
        for records in spool.oldest_first():
            judge.step(records)
    return PastCrossings(
        events=judge.counts,
        vehicles=len(judge.vehicles),
        positions=spool.size,
        from_at=moment_of_ms(begin),
        to_at=moment_of_ms(to_ms),
        is_whole=begin <= from_ms,
    )


def _read(
    folder: Path,
    fence: Fence,
    vehicles: NDArray[np.int64],
    spool: "_Spool",
    *,
    from_ms: int,
    to_ms: int,
    left_s: Callable[[], float],
) -> int:
    """Keep what is near the fence, window by window, and return how far back that reached."""
    from fleet.history.reading import History
    from fleet.history.sweep import Selection

    history, box = History(folder), around(fence)
    begin, length = to_ms, WINDOW_FIRST_MS
    while begin > from_ms and (since_s := left_s()) > 0:
        end, start = begin, max(from_ms, (begin - length) // WINDOW_FIRST_MS * WINDOW_FIRST_MS)
        wanted = Selection(from_ms=start, to_ms=end - 1, vehicles=vehicles, box_e7=box, columns=READ)
        for records in history.read(wanted):
            spool.keep(records)
            if left_s() <= 0 or spool.size > POSITIONS_MOST:
                spool.drop_window()
                return begin
        spool.end_window()
        begin = start
        if since_s - left_s() < since_s * _QUICK_SHARE:
            length = min(2 * length, WINDOW_MOST_MS)
    return begin


class _Window(NamedTuple):
    start: int
    rows: int


class _Spool:
    """Positions in a file, kept newest window first and given back oldest first."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._windows: list[_Window] = []
        self._start = 0
        self.size = 0

    def keep(self, records: Records) -> None:
        """Add positions to the window that is being read, in their order."""
        kept = np.empty(len(records), _KEPT)
        for name in _KEPT.names or ():
            kept[name] = records[name]
        self._file.write(kept.tobytes())
        self.size += len(kept)

    def end_window(self) -> None:
        """Begin another window, of before this one."""
        self._windows.append(_Window(self._start, self.size - self._start))
        self._start = self.size

    def drop_window(self) -> None:
        """Forget the window that is being read."""
        self.size = self._start

    def oldest_first(self) -> Iterator[Records]:
        """Yield the positions of all windows that ended."""
        self._file.flush()
        for window in reversed(self._windows):
            self._file.seek(window.start * _KEPT.itemsize)
            for first in range(0, window.rows, _JUDGED_AT_ONCE):
                rows = min(_JUDGED_AT_ONCE, window.rows - first)
                yield np.frombuffer(self._file.read(rows * _KEPT.itemsize), _KEPT)


def near_m(fence: Fence) -> float:
    """Return how far around a fence positions are read: until ``exit`` is said of who drives away."""
    wait_s = policy_of(fence).min_outside_s + _MARGIN_S
    return float(np.clip(_LEAVING_MPS * wait_s, NEAR_M, FAR_M))


def around(fence: Fence) -> tuple[int, int, int, int]:
    """Return the box to read around a fence (south, north, west, east in degrees ×1e7)."""
    west, south, east, north = shapely.bounds(shapes.to_geos(fence.area)).tolist()
    margin = near_m(fence) / geo.METRES_PER_DEGREE
    wide = margin / float(np.cos(np.radians((south + north) / 2)))
    edges = (south - margin, north + margin, west - wide, east + wide)
    return tuple(round(edge * 1e7) for edge in edges)
