"""Idle vehicles of a zone: to the charger, home, or to the work of their service, each in a transaction of
its own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.ids import DistrictCode
from core.kinds import ServiceKind
from fleet.commands.queue_command import Wish, queue_command
from fleet.commands.store import CommandStore
from fleet.links.wire.commands import CommandKind
from fleet.people.duty import UnderWay, may_watch, rooms
from fleet.people.store import ShiftStore
from fleet.people.watch_vehicles import bind_vehicle
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.take_reports import move_duty_if_it_can
from services.charging.demand import is_gap
from services.charging.need import Need
from services.charging.read_demand import read_demand
from services.dispatch.charge_idle import IdleCharger
from services.dispatch.fleet_member import FleetMember
from services.dispatch.fleet_picture import FleetPicture
from services.dispatch.give_run import LOST_RACE
from services.dispatch.idle import OFFERED, Idle, NextStep, next_step
from services.dispatch.turns import Waiting, whose_turn
from services.dispatch.way_home import comes_back
from services.dispatch.work import Diverter, Work, WorkSource, rest_of, task_of, where
from services.dispatch.zone_store import ZoneStore
from services.orders.store import OrderStore
from services.places.place import Place, PlaceKind
from services.places.store import PlaceStore
from services.routing.route import GeoPoint
from services.schedules.store import ScheduleStore
from services.tasks.home import return_body
from services.tasks.roads import Roads
from services.tasks.send_plan import send_plan
from services.tasks.store import TaskStore
from services.tasks.suspend_task import resume_task
from services.tasks.task import Task

MOST_A_JOB = 10
"""Vehicles of each sort settled in one job: an order that comes meanwhile waits for the job to end (0.2 s
each on two crowded cores)."""
SETTLED_FOR_S = 3.0
"""Wall seconds in which a zone whose orders come all the time is settled once: to look at every vehicle takes
as long as to give an order away, and an order waits for a vehicle, an idle vehicle for nothing."""
RESTS_TIMES = 9
"""For as many times as settling took a zone is left alone: a tenth of a worker goes to it, however many
vehicles it has."""
HOME_AGAIN_AFTER = timedelta(minutes=2)
"""City time before a vehicle is sent home again: one that says it went and stands elsewhere is not told every
second."""
IDLE = "idle"
"""Reason of a way home for want of work."""
ALL_SERVICES = frozenset({ServiceKind.DELIVERY, *OFFERED})


class IdleKeeper:
    """Finds work for vehicles that have none. Any number may run at once: the claim decides."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        fleet: FleetPicture,
        roads: Roads,
        sources: Mapping[ServiceKind, WorkSource],
        diverters: Sequence[Diverter] = (),
    ) -> None:
        """Take the stores, the fleet, the roads, who has work for the vehicles of which service, and who may
        call vehicles away from theirs."""
        self._database = database
        self._clock = clock
        self._fleet = fleet
        self._roads = roads
        self._sources = sources
        self._diverters = diverters
        self._charger = IdleCharger(database, clock, roads)
        self._due_at: dict[DistrictCode, datetime] = {}

    def is_due(self, district: DistrictCode) -> bool:
        """Return whether this process has left the zone alone for long enough."""
        due_at = self._due_at.get(district)
        return due_at is None or self._clock.wall() >= due_at

    async def settle(self, district: DistrictCode) -> dict[str, int]:
        """Give every idle vehicle its next step and return how many of each; raises Unavailable."""
        began = self._clock.wall()
        self._due_at[district] = began + timedelta(seconds=SETTLED_FOR_S)
        counts = await self._settle(district)
        over = self._clock.wall()
        self._due_at[district] = max(self._due_at[district], over + (over - began) * RESTS_TIMES)
        return counts

    async def _settle(self, district: DistrictCode) -> dict[str, int]:
        at = self._clock.now()
        async with self._database.read() as tx:
            places = PlaceStore(tx)
            depots = await places.of_kind(PlaceKind.DEPOT, district)
            chargers = await places.of_kind(PlaceKind.CHARGER, district)
            freeze = await ZoneStore(tx).freeze(district)
            waiting = len(await OrderStore(tx).waiting(district, limit=1))
            quiet = is_gap(await read_demand(tx, district, waiting=waiting, at=at))
        members = await self._fleet.look(district, ALL_SERVICES, at=at)
        steps = [
            (each, next_step(each, depots, is_home_wanted=not waiting, is_gap=quiet)) for each in members
        ]
        to_charge = [(member, idle.need) for member, idle in steps if idle.step is NextStep.CHARGE]
        counts = await self._charger.settle(district, to_charge, chargers, most=MOST_A_JOB)
        for member, depot in await self._homeless(steps, at=at):
            if counts.total() >= MOST_A_JOB:
                break
            done = await self._home(member, depot)
            counts[NextStep.GO_HOME.value if done else "not_settled"] += 1
        if freeze is not None and freeze.is_frozen:
            return dict(counts)
        for diverter in self._diverters:
            counts += await diverter.divert(district, members, (*depots, *chargers), at=at)
        wanting = [member for member, idle in steps if idle.step is NextStep.ROUND]
        given, tired = await self._hand_out_work(district, members, wanting, (*depots, *chargers), at=at)
        to_top_up = [(member, Need.TOP_UP) for member in tired]
        counts += given + await self._charger.serve(district, to_top_up, chargers, most=MOST_A_JOB)
        return dict(counts)

    async def _hand_out_work(
        self,
        district: DistrictCode,
        members: Sequence[FleetMember],
        wanting: Sequence[FleetMember],
        shelters: Sequence[Place],
        *,
        at: datetime,
    ) -> tuple[Counter[str], list[FleetMember]]:
        """Give work to as many vehicles as have room, in their turn; a service without work holds no place.

        No vehicle begins what its battery does not bring it back from; such vehicles are returned as well.
        At most ``MOST_A_JOB`` are tried that have work, so that an order never waits long for the job to end.
        """
        counts: Counter[str] = Counter()
        tired: list[FleetMember] = []
        for member, room in await self._turns(district, members, wanting):
            if counts[NextStep.ROUND.value] >= room or counts.total() >= MOST_A_JOB:
                break
            source = self._sources.get(member.vehicle.service)
            work = None if source is None else await source.next_work(member, at=at)
            if source is None or work is None:
                continue
            out_m = sum(stop.leg.length_m for stop in work.stops)
            if not comes_back(member, out_m, work.stops[-1].place, shelters):
                counts["too_far"] += 1
                tired.append(member)
                continue
            done = await self._send(member, work, source)
            counts[NextStep.ROUND.value if done else "not_settled"] += 1
        return counts, tired

    async def _turns(
        self, district: DistrictCode, members: Sequence[FleetMember], wanting: Sequence[FleetMember]
    ) -> list[tuple[FleetMember, int]]:
        """Return the vehicles in the order in which they begin (services.dispatch.turns), and with each how
        many may have begun when it does not any more.

        Work leaves as many places of the remote operators on duty free as there are delivery vehicles
        that stand: an order must never wait for a round. What a schedule owes has a time to begin by and
        leaves them half of these.
        """
        if not wanting:
            return []
        numbers = [member.vehicle.vehicle_no for member in wanting]
        async with self._database.read() as tx:
            people = ShiftStore(tx)
            bound = await people.bound()
            shifts = await people.running(EVERYTHING)
            last = await TaskStore(tx).last_given(numbers)
            owed = await ScheduleStore(tx).owed(district)
        vehicle = wanting[0].vehicle
        moving = UnderWay(vehicle_no=vehicle.vehicle_no, operator=vehicle.operator, district=district)
        here = [shift for shift in shifts if may_watch(shift, moving)]
        room = sum(rooms(here, bound, self._clock.wall()).values())
        standing = sum(
            member.vehicle.service is ServiceKind.DELIVERY and member.vehicle.vehicle_no not in bound
            for member in members
        )
        waiting = [
            Waiting(
                vehicle_no=each.vehicle.vehicle_no,
                service=each.vehicle.service,
                last_at=last.get(each.vehicle.vehicle_no),
            )
            for each in wanting
        ]
        under_way = Counter(
            member.vehicle.service for member in members if member.vehicle.vehicle_no in bound
        )
        chosen = whose_turn(waiting, under_way, len(waiting), owed)
        by_number = {member.vehicle.vehicle_no: member for member in wanting}
        first = sum(min(owed[kind], count) for kind, count in Counter(w.service for w in waiting).items())
        return [
            (by_number[number], room - (standing // 2 if place < first else standing))
            for place, number in enumerate(chosen)
        ]

    async def _send(self, member: FleetMember, work: Work, source: WorkSource | None = None) -> bool:
        vehicle_no = member.vehicle.vehicle_no
        try:
            async with self._database.write() as tx:
                at = self._clock.now()
                task = await self._give(tx, member, work, at=at)
                await bind_vehicle(tx, await VehicleStore(tx).get(vehicle_no, EVERYTHING), self._clock)
                if source is not None:
                    await ZoneStore(tx).must_give_work(task.district)
                    await source.claimed(tx, task, work)
        except LOST_RACE:
            return False
        return True

    async def _give(self, tx: Transaction, member: FleetMember, work: Work, *, at: datetime) -> Task:
        """Return the task that the work becomes, or the suspended one that goes on."""
        store, rate = TaskStore(tx), self._clock.rate
        epoch = await store.next_epoch(member.vehicle.vehicle_no)
        if work.resumes is None:
            task = task_of(member, work.kind, epoch, work.stops, at=at)
            await send_plan(tx, task, at=at, rate=rate)
            return task
        rest = rest_of(await store.get(work.resumes, EVERYTHING), work.stops, at=at)
        return await resume_task(tx, work.resumes, rest, epoch=epoch, at=at, rate=rate)

    async def _homeless(
        self, steps: Sequence[tuple[FleetMember, Idle]], *, at: datetime
    ) -> list[tuple[FleetMember, Place]]:
        """Return the vehicles that are to go home and were not told so just now, each with where that is."""
        found = [
            (member, idle.depot)
            for member, idle in steps
            if idle.step is NextStep.GO_HOME and idle.depot is not None
        ]
        numbers = [member.vehicle.vehicle_no for member, _ in found]
        async with self._database.read() as tx:
            told = await CommandStore(tx).of_reason_since(numbers, IDLE, at - HOME_AGAIN_AFTER)
        lately = {command.vehicle_no for command in told}
        return [(member, depot) for member, depot in found if member.vehicle.vehicle_no not in lately]

    async def _home(self, member: FleetMember, depot: Place) -> bool:
        leg = await self._roads.leg(where(member), GeoPoint(depot.lat, depot.lng), member.road)
        if leg is None:
            return False
        vehicle_no = member.vehicle.vehicle_no
        wish = Wish(
            vehicle_no=vehicle_no,
            kind=CommandKind.RETURN_TO_DEPOT,
            body=return_body(depot, leg),
            reason=IDLE,
        )
        try:
            async with self._database.write() as tx:
                if await TaskStore(tx).active_ids([vehicle_no]) or await _is_told(tx, member):
                    return False
                at = self._clock.now()
                await queue_command(tx, wish, at=at, rate=self._clock.rate)
                await move_duty_if_it_can(tx, vehicle_no, DutyEvent.RETURN_STARTED, at)
                await bind_vehicle(tx, await VehicleStore(tx).get(vehicle_no, EVERYTHING), self._clock)
        except LOST_RACE:
            return False
        return True


async def _is_told(tx: Transaction, member: FleetMember) -> bool:
    """Return whether a way home that the vehicle was sent is still open."""
    open_commands = await CommandStore(tx).open_of([member.vehicle.vehicle_no])
    return any(command.kind is CommandKind.RETURN_TO_DEPOT for command in open_commands)
