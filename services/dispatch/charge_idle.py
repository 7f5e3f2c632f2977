"""Idle vehicles that need a charger: a slot for who needs it most, a place in the queue for the others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.ids import DistrictCode, VehicleNo
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, Preheat
from fleet.people.watch_vehicles import bind_vehicle
from fleet.vehicles.store import VehicleStore
from geofences.geo import distance_m
from services.charging.charger import HOLDS_SLOT, Charger, Reservation, choose_charger
from services.charging.need import PREHEAT_TO_C, Need, gets_there, preheat_s
from services.charging.reserve import over_reservations, queue_up, take_slot, tidy_reservations
from services.charging.store import ChargerStore
from services.dispatch.energy import reach_m
from services.dispatch.fleet_member import FleetMember
from services.dispatch.give_run import LOST_RACE
from services.dispatch.work import WorkStop, task_of, where
from services.places.place import Place
from services.routing.route import GeoPoint
from services.tasks.roads import Roads
from services.tasks.send_plan import send_plan
from services.tasks.states import StopKind, TaskKind
from services.tasks.store import TaskStore
from services.tasks.task import Leg

SPARE_FOR_NEED = 1
"""Slots of a charger that a vehicle which only tops up leaves free."""
CHARGED, QUEUED, NOT_SETTLED = "charge", "queued", "not_settled"


class IdleCharger:
    """Sends idle vehicles to chargers. Any number may run at once: the slot's claim decides."""

    def __init__(self, database: Database, clock: Clock, roads: Roads) -> None:
        """Take the stores and the roads."""
        self._database = database
        self._clock = clock
        self._roads = roads

    async def settle(
        self,
        district: DistrictCode,
        wanting: Sequence[tuple[FleetMember, Need]],
        places: Sequence[Place],
        *,
        most: int,
    ) -> Counter[str]:
        """Give slots to at most ``most`` vehicles, who reaches least far first; return what became of how
        many. Raises Unavailable."""
        needing = {member.vehicle.vehicle_no for member, need in wanting if need is Need.NOW}
        async with self._database.read() as tx:
            over = await over_reservations(tx, district, needing)
        if over:
            await self._tidy(district, needing)
        return await self.serve(district, wanting, places, most=most)

    async def serve(
        self,
        district: DistrictCode,
        wanting: Sequence[tuple[FleetMember, Need]],
        places: Sequence[Place],
        *,
        most: int,
    ) -> Counter[str]:
        """Give slots as ``settle`` does, without looking whose reservation is over."""
        counts: Counter[str] = Counter()
        if not wanting:
            return counts
        async with self._database.read() as tx:
            chargers = await ChargerStore(tx).of_district(district)
            living = await ChargerStore(tx).living([district])
        taken = Counter(each.place_id for each in living if each.state in HOLDS_SLOT)
        for member, need in sorted(wanting, key=_in_turn):
            if counts.total() >= most:
                break
            counts[await self._settle(member, need, chargers, places, taken, living)] += 1
        return counts

    async def _tidy(self, district: DistrictCode, needing: set[VehicleNo]) -> None:
        try:
            async with self._database.write() as tx:
                await tidy_reservations(tx, district, needing, at=self._clock.now())
        except LOST_RACE:
            return

    async def _settle(
        self,
        member: FleetMember,
        need: Need,
        chargers: Sequence[Charger],
        places: Sequence[Place],
        taken: Counter[str],
        living: Sequence[Reservation],
    ) -> str:
        start = where(member)
        at = {place.place_id: place for place in places}
        metres = {name: distance_m(start.lat, start.lng, place.lat, place.lng) for name, place in at.items()}
        is_top_up = need is Need.TOP_UP
        if is_top_up and any(not each.given_at for each in living):
            return NOT_SETTLED
        charger = choose_charger(chargers, taken, metres, spare=SPARE_FOR_NEED if is_top_up else 0)
        if charger is None:
            return NOT_SETTLED if is_top_up else await self._queue(member, chargers, metres)
        place = at[charger.place_id]
        leg = await self._roads.leg(start, GeoPoint(place.lat, place.lng), member.road)
        if leg is None or not _gets_there(member, leg):
            return NOT_SETTLED
        if not await self._send(member, charger, place, leg):
            return NOT_SETTLED
        taken[charger.place_id] += 1
        return CHARGED

    async def _queue(
        self, member: FleetMember, chargers: Sequence[Charger], metres: Mapping[str, float]
    ) -> str:
        known = [each for each in chargers if each.is_open and each.place_id in metres]
        nearest = min(known, key=lambda each: (metres[each.place_id], each.place_id), default=None)
        if nearest is None:
            return NOT_SETTLED
        try:
            async with self._database.write() as tx:
                await queue_up(
                    tx,
                    nearest,
                    member.vehicle.vehicle_no,
                    reach_m=_reach_m(member),
                    at=self._clock.now(),
                )
        except LOST_RACE:
            return NOT_SETTLED
        return QUEUED

    async def _send(self, member: FleetMember, charger: Charger, place: Place, leg: Leg) -> bool:
        vehicle_no = member.vehicle.vehicle_no
        warm_s = preheat_s(None if member.heard is None else member.heard.battery_c)
        stop = WorkStop(place=place, leg=leg, kind=StopKind.CHARGE, wait_s=charger.swap_s)
        try:
            async with self._database.write() as tx:
                at = self._clock.now()
                epoch = await TaskStore(tx).next_epoch(vehicle_no)
                task = task_of(member, TaskKind.CHARGING, epoch, (stop,), at=at)
                await take_slot(
                    tx,
                    charger,
                    vehicle_no,
                    task.task_id,
                    reach_m=_reach_m(member),
                    preheat_s=warm_s,
                    at=at,
                )
                await send_plan(tx, task, at=at, rate=self._clock.rate)
                if warm_s:
                    await self._preheat(tx, member, warm_s, at=at)
                await bind_vehicle(tx, await VehicleStore(tx).get(vehicle_no, EVERYTHING), self._clock)
        except LOST_RACE:
            return False
        return True

    async def _preheat(self, tx: Transaction, member: FleetMember, warm_s: float, *, at: datetime) -> None:
        """Warm the battery on the way: the charger's time is worth more than the road's."""
        wish = Wish(
            vehicle_no=member.vehicle.vehicle_no,
            kind=CommandKind.PREHEAT,
            body=Preheat(target_c=PREHEAT_TO_C, within_s=warm_s),
            reason="charging",
        )
        await queue_command(tx, wish, at=at, rate=self._clock.rate)


def _in_turn(wanted: tuple[FleetMember, Need]) -> tuple[bool, float, int]:
    member, need = wanted
    return need is Need.TOP_UP, _reach_m(member), member.vehicle.vehicle_no


def _reach_m(member: FleetMember) -> float:
    heard = member.heard
    if heard is None or heard.battery_ratio is None:
        return 0.0
    return round(reach_m(heard.battery_ratio, heard.outside_c), 1)


def _gets_there(member: FleetMember, leg: Leg) -> bool:
    heard = member.heard
    if heard is None or heard.battery_ratio is None:
        return False
    return gets_there(heard.battery_ratio, leg.length_m, heard.outside_c, heard.battery_c)
