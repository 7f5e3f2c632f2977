"""Runs as work for idle sweepers: the passes of a plan with the ways to it, water, dump and charger."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Database, Transaction
from core.errors import Conflict
from core.ids import SweepingRunId
from fleet.weather.conditions import Weather
from fleet.weather.store import WeatherStore
from geofences.geo import distance_m
from services.dispatch.area import OUTSIDE_PERMIT, AreasAt, covers, permitted
from services.dispatch.fleet_member import FleetMember
from services.dispatch.work import Work, WorkStop, where
from services.places.place import Place, PlaceKind
from services.places.store import PlaceStore
from services.routing.route import GeoPoint
from services.routing.route import Vehicle as RoadVehicle
from services.schedules.settle_occurrence import occurrence_started
from services.sweeping.estimate import Part, Supply, supply_stops
from services.sweeping.hold_back import excuse_waiting
from services.sweeping.passes import GAP_M, Pass, passes_of
from services.sweeping.plan import Plan
from services.sweeping.run import SweepingRun, given, waits_because
from services.sweeping.run_store import RunStore
from services.sweeping.wetness import Reason, Sweeping, Way, colder, held_back, way_of
from services.sweeping.zone import Drawing, SweepingZone
from services.sweeping.zone_store import ZoneStore
from services.tasks.roads import Roads
from services.tasks.states import StopKind, TaskKind
from services.tasks.task import Leg, Task

SUPPLY_S: Final[dict[Supply, float]] = {Supply.WATER: 240.0, Supply.DUMP: 180.0, Supply.CHARGE: 0.0}
"""How long a vehicle stands for it; a charge ends by the battery. Ours, until depots have told."""
SUPPLY_STOPS: Final[dict[Supply, StopKind]] = {
    Supply.WATER: StopKind.WATER,
    Supply.DUMP: StopKind.DUMP,
    Supply.CHARGE: StopKind.CHARGE,
}
UNKNOWN_BATTERY: Final = 0.5
AT_HAND: Final = Leg(polyline6="", length_m=0.0, duration_s=0.0)
"""The way to where one stands already."""


class _Offer(msgspec.Struct, frozen=True):
    """What ``reference`` says of the work."""

    run_id: SweepingRunId
    way: Way
    reason: Reason


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """A run with what is needed to make it work."""

    run: SweepingRun
    zone: SweepingZone
    drawing: Drawing
    plan: Plan


class SweepingRuns:
    """Has sweepers sweep the runs that wait for one of their operator in their district."""

    def __init__(self, database: Database, roads: Roads, areas_at: AreasAt | None = None) -> None:
        """Take the runs, the roads, and who knows operating areas; without it no ground is outside."""
        self._database = database
        self._roads = roads
        self._areas_at = areas_at

    async def next_work(self, member: FleetMember, *, at: datetime) -> Work | None:
        """Return the oldest run that this vehicle may sweep; excuse those that the weather forbids.

        A run with ground that its permits do not cover is not for this vehicle, and keeps that as the reason
        for which it waits. Water, dump and charger are sought where the permits cover them.
        """
        heard, district = member.heard, member.vehicle.district
        async with self._database.read() as tx:
            found = await _waiting(tx, member)
            weather = (await WeatherStore(tx).now(at, [district])).get(district, Weather())
        for each in found:
            sweeping = _way(each.drawing, weather, None if heard is None else heard.outside_c)
            if sweeping.way is Way.CANCELLED:
                await self._excuse(each.run, sweeping.reason, at)
                continue
            if not covers(member.areas, ground_of(each.plan), self._areas_at):
                await self._say_outside(each.run, at)
                continue
            stops = await self._stops(member, each, sweeping)
            if stops:
                offer = _Offer(each.run.run_id, sweeping.way, sweeping.reason)
                reference = msgspec.json.encode(offer).decode()
                return Work(kind=TaskKind.SWEEPING, stops=tuple(stops), reference=reference)
        return None

    async def claimed(self, tx: Transaction, task: Task, work: Work) -> None:
        """Note that the run is under way. Raises Conflict, IllegalTransition when another vehicle has it."""
        offer = msgspec.json.decode(work.reference, type=_Offer)
        runs = RunStore(tx)
        run = await runs.get(offer.run_id, EVERYTHING)
        at = task.created_at
        taken = given(run, task.vehicle_no, task.task_id, offer.way, offer.reason.value, at=at)
        await runs.move(run, taken, at=at)
        if run.occurrence_id is not None:
            await occurrence_started(tx, run.occurrence_id, at=at)

    async def _excuse(self, run: SweepingRun, reason: Reason, at: datetime) -> None:
        try:
            async with self._database.write() as tx:
                await excuse_waiting(tx, run, reason.value, at=at)
        except Conflict:
            return

    async def _say_outside(self, run: SweepingRun, at: datetime) -> None:
        """Keep with a waiting run that a vehicle was free for it and may not drive there."""
        if run.reason == OUTSIDE_PERMIT:
            return
        try:
            async with self._database.write() as tx:
                await RunStore(tx).move(run, waits_because(run, OUTSIDE_PERMIT), at=at)
        except Conflict:
            return

    async def _stops(self, member: FleetMember, found: _Found, sweeping: Sweeping) -> list[WorkStop]:
        """Return the whole work as stops; none when there is no way to the zone."""
        equipment, heard = found.drawing.equipment, member.heard
        battery = UNKNOWN_BATTERY if heard is None or heard.battery_ratio is None else heard.battery_ratio
        parts = [Part(piece.kind, piece.is_backwards, piece.length_m) for piece in found.plan.pieces]
        leaves = supply_stops(
            parts,
            equipment,
            temperature_c=None if heard is None else heard.outside_c,
            is_wet=sweeping.way is Way.WET,
            battery_ratio=battery,
        )
        async with self._database.read() as tx:
            places = PlaceStore(tx)
            all_depots = await places.of_kind(PlaceKind.DEPOT, member.vehicle.district)
            all_chargers = await places.of_kind(PlaceKind.CHARGER, member.vehicle.district)
        depots = permitted(member, all_depots, self._areas_at)
        chargers = permitted(member, all_chargers, self._areas_at)
        way = _WayThrough(self._roads, member.road, found.zone, depots, chargers)
        start = where(member)
        return await way.through(passes_of(found.plan.pieces, leaves, equipment), (start.lat, start.lng))


def _way(drawing: Drawing, weather: Weather, outside_c: float | None) -> Sweeping:
    """Return how a run is swept: of the city's air and the vehicle's the colder one counts."""
    hindrance = held_back(weather)
    if hindrance is not None:
        return Sweeping(Way.CANCELLED, hindrance)
    return way_of(
        wants_water=drawing.uses_water and drawing.equipment.water_m2 > 0,
        may_sweep_dry=drawing.may_sweep_dry,
        road_c=weather.road_c,
        air_c=colder(weather.air_c, outside_c),
    )


def ground_of(plan: Plan) -> Iterator[tuple[float, float]]:
    """Return the (lat, lng) through which a plan leads, its corners all among them."""
    return (point for piece in plan.pieces for point in piece.points)


class _WayThrough:
    """Strings passes together: on the roads to each from where the one before ended, by what runs out."""

    def __init__(
        self,
        roads: Roads,
        road: RoadVehicle,
        zone: SweepingZone,
        depots: Sequence[Place],
        chargers: Sequence[Place],
    ) -> None:
        self._roads = roads
        self._road = road
        self._zone = zone
        self._places = {Supply.WATER: depots, Supply.DUMP: depots, Supply.CHARGE: chargers}
        self._stops: list[WorkStop] = []

    async def through(self, passes: Sequence[Pass], here: tuple[float, float]) -> list[WorkStop]:
        """Return every stop in order; none when a pass cannot be reached on the roads."""
        for number, each in enumerate(passes):
            is_joined = number > 0 and not passes[number - 1].supplies
            is_there = is_joined and distance_m(*here, *each.begin) <= GAP_M
            if not is_there and not await self._drive(here, self._place(each.begin), StopKind.VISIT, 0.0):
                return []
            self._stops.append(WorkStop(place=self._place(each.end), leg=each.leg, kind=StopKind.SWEEP))
            here = each.end
            if number < len(passes) - 1:
                here = await self._see_to(each.supplies, here)
        return self._stops

    async def _see_to(self, supplies: Sequence[Supply], here: tuple[float, float]) -> tuple[float, float]:
        """Add a stop for each supply at the nearest place that has it; one that nobody has is left out."""
        for supply in supplies:
            lat, lng = here
            place = min(
                self._places[supply],
                key=lambda p: (distance_m(lat, lng, p.lat, p.lng), p.place_id),
                default=None,
            )
            if place is None:
                continue
            if await self._drive(here, place, SUPPLY_STOPS[supply], SUPPLY_S[supply]):
                here = (place.lat, place.lng)
        return here

    async def _drive(self, here: tuple[float, float], place: Place, kind: StopKind, wait_s: float) -> bool:
        leg: Leg | None = AT_HAND
        if distance_m(*here, place.lat, place.lng) > GAP_M:
            leg = await self._roads.leg(GeoPoint(*here), GeoPoint(place.lat, place.lng), self._road)
        if leg is None:
            return False
        self._stops.append(WorkStop(place=place, leg=leg, kind=kind, wait_s=wait_s))
        return True

    def _place(self, point: tuple[float, float]) -> Place:
        zone = self._zone
        return Place(
            place_id=zone.zone_id,
            kind=PlaceKind.VISIT,
            district=zone.district,
            name_zh=zone.name_zh,
            name_en=zone.name_en,
            lat=point[0],
            lng=point[1],
        )


async def _waiting(tx: Transaction, member: FleetMember) -> list[_Found]:
    """Return the runs that a vehicle may begin, the oldest first, with their plans."""
    vehicle = member.vehicle
    zones = ZoneStore(tx)
    found = []
    for run in await RunStore(tx).waiting(vehicle.district, vehicle.operator):
        if run.wanted_vehicle_no not in (None, vehicle.vehicle_no):
            continue
        stored = await zones.plan(run.plan_id)
        if stored.plan is None:
            continue
        zone = await zones.get(run.zone_id, EVERYTHING)
        drawing = await zones.drawing(run.zone_id, stored.zone_version)
        found.append(_Found(run=run, zone=zone, drawing=drawing, plan=stored.plan))
    return found
