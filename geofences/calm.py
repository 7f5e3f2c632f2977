"""Which moving slots need no fence: those that are still in a circle that no border comes into."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from geofences.clearance import Clearance
from geofences.geo import METRES_PER_DEGREE

type Floats = NDArray[np.float64]
type Booleans = NDArray[np.bool_]
type Slots = NDArray[np.intp]

_NOWHERE = -1.0
_ASTRAY_2: Final = (150.0 / METRES_PER_DEGREE) ** 2
"""How far a slot may go from where it was looked up, as a square of degrees: its H3 cell is no older."""


class CalmCircles:
    """A circle for each slot, on the plane of one ``Clearance``. Owned by one thread; 40 bytes a slot.

    Two points in the circle are in the same fences, and the segment between them crosses none: a circle is
    convex and no border comes into it.
    """

    def __init__(self, capacity: int) -> None:
        self._lat = np.zeros(capacity)
        self._lng = np.zeros(capacity)
        self._square = np.full(capacity, _NOWHERE)
        self._looked_lat = np.full(capacity, np.nan)
        self._looked_lng = np.full(capacity, np.nan)
        self._squeeze_2 = 1.0

    def holds(self, slots: Slots, lat: Floats, lng: Floats) -> Booleans:
        """Say for each point whether it lies in its slot's circle, bool[n]."""
        north = lat - self._lat[slots]
        east = lng - self._lng[slots]
        held: Booleans = north * north + east * east * self._squeeze_2 < self._square[slots]
        return held

    def knows(self, slots: Slots, lat: Floats, lng: Floats) -> Booleans:
        """Say for each point whether its slot was looked up near it, under the present fences, bool[n]."""
        north = lat - self._looked_lat[slots]
        east = lng - self._looked_lng[slots]
        known: Booleans = north * north + east * east * self._squeeze_2 < _ASTRAY_2
        return known

    def draw(self, clearance: Clearance, slots: Slots, lat: Floats, lng: Floats) -> None:
        """Give these slots, which were looked up here, the widest circle around their point.

        None where a border may be too near. All slots must be drawn by the same clearance: ``clear`` when
        another one rules.
        """
        self._looked_lat[slots], self._looked_lng[slots] = lat, lng
        self.move(clearance, slots, lat, lng, np.zeros(len(slots)))

    def move(self, clearance: Clearance, slots: Slots, lat: Floats, lng: Floats, room_deg: Floats) -> None:
        """Do what ``draw`` does for slots that came here past no border and were not looked up.

        ``room_deg``: what ``BorderGrid.passes`` says of each point, float64[n].
        """
        self._squeeze_2 = clearance.squeeze * clearance.squeeze
        radius = np.maximum(clearance.around(lat, lng), room_deg * clearance.squeeze)
        self._lat[slots], self._lng[slots] = lat, lng
        self._square[slots] = np.where(radius > 0, radius * radius, _NOWHERE)

    def forget(self, slots: Slots) -> None:
        """Let these slots have no circle."""
        self._square[slots] = _NOWHERE
        self._looked_lat[slots] = np.nan

    def clear(self) -> None:
        """Let nobody have a circle: the fences or what decides by them have changed."""
        self._square[:] = _NOWHERE
        self._looked_lat[:] = np.nan

    def reserve(self, capacity: int) -> None:
        """Make room for slots up to ``capacity``; never shrinks."""
        more = capacity - len(self._square)
        if more > 0:
            self._lat = np.concatenate((self._lat, np.zeros(more)))
            self._lng = np.concatenate((self._lng, np.zeros(more)))
            self._square = np.concatenate((self._square, np.full(more, _NOWHERE)))
            self._looked_lat = np.concatenate((self._looked_lat, np.full(more, np.nan)))
            self._looked_lng = np.concatenate((self._looked_lng, np.full(more, np.nan)))
