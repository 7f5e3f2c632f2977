"""Where people wanted something from a vending vehicle: calls and sales as heat by H3 cell. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

import h3.api.basic_int as h3i
import msgspec

RESOLUTION = 9
"""Cells of some 350 m across: a walk."""
HALF_LIFE_D = 7.0
"""Days after which demand counts half."""
NEAR_H = 2.0
"""Hours around the hour of the round within which demand counts in full."""
OTHER_HOURS = 0.3
"""What demand at other hours of the day counts."""
NEIGHBOUR = 0.4
"""What the heat of a neighbouring cell counts at a stop."""


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wanted something at a place (lat, lng) at a moment; ``weight`` is how much it counts."""

    lat: float
    lng: float
    at: datetime
    weight: float


def heat_of(demands: Iterable[Demand], *, at: datetime) -> Mapping[int, float]:
    """Return heat by cell for a round at ``at``: recent demand counts more, and demand at this hour."""
    heat: dict[int, float] = defaultdict(float)
    for demand in demands:
        age_d = max(0.0, (at - demand.at).total_seconds() / 86_400)
        cell = h3i.latlng_to_cell(demand.lat, demand.lng, RESOLUTION)
        heat[cell] += demand.weight * 0.5 ** (age_d / HALF_LIFE_D) * _by_hour(demand.at, at)
    return dict(heat)


def heat_at(heat: Mapping[int, float], lat: float, lng: float) -> float:
    """Return the heat of a stop: its own cell's, and part of that of the cells around it."""
    cell = h3i.latlng_to_cell(lat, lng, RESOLUTION)
    around = sum(heat.get(other, 0.0) for other in h3i.grid_disk(cell, 1) if other != cell)
    return heat.get(cell, 0.0) + NEIGHBOUR * around


def _by_hour(then: datetime, at: datetime) -> float:
    apart_h = abs((then - at).total_seconds()) / 3_600 % 24
    return 1.0 if min(apart_h, 24 - apart_h) <= NEAR_H else OTHER_HOURS
