"""Going through a week oldest first, some seconds at a time: what no person can wait for."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from core.clock import moment_of_ms
from core.ids import FenceId, FenceVersion
from fleet.fences.past_crossings import READ, around
from fleet.fences.past_judge import Judged, PastJudge
from geofences.fences import Fence
from geofences.preview import PastCrossings, RestOfWeek

WINDOW_FIRST_MS, WINDOW_MOST_MS = 300_000, 3_600_000
"""Judged at once: a block of history first, then more, at most an hour."""
_QUICK_SHARE: Final = 0.1


class PreviewWeek(msgspec.Struct, frozen=True, kw_only=True):
    """A week of a version, judged up to ``reached_ms``."""

    fence_id: FenceId
    version: FenceVersion
    week_id: str
    """Another one when the version is previewed again."""
    vehicles: NDArray[np.int64]
    """Sorted numbers of those that are asked about."""
    from_ms: int
    to_ms: int
    reached_ms: int
    positions: int = 0
    judged: Judged | None = None
    tries: int = 0
    """Jobs that took it and did not come back since it last went on."""

    @property
    def is_done(self) -> bool:
        """Whether everything is judged."""
        return self.reached_ms >= self.to_ms


def go_on(
    folder: Path, fence: Fence, week: PreviewWeek, *, left_s: Callable[[], float]
) -> tuple[PreviewWeek, PastCrossings]:
    """Judge on while ``left_s`` says that seconds are left, one window at least.

    Returns how far that came, and what the fence said from the week's beginning until there. The judge is
    the live step's and carries its state on, so it makes no difference how often a week was laid down. No
    window is begun twice and none is kept by half. Takes the memory of one piece of history, whatever the
    city's size. Blocking: run it in a thread. Imports pyarrow.
    """
    from fleet.history.reading import History
    from fleet.history.sweep import Selection

    history, box = History(folder), around(fence)
    judge = PastJudge(fence, int(week.vehicles[-1]) + 1 if len(week.vehicles) else 1)
    if week.judged is not None:
        judge.restore(week.judged)
    reached, positions, length, is_first = week.reached_ms, week.positions, WINDOW_FIRST_MS, True
    while reached < week.to_ms and (is_first or left_s() > 0):
        is_first, since_s = False, left_s()
        end = min(week.to_ms, (reached + length) // WINDOW_FIRST_MS * WINDOW_FIRST_MS)
        wanted = Selection(from_ms=reached, to_ms=end - 1, vehicles=week.vehicles, box_e7=box, columns=READ)
        for records in history.read(wanted):
            judge.step(records)
            positions += len(records)
        reached = end
        if since_s - left_s() < since_s * _QUICK_SHARE:
            length = min(2 * length, WINDOW_MOST_MS)
    came = replace(week, reached_ms=reached, positions=positions, judged=judge.export())
    return came, _said(came, judge)


def rest_of(week: PreviewWeek) -> RestOfWeek | None:
    """Return how far a week is; None when it is done."""
    if week.is_done:
        return None
    from_at, to_at, reached_at = map(moment_of_ms, (week.from_ms, week.to_ms, week.reached_ms))
    return RestOfWeek(from_at=from_at, to_at=to_at, reached_at=reached_at)


def _said(week: PreviewWeek, judge: PastJudge) -> PastCrossings:
    return PastCrossings(
        events=judge.counts,
        vehicles=len(judge.vehicles),
        positions=week.positions,
        from_at=moment_of_ms(week.from_ms),
        to_at=moment_of_ms(week.reached_ms),
        is_whole=week.is_done,
    )
