"""In which order cells and border passes are swept, and from which end, so that little is driven between.

A travelling salesman whose towns have several doors: begun with the nearest next, then bettered by moving one
cell and by turning a run of cells round, each order judged with the best doors (Viterbi's recursion).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.sweeping.lanes import Cell
from services.sweeping.rings import Line, Point, Ring

MOST_DOORS = 12
"""Ways tried for one border pass: its beginnings are thinned out to these."""
MOST_TRIALS = 2_500
"""Orders looked at: half a second."""
GAIN_M = 0.5

type Floats = NDArray[np.float64]
type Job = list[list[Line]]
"""One cell or pass: the ways of sweeping it, each an order of directed lines; one is chosen."""


def ring_job(ring: Ring) -> Job:
    """Return the ways of sweeping a pass: from each of its lines on, either way round."""
    back = [line[::-1] for line in reversed(ring)]
    step = math.ceil(2 * len(ring) / MOST_DOORS)
    return [lines[n:] + lines[:n] for lines in (ring, back) for n in range(0, len(ring), step)]


def cell_job(cell: Cell) -> Job:
    """Return the four ways of sweeping a cell to and fro: from each of its corners."""
    ways = []
    for lanes in (cell, cell[::-1]):
        for first in (False, True):
            lines: list[Line] = []
            for number, lane in enumerate(lanes):
                line = [lane.start, lane.end]
                lines.append(line[::-1] if (number % 2 == 1) != first else line)
            ways.append(lines)
    return ways


def in_order(
    jobs: Sequence[Job], start: Point | None, lengths: Callable[[Sequence[Point]], Floats]
) -> list[list[Line]]:
    """Return one way of each job in the order in which they are swept.

    ``lengths`` gives the metres between places. Without a ``start`` the first job begins where it likes.
    """
    if not jobs:
        return []
    doors = _Doors(jobs, start, lengths)
    order = doors.nearest_next()
    cost, ways = doors.best_ways(order)
    trials = 0
    is_better = True
    while is_better and trials < MOST_TRIALS:
        is_better = False
        for other in _changed(order):
            trials += 1
            other_cost, other_ways = doors.best_ways(other)
            if other_cost < cost - GAIN_M:
                order, cost, ways, is_better = other, other_cost, other_ways, True
                break
            if trials >= MOST_TRIALS:
                break
    return [jobs[job][way] for job, way in zip(order, ways, strict=True)]


def _changed(order: list[int]) -> Iterator[list[int]]:
    """Yield orders with one job moved, and with one run of jobs turned round."""
    count = len(order)
    for here in range(count):
        rest = order[:here] + order[here + 1 :]
        for there in range(count):
            if there != here:
                yield [*rest[:there], order[here], *rest[there:]]
    for first in range(count - 1):
        for last in range(first + 2, count + 1):
            yield order[:first] + order[first:last][::-1] + order[last:]


class _Doors:
    """Where each way of each job begins and ends, and how far it is between."""

    def __init__(
        self, jobs: Sequence[Job], start: Point | None, lengths: Callable[[Sequence[Point]], Floats]
    ) -> None:
        places = [] if start is None else [start]
        self._begins: list[NDArray[np.intp]] = []
        self._ends: list[NDArray[np.intp]] = []
        for job in jobs:
            first = len(places)
            places += [way[0][0] for way in job] + [way[-1][-1] for way in job]
            self._begins.append(np.arange(first, first + len(job)))
            self._ends.append(np.arange(first + len(job), first + 2 * len(job)))
        metres = lengths(places)
        # A place without a way costs more than any tour and still has an order.
        self._metres = np.where(np.isfinite(metres), metres, 1e6)
        self._has_start = start is not None

    def best_ways(self, order: Sequence[int]) -> tuple[float, list[int]]:
        """Return the metres between the jobs in this order, and the ways with which it is so short."""
        first = self._begins[order[0]]
        cost = self._metres[0, first] if self._has_start else np.zeros(len(first))
        came: list[NDArray[np.intp]] = []
        for one, other in pairwise(order):
            step = cost[:, None] + self._metres[np.ix_(self._ends[one], self._begins[other])]
            came.append(step.argmin(axis=0))
            cost = step.min(axis=0)
        ways = [int(cost.argmin())]
        for step_back in reversed(came):
            ways.append(int(step_back[ways[-1]]))
        return float(cost.min()), ways[::-1]

    def nearest_next(self) -> list[int]:
        """Return the order that goes to the nearest job that is left."""
        left = set(range(len(self._begins)))
        here = np.array([0]) if self._has_start else self._ends[0][:1]
        order: list[int] = [] if self._has_start else [0]
        left -= set(order)
        while left:
            found = []
            for job in left:
                step = self._metres[np.ix_(here, self._begins[job])]
                found.append((float(step.min()), job, int(step.min(axis=0).argmin())))
            _, job, way = min(found)
            order.append(job)
            left.remove(job)
            here = self._ends[job][way : way + 1]
        return order
