"""A town on a plane for the dispatch benchmarks: shops, doors, orders, vehicles, and ways along its grid.

Synthetic: seven kilometres square, streets in a grid, 4.5 m/s. Positions are (lat, lng) near Ordos so that
everything of the dispatcher runs on them as on real ones.
"""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from core.ids import DistrictCode, OrderId, VehicleNo
from geofences.fences import Area
from services.delivery.compartments import Compartment, Parcel
from services.dispatch.candidate import Candidate, WaitingOrder
from services.routing.route import GeoPoint, Matrix, Route, Snapped, SpeedSpan, Vehicle

T0: Final = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
SIDE_M: Final = 7_000.0
SPEED_MPS: Final = 4.5
LAT0, LNG0 = 39.6, 109.78
M_PER_LAT, M_PER_LNG = 111_195.0, 85_680.0
ZONE: Final = DistrictCode("KB")
BOXES: Final = tuple(Compartment(number=n + 1, label=f"A{n + 1}", litres=40, max_kg=12) for n in range(6))


def place(east_m: float, north_m: float) -> GeoPoint:
    """Return a point of the plane as the earth has it."""
    return GeoPoint(LAT0 + north_m / M_PER_LAT, LNG0 + east_m / M_PER_LNG)


def way_m(a: GeoPoint, b: GeoPoint) -> float:
    """Return how far it is along the grid."""
    return abs(a.lat - b.lat) * M_PER_LAT + abs(a.lng - b.lng) * M_PER_LNG


class PlaneRoutes:
    """``Routes`` over the grid."""

    async def legs(
        self, places: Sequence[GeoPoint], *, vehicle: Vehicle | None = None, closed: Sequence[Area] = ()
    ) -> tuple[Route, ...]:
        """Return straight ways along the grid; ``vehicle`` and ``closed`` change nothing here."""
        del vehicle, closed
        return tuple(
            Route(
                polyline6="??",
                length_m=way_m(a, b),
                duration_s=way_m(a, b) / SPEED_MPS,
                limits=(SpeedSpan(0.0, way_m(a, b), SPEED_MPS),),
            )
            for a, b in itertools.pairwise(places)
        )

    async def matrix(
        self,
        sources: Sequence[GeoPoint],
        targets: Sequence[GeoPoint],
        *,
        vehicle: Vehicle | None = None,
        closed: Sequence[Area] = (),
    ) -> Matrix:
        """Return times and distances along the grid."""
        del vehicle, closed
        rows = tuple(tuple(way_m(a, b) for b in targets) for a in sources)
        return Matrix(duration_s=tuple(tuple(m / SPEED_MPS for m in row) for row in rows), length_m=rows)

    async def snap(self, place: GeoPoint, *, vehicle: Vehicle | None = None) -> Snapped:
        """Return the point itself."""
        del vehicle
        return Snapped(lat=place.lat, lng=place.lng, distance_m=0.0, road="")


class PlaneTown:
    """Shops and doors drawn once by a seed; orders and vehicles on demand from the same stream."""

    def __init__(self, seed: int, *, shops: int = 40, doors: int = 150) -> None:
        """Draw the fixed places."""
        self.rng = np.random.default_rng(seed)
        self.shops = [self.anywhere() for _ in range(shops)]
        self.doors = [self.anywhere() for _ in range(doors)]

    def anywhere(self) -> GeoPoint:
        """Return a place of the town, every one equally likely."""
        return place(*self.rng.uniform(0.0, SIDE_M, 2).tolist())

    def order(self, number: int, accepted_at: datetime) -> WaitingOrder:
        """Return an order whose goods are ready within ten minutes and which is promised within fifty."""
        shop = self.shops[int(self.rng.integers(len(self.shops)))]
        door = self.doors[int(self.rng.integers(len(self.doors)))]
        return WaitingOrder(
            order_id=OrderId(f"o-{number:05}"),
            version=2,
            epoch=1,
            district=ZONE,
            merchant_lat=shop.lat,
            merchant_lng=shop.lng,
            pickup_lat=door.lat,
            pickup_lng=door.lng,
            accepted_at=accepted_at,
            ready_at=accepted_at + timedelta(seconds=float(self.rng.uniform(0, 600))),
            promised_p90_at=accepted_at + timedelta(minutes=50),
            parcel=Parcel(litres=float(self.rng.uniform(2, 38)), mass_kg=float(self.rng.uniform(0.5, 10))),
        )

    def vehicle(self, number: int, at: GeoPoint | None = None) -> Candidate:
        """Return a free vehicle with six boxes and most of its battery."""
        here = at or self.anywhere()
        return Candidate(
            vehicle_no=VehicleNo(number),
            code=f"EDS-KB-D-{number:04}-X",
            lat=here.lat,
            lng=here.lng,
            battery_ratio=0.9,
            temperature_c=20.0,
            layout=BOXES,
        )
