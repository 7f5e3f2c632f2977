"""What tasks ask of the roads: a leg between two places, and travel times between many."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from services.tasks.task import Leg


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A position, (lat, lng) degrees WGS 84."""

    lat: float
    lng: float


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """How long and far one goes from a place to another: city seconds and metres along the road."""

    duration_s: float
    length_m: float


class Roads(Protocol):
    """Routes over the city's roads with its limits and closed areas."""

    async def leg(self, start: Spot, end: Spot) -> Leg | None:
        """Return the way, None when there is none. Raises Unavailable when routes cannot be computed."""
        ...

    async def hops(self, starts: Sequence[Spot], ends: Sequence[Spot]) -> list[list[Hop | None]]:
        """Return one row per start and one column per end; None where there is no way. Raises Unavailable."""
        ...
