"""What is asked of routing and what comes back, and the port that callers depend on."""

from collections.abc import Sequence
from typing import Annotated, Final, Protocol

from msgspec import Meta, Struct

from geofences.fences import Area

Lat = Annotated[float, Meta(ge=-90, le=90)]
Lng = Annotated[float, Meta(ge=-180, le=180)]


class GeoPoint(Struct, frozen=True, forbid_unknown_fields=True):
    """A place on the earth, degrees WGS-84."""

    lat: Lat
    lng: Lng


class Vehicle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a vehicle matters to its way. 20 km/h is what most of the plan's vehicles may drive."""

    top_speed_kmh: Annotated[int, Meta(ge=10, le=60)] = 20
    """Valhalla takes no top speed below 10 km/h."""


SLOW_VEHICLE: Final = Vehicle()
"""What is assumed where nothing is known of the vehicle."""
SLOWEST_KMH: Final = 10
FASTEST_KMH: Final = 60


def vehicle_of(top_speed_mps: float | None) -> Vehicle:
    """Return what matters of a vehicle that may drive so fast, in whole km/h; None is the slow vehicle.

    >>> vehicle_of(15 / 3.6).top_speed_kmh
    15
    """
    if top_speed_mps is None:
        return SLOW_VEHICLE
    return Vehicle(top_speed_kmh=min(max(int(top_speed_mps * 3.6 + 1e-6), SLOWEST_KMH), FASTEST_KMH))


class SpeedSpan(Struct, frozen=True, forbid_unknown_fields=True):
    """The speed that is allowed from one distance along a route to another, in metres."""

    from_m: float
    to_m: float
    speed_mps: float


class Route(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One leg. ``polyline6`` holds (lat, lng) at 1e-6 degrees and starts and ends on the road.

    ``length_m`` is measured along the polyline; ``limits`` cover it without gaps, each the tighter of the
    road's limit, the vehicle's top speed and slow zones. A leg of no length has an empty ``limits``.
    """

    polyline6: str
    length_m: float
    duration_s: float
    limits: tuple[SpeedSpan, ...]


class Snapped(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The nearest point on a road and how far it is from where was asked; ``road`` may be empty."""

    lat: float
    lng: float
    distance_m: float
    road: str


class Matrix(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds and metres from every source (row) to every target (column); None where no road leads."""

    duration_s: tuple[tuple[float | None, ...], ...]
    length_m: tuple[tuple[float | None, ...], ...]


class Routes(Protocol):
    """Routing as its callers see it: in process (``engine.RouteEngine``) or over HTTP (``remote``).

    ``closed`` are areas that no route may enter. Every method raises ``Conflict("route-not-found")`` with
    ``place`` (the index in what was asked) or ``from_place``/``to_place`` when no road is near or none
    leads there, and ``Unavailable("routing-unavailable")`` when routing itself fails.
    """

    async def legs(
        self, places: Sequence[GeoPoint], *, vehicle: Vehicle = ..., closed: Sequence[Area] = ()
    ) -> tuple[Route, ...]:
        """Return the legs through two or more places in order: n places give n - 1 legs."""
        ...

    async def matrix(
        self,
        sources: Sequence[GeoPoint],
        targets: Sequence[GeoPoint],
        *,
        vehicle: Vehicle = ...,
        closed: Sequence[Area] = (),
    ) -> Matrix:
        """Return the times and distances of every pair; empty when there are no sources or targets."""
        ...

    async def snap(self, place: GeoPoint, *, vehicle: Vehicle = ...) -> Snapped:
        """Return the nearest point on a road that the vehicle may drive."""
        ...
