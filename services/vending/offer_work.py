"""Work for idle vending vehicles: goods when they run out, stops that residents called for, then rounds."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select

from core.database import Database, Transaction
from core.errors import Conflict
from core.ids import DistrictCode, OccurrenceId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from geofences.geo import distance_m
from services.dispatch.area import AreasAt, outside_permit, permitted
from services.dispatch.fleet_member import FleetMember
from services.dispatch.work import Work, WorkStop, where
from services.places.place import Place, PlaceKind
from services.places.store import PlaceStore
from services.routing.route import GeoPoint
from services.schedules.settle_occurrence import occurrence_started
from services.tasks.roads import Roads
from services.tasks.states import ACTIVE, StopState, TaskKind
from services.tasks.store import TaskStore
from services.tasks.tables import stops, tasks
from services.tasks.task import Stop, Task
from services.vending.calls.choose_call import called_stops, choose_call
from services.vending.calls.give_calls import CALL_WAIT_S, give_calls, stop_place
from services.vending.calls.store import CallStore
from services.vending.restock.need import Urgency
from services.vending.restock.read_need import needs_of
from services.vending.restock.watch_restock import AT_PLACE_M
from services.vending.rounds.choose_round import choose_round
from services.vending.rounds.heat import heat_of
from services.vending.rounds.leave_round import rest_of_round
from services.vending.rounds.read_demand import demand_in
from services.vending.rounds.round import RoundState
from services.vending.rounds.round_store import RoundStore
from services.vending.sales.states import HOLDING
from services.vending.sales.store import SaleStore

HEAT_LASTS_S = 300.0
NEED_LASTS_S = 60.0
"""City seconds for which a zone's heat, and what a vehicle needs, are not read again: every standing vehicle
is asked every few seconds."""
CALLS, ROUND, REST, RESTOCK = "calls", "round", "rest", "restock"


class VendingWork:
    """Offers idle vending vehicles what to do (services.dispatch.work)."""

    def __init__(self, database: Database, roads: Roads, areas_at: AreasAt | None = None) -> None:
        """Take the stores, the roads, and who knows operating areas; without it no place is outside."""
        self._database = database
        self._roads = roads
        self._areas_at = areas_at
        self._heat: dict[DistrictCode, tuple[datetime, Mapping[int, float]]] = {}
        self._needs: dict[VehicleNo, tuple[datetime, Urgency | None]] = {}

    async def next_work(self, member: FleetMember, *, at: datetime) -> Work | None:
        """Return what this vehicle does next: to the depot for goods, to who called, round; None to stand.

        A vehicle in need of goods does nothing else until it has some; one without a planogram only roams.
        One that was called away from its round goes on with it before it begins another. It is sent nowhere
        outside what its permits cover, and stays while somebody buys at it.
        """
        if await self._is_selling(member.vehicle.vehicle_no):
            return None
        need = await self._need_of(member.vehicle.vehicle_no, at)
        if need is Urgency.NOW:
            return await self._for_goods(member)
        called = None if need is None else await self._called(member, at)
        return called or await self._rest(member) or await self._round(member, at)

    async def claimed(self, tx: Transaction, task: Task, work: Work) -> None:
        """Give the waiting calls of the stop, or the scheduled round, to the vehicle.

        Raises Conflict when nobody waits any more, or another vehicle drives the round.
        """
        sort, _, name = work.reference.partition(":")
        if work.resumes is not None:
            return
        if sort == CALLS:
            await give_calls(tx, task, OperatorId(name))
        elif sort == ROUND and name:
            occurrence_id = OccurrenceId(name)
            moved = await RoundStore(tx).move(
                occurrence_id, RoundState.WAITING, RoundState.DRIVEN, task.task_id
            )
            if not moved:
                raise Conflict("conflict", "another vehicle drives this round", occurrence_id=occurrence_id)
            await occurrence_started(tx, occurrence_id, at=task.created_at)

    async def _is_selling(self, vehicle_no: VehicleNo) -> bool:
        async with self._database.read() as tx:
            return bool(await SaleStore(tx).at_vehicle(vehicle_no, sorted(HOLDING)))

    async def _for_goods(self, member: FleetMember) -> Work | None:
        """Return the way to the nearest depot, None for a vehicle that is there: the crew comes to it."""
        start = where(member)
        async with self._database.read() as tx:
            all_of_them = await PlaceStore(tx).of_kind(PlaceKind.DEPOT, member.vehicle.district)
        depots = permitted(member, all_of_them, self._areas_at)
        depot = min(
            depots, key=lambda p: (distance_m(start.lat, start.lng, p.lat, p.lng), p.place_id), default=None
        )
        if depot is None or distance_m(start.lat, start.lng, depot.lat, depot.lng) <= AT_PLACE_M:
            return None
        return await self._work(member, TaskKind.RELOCATION, [(depot, 0.0)], RESTOCK)

    async def _called(self, member: FleetMember, at: datetime) -> Work | None:
        vehicle, start = member.vehicle, where(member)
        async with self._database.read() as tx:
            waiting = await CallStore(tx).waiting(vehicle.district, vehicle.operator)
        may_go = [
            stop
            for stop in called_stops(waiting)
            if outside_permit(member, stop_place(stop.first), self._areas_at) is None
        ]
        stop = choose_call(may_go, start.lat, start.lng, at=at)
        if stop is None:
            return None
        places = [(stop_place(stop.first), CALL_WAIT_S)]
        return await self._work(member, TaskKind.VENDING_CALL, places, f"{CALLS}:{vehicle.operator}")

    async def _rest(self, member: FleetMember) -> Work | None:
        """Return what is left of the round that the vehicle was called away from, in the order of before."""
        async with self._database.read() as tx:
            left = await TaskStore(tx).suspended(TaskKind.VENDING_ROUND, member.vehicle.vehicle_no)
        if not left:
            return None
        stops = [(_place(stop, member), stop.wait_s) for stop in rest_of_round(left[0])]
        work = await self._work(member, TaskKind.VENDING_ROUND, stops, REST)
        return None if work is None else msgspec.structs.replace(work, resumes=left[0].task_id)

    async def _round(self, member: FleetMember, at: datetime) -> Work | None:
        vehicle, start = member.vehicle, where(member)
        heat = await self._heat_in(vehicle.district, at)
        async with self._database.read() as tx:
            kind, service = PlaceKind.VISIT, ServiceKind.VENDING
            places = await PlaceStore(tx).of_kind(kind, vehicle.district, service=service)
            taken = await _taken_places(tx, vehicle.district)
            last = await TaskStore(tx).last_of(vehicle.vehicle_no)
            scheduled = await RoundStore(tx).next_for(vehicle.district, vehicle.operator, vehicle.vehicle_no)
        turn = 0 if last is None else last.epoch
        chosen = choose_round(
            permitted(member, places, self._areas_at),
            heat,
            taken,
            vehicle.vehicle_no,
            turn,
            start.lat,
            start.lng,
        )
        name = "" if scheduled is None else scheduled.occurrence_id
        round_stops = [(stop.place, stop.wait_s) for stop in chosen]
        return await self._work(member, TaskKind.VENDING_ROUND, round_stops, f"{ROUND}:{name}")

    async def _need_of(self, vehicle_no: VehicleNo, at: datetime) -> Urgency | None:
        """Return how badly a vehicle needs goods, None for one without a planogram."""
        read_at, urgency = self._needs.get(vehicle_no, (None, None))
        if read_at is None or at - read_at >= timedelta(seconds=NEED_LASTS_S):
            async with self._database.read() as tx:
                need = (await needs_of(tx, [vehicle_no], at=at)).get(vehicle_no)
            urgency = None if need is None else need.urgency
            self._needs[vehicle_no] = (at, urgency)
        return urgency

    async def _heat_in(self, district: DistrictCode, at: datetime) -> Mapping[int, float]:
        read_at, heat = self._heat.get(district, (None, {}))
        if read_at is None or at - read_at >= timedelta(seconds=HEAT_LASTS_S):
            async with self._database.read() as tx:
                heat = heat_of(await demand_in(tx, district, at=at), at=at)
            self._heat[district] = (at, heat)
        return heat

    async def _work(
        self, member: FleetMember, kind: TaskKind, places: list[tuple[Place, float]], reference: str
    ) -> Work | None:
        """Return the places as stops along the roads; one that no road leads to is left out."""
        start, planned = where(member), []
        for place, wait_s in places:
            end = GeoPoint(place.lat, place.lng)
            leg = await self._roads.leg(start, end, member.road)
            if leg is not None:
                planned.append(WorkStop(place=place, leg=leg, wait_s=wait_s))
                start = end
        return Work(kind=kind, stops=tuple(planned), reference=reference) if planned else None


async def _taken_places(tx: Transaction, district: DistrictCode) -> frozenset[str]:
    """Return the places that vending vehicles of a district are on their way to or stand at."""
    query = (
        select(stops.c.place_id)
        .join(tasks, tasks.c.task_id == stops.c.task_id)
        .where(
            tasks.c.state.in_(sorted(ACTIVE)),
            tasks.c.district == district,
            tasks.c.service == ServiceKind.VENDING,
            stops.c.state.in_([StopState.PLANNED, StopState.REACHED]),
        )
    )
    return frozenset((await tx.execute(query)).scalars())


def _place(stop: Stop, member: FleetMember) -> Place:
    return Place(
        place_id=stop.place_id,
        kind=PlaceKind.VISIT,
        district=member.vehicle.district,
        name_zh=stop.name_zh,
        name_en=stop.name_en,
        lat=stop.lat,
        lng=stop.lng,
    )
