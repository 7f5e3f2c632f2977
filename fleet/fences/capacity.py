"""How many vehicles are in fences that hold only so many, and when that is too many."""

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geofences.fences import Fence
from geofences.index import FenceIndex

CROWDED, FREE = "crowded", "free"
CAPACITY_NAMES: Final = {CROWDED: ("超员", "Crowded"), FREE: ("有空位", "Free again")}
"""Kind of event → (zh, en)."""
NOBODY: Final = 0
"""``vehicle_no`` of an event that is of the fence itself."""
LOOKS: Final = 2
"""Looks in a row that must agree before it is said: a vehicle at the border comes and goes."""


class Capacities:
    """Counts vehicles in the fences of one index that have a capacity, by fence id."""

    def __init__(self, index: FenceIndex) -> None:
        """Take the index in force; others than those with a capacity are not looked at."""
        limited = [fence for fence in index.fences if fence.rules.capacity is not None]
        self.set_version = index.set_version
        self._index = FenceIndex.build(limited)

    @property
    def fences(self) -> tuple[Fence, ...]:
        """The fences that have a capacity."""
        return self._index.fences

    def count(self, lat: NDArray[np.float64], lng: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return how many of n vehicles are in each of ``fences``."""
        _, numbers = self._index.match(lat, lng)
        return np.bincount(numbers, minlength=len(self.fences))

    def middle(self, number: int) -> tuple[float, float]:
        """Return (lat, lng) of the middle of a fence."""
        centre = self._index.shape(number).centroid
        return float(centre.y), float(centre.x)


class Crowding:
    """Which fences hold too many, from one look to the next."""

    def __init__(self, crowded: Mapping[str, bool]) -> None:
        """Start with what was said last of each fence."""
        self._is_crowded = dict(crowded)
        self._disagreed: dict[str, int] = {}

    def forget(self, fence_ids: Collection[str]) -> None:
        """Take these fences for free: nobody counts in them any more."""
        for fence_id in fence_ids:
            self._is_crowded.pop(fence_id, None)
            self._disagreed.pop(fence_id, None)

    def step(self, fence_id: str, vehicles: int, capacity: int) -> str | None:
        """Take a count and return what is to be said: ``crowded``, ``free`` or nothing."""
        was, now = self._is_crowded.get(fence_id, False), vehicles > capacity
        looks = self._disagreed.get(fence_id, 0) + 1 if now != was else 0
        self._disagreed[fence_id] = looks
        if looks < LOOKS:
            return None
        self._is_crowded[fence_id], self._disagreed[fence_id] = now, 0
        return CROWDED if now else FREE
