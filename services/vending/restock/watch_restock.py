"""Asks the crew for goods where a vehicle that needs them stands: at its depot, or while it charges."""

import asyncio
from collections.abc import Sequence

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, IllegalTransition
from core.ids import DistrictCode, VehicleNo
from core.kinds import ServiceKind
from core.repeating import repeat
from fleet.vehicles.kinds import Connection, Lifecycle
from fleet.vehicles.last_heard import LastHeard, LastHeardReader
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from fleet.work_orders.open_work_order import open_restock
from geofences.geo import distance_m
from services.places.place import Place, PlaceKind
from services.places.store import PlaceStore
from services.vending.restock.need import RestockNeed, Urgency
from services.vending.restock.read_need import needs_of
from services.vending.restock.scheduled import crew_was_asked, follow_visit
from services.vending.restock.visit import VisitState
from services.vending.restock.visit_store import VisitStore
from services.vending.stock_store import StockStore

AT_PLACE_M = 80.0
"""Nearer than this a vehicle stands at a depot or charger."""


class RestockWatch:
    """Opens restock work orders, one a vehicle; two may run, the order's key lets one win."""

    def __init__(
        self, database: Database, last_heard: LastHeardReader, clock: Clock, *, every_s: float = 20.0
    ) -> None:
        """Take the stores, who knows where vehicles are, and the pause in wall seconds."""
        self._database = database
        self._last_heard = last_heard
        self._clock = clock
        self._every_s = every_s

    async def watch_once(self) -> int:
        """Ask for goods where they are due; return how many were asked for, and how many restocks that a
        schedule wants moved. Raises Unavailable."""
        moved = await self._follow()
        at = self._clock.now()
        needy: list[Vehicle] = []
        needs: dict[VehicleNo, RestockNeed] = {}
        async with self._database.read() as tx:
            async for fleet in VehicleStore(tx).parts(EVERYTHING, _SELLING):
                found = await needs_of(tx, [vehicle.vehicle_no for vehicle in fleet], at=at)
                needs |= found
                needy += [one for one in fleet if _level(found.get(one.vehicle_no)) is not Urgency.NONE]
            homes = await _homes(tx, {vehicle.district for vehicle in needy})
        heard = await self._last_heard.last_heard([vehicle.vehicle_no for vehicle in needy])
        due = [
            one
            for one in needy
            if is_due(needs[one.vehicle_no], heard.get(one.vehicle_no), homes.get(one.district, ()))
        ]
        return moved + sum([await self._ask(vehicle, needs[vehicle.vehicle_no]) for vehicle in due])

    async def _ask(self, vehicle: Vehicle, need: RestockNeed) -> int:
        async with self._database.write() as tx:
            slots = (await StockStore(tx).planograms([vehicle.vehicle_no])).get(vehicle.vehicle_no, ())
            names = {slot.slot: f"{slot.slot:02d} {slot.name_zh}" for slot in slots}
            wanted = "，".join(f"{names[slot]} ×{pieces}" for slot, pieces in sorted(need.missing.items()))
            at = self._clock.now()
            opened = await open_restock(tx, vehicle, f"补货 restock: {wanted}", at=at)
            for visit in await VisitStore(tx).open_ones([vehicle.vehicle_no]):
                if visit.state is VisitState.WAITING:
                    await crew_was_asked(tx, visit, at=at)
        return int(opened is not None)

    async def _follow(self) -> int:
        """Move what schedules wanted restocked with its work orders; return how many moved."""
        at = self._clock.now()
        async with self._database.read() as tx:
            visits = await VisitStore(tx).open_ones()
        moved = 0
        for visit in visits:
            try:
                async with self._database.write() as tx:
                    moved += await follow_visit(tx, visit, at=at)
            except (Conflict, IllegalTransition):
                continue
        return moved

    async def run(self, stop: asyncio.Event) -> None:
        """Do so every few seconds until `stop`, through outages."""
        await repeat("restock", self.watch_once, self._every_s, stop)


_SELLING = VehicleFilter(
    services=frozenset({ServiceKind.VENDING}), lifecycles=frozenset({Lifecycle.IN_SERVICE})
)


def is_due(need: RestockNeed, heard: LastHeard | None, homes: Sequence[Place]) -> bool:
    """Return whether somebody should bring goods now: it stands at home in need, or charges and has room."""
    if heard is None or heard.connection is not Connection.ONLINE or heard.speed_mps > 0:
        return False
    if need.urgency is Urgency.WITH_CHARGING:
        return heard.is_charging
    return heard.is_charging or any(
        distance_m(heard.lat, heard.lng, home.lat, home.lng) <= AT_PLACE_M for home in homes
    )


def _level(need: RestockNeed | None) -> Urgency:
    return Urgency.NONE if need is None else need.urgency


async def _homes(tx: Transaction, districts: set[DistrictCode]) -> dict[DistrictCode, list[Place]]:
    return {one: await PlaceStore(tx).of_kind(PlaceKind.DEPOT, one) for one in sorted(districts)}
