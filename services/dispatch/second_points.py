"""Where a vehicle would wait once more for each order, with the places read once a minute."""

from collections.abc import Mapping, Sequence
from typing import Final

from core.clock import Clock
from core.database import Database
from core.ids import DistrictCode, OrderId
from services.delivery.catalogue import PickupPoint
from services.delivery.second_try import second_point
from services.delivery.store import CatalogueStore
from services.dispatch.waiting import Waiting

POINTS_KEPT_S: Final = 60.0
"""Wall seconds that the pickup points of a district are taken as they were read."""


class SecondPoints:
    """Knows the second point of orders."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take where the points are and the clock that says when they were read."""
        self._database = database
        self._clock = clock
        self._points: dict[DistrictCode, tuple[float, tuple[PickupPoint, ...]]] = {}

    async def of(self, orders: Sequence[Waiting]) -> Mapping[OrderId, PickupPoint]:
        """Return the second point of each order of one district; one that has none is absent."""
        district = orders[0].order.district
        now_s = self._clock.monotonic_s()
        read_s, points = self._points.get(district, (-POINTS_KEPT_S, ()))
        if now_s - read_s >= POINTS_KEPT_S:
            async with self._database.read() as tx:
                points = tuple(await CatalogueStore(tx).pickup_points(district))
            self._points[district] = (now_s, points)
        found = {each.order.order_id: second_point(each.point, points) for each in orders}
        return {order_id: point for order_id, point in found.items() if point is not None}
