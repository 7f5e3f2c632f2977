"""Which zones somebody may see and steer: by the delivery vehicles that work there."""

from collections import Counter

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import Forbidden, NotFound
from core.ids import DistrictCode
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.store import VehicleStore


async def zones_within(tx: Transaction, reach: Reach) -> list[DistrictCode]:
    """Return every zone in which a delivery vehicle within the reach works, in order of its letters."""
    return sorted(await _vehicles(tx, reach))


async def must_see_zone(tx: Transaction, district: DistrictCode, reach: Reach) -> None:
    """Raise NotFound for a zone without a delivery vehicle within the reach."""
    if district not in await _vehicles(tx, reach):
        raise NotFound("not-found", f"no vehicle of yours delivers in {district}", district=district)


async def must_steer_zone(tx: Transaction, district: DistrictCode, reach: Reach) -> None:
    """Raise NotFound as ``must_see_zone`` does, and Forbidden where another company delivers too.

    One round gives the orders of a zone to all of its vehicles: who steers it, steers them all.
    """
    await must_see_zone(tx, district, reach)
    mine, all_of_them = await _vehicles(tx, reach), await _vehicles(tx, EVERYTHING)
    if mine[district] < all_of_them[district]:
        raise Forbidden("forbidden", "other companies deliver in this zone too", district=district)


async def _vehicles(tx: Transaction, reach: Reach) -> Counter[DistrictCode]:
    counted: Counter[DistrictCode] = Counter()
    for group in await VehicleStore(tx).census(reach):
        if group.service is ServiceKind.DELIVERY and group.lifecycle is not Lifecycle.DECOMMISSIONED:
            counted[group.district] += group.vehicles
    return counted
