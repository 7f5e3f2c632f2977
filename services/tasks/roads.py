"""What tasks ask of the roads: a leg between two places, and travel times between many."""

from collections.abc import Callable, Sequence

import msgspec

from core.errors import Conflict
from geofences.fences import Area
from services.routing.route import SLOW_VEHICLE, GeoPoint, Route, Routes, Vehicle
from services.tasks.task import Leg, LegLimit


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """How long and far one goes from a place to another: city seconds and metres along the road."""

    duration_s: float
    length_m: float


class Roads:
    """Routes around the areas that are closed now. Everything raises Unavailable while routing is down."""

    def __init__(self, routes: Routes, closed: Callable[[], Sequence[Area]] = tuple) -> None:
        """Take who routes, and who knows which areas no route may enter now: others are another object."""
        self._routes = routes
        self._closed = closed
        self._counted: tuple[Sequence[Area], int] = ((), hash(()))

    def closed_now(self) -> int:
        """Return a number for the areas that no route may enter now: the same number, the same areas."""
        closed = self._closed()
        if closed is not self._counted[0]:
            self._counted = closed, hash(tuple(closed))
        return self._counted[1]

    async def leg(self, start: GeoPoint, end: GeoPoint, vehicle: Vehicle = SLOW_VEHICLE) -> Leg | None:
        """Return the way of a vehicle from one place to another, None when there is none."""
        legs = await self.legs((start, end), vehicle)
        return None if legs is None else legs[0]

    async def near(self, place: GeoPoint, vehicle: Vehicle = SLOW_VEHICLE) -> GeoPoint | None:
        """Return the nearest place on a road that the vehicle may drive, None when no road is near."""
        try:
            snapped = await self._routes.snap(place, vehicle=vehicle)
        except Conflict:
            return None
        return GeoPoint(snapped.lat, snapped.lng)

    async def legs(
        self, places: Sequence[GeoPoint], vehicle: Vehicle = SLOW_VEHICLE
    ) -> tuple[Leg, ...] | None:
        """Return the legs through two or more places in order, None when one of them has no way."""
        try:
            routes = await self._routes.legs(places, vehicle=vehicle, closed=self._closed())
        except Conflict:
            return None
        return tuple(_leg_of(route) for route in routes)

    async def hops(
        self, starts: Sequence[GeoPoint], ends: Sequence[GeoPoint], vehicle: Vehicle = SLOW_VEHICLE
    ) -> list[list[Hop | None]]:
        """Return one row per start and one column per end; None where there is no way.

        A single place off the roads makes no row or column of the others empty: they are asked one by one
        then.
        """
        if not starts or not ends:
            return [[] for _ in starts]
        try:
            matrix = await self._routes.matrix(starts, ends, vehicle=vehicle, closed=self._closed())
        except Conflict:
            if len(starts) == len(ends) == 1:
                return [[None]]
            return [[await self.hop(start, end, vehicle) for end in ends] for start in starts]
        return [
            [
                None if seconds is None or metres is None else Hop(duration_s=seconds, length_m=metres)
                for seconds, metres in zip(row_s, row_m, strict=True)
            ]
            for row_s, row_m in zip(matrix.duration_s, matrix.length_m, strict=True)
        ]

    async def hop(self, start: GeoPoint, end: GeoPoint, vehicle: Vehicle = SLOW_VEHICLE) -> Hop | None:
        """Return how far it is from one place to another, None when there is no way."""
        return (await self.hops((start,), (end,), vehicle))[0][0]


def _leg_of(route: Route) -> Leg:
    return Leg(
        polyline6=route.polyline6,
        length_m=route.length_m,
        duration_s=route.duration_s,
        limits=tuple(
            LegLimit(from_m=span.from_m, to_m=span.to_m, speed_mps=span.speed_mps) for span in route.limits
        ),
    )
