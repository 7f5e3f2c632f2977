"""Somebody wants to see a place now: the nearest patrol vehicle leaves its beat and goes there."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, Invalid, NotFound
from core.ids import DistrictCode, StaffId, StopId, TaskId, VehicleNo, new_id
from core.kinds import ServiceKind
from fleet.people.watch_vehicles import bind_vehicle
from fleet.vehicles.dispatchable import ReasonCode
from fleet.vehicles.judge_vehicles import CityNow, Judged, judge_vehicles
from fleet.vehicles.last_heard import LastHeardReader
from fleet.vehicles.papers import permitted_areas, permitted_speed_mps
from fleet.vehicles.store import VehicleFilter, VehicleStore
from geofences.geo import distance_m
from services.dispatch.area import AreasAt, covers
from services.dispatch.rules import Rule
from services.patrol.beat import Checkpoint
from services.patrol.effects import PatrolEffects
from services.patrol.kinds import RunEvent, RunKind, RunState
from services.patrol.run import Run, RunId, advance, points_of
from services.patrol.run_store import RunStore
from services.routing.route import GeoPoint, vehicle_of
from services.tasks.lose_task import lose_task
from services.tasks.roads import Roads
from services.tasks.send_plan import send_plan
from services.tasks.states import StopKind, TaskKind, TaskState
from services.tasks.store import TaskStore
from services.tasks.suspend_task import suspend_task
from services.tasks.task import Leg, Stop, Task

LONGEST_REASON: Final = 200
LOOKS_S: Final = 60
"""So long the vehicle stands there before it reports what it saw."""
FROM_ROAD_M: Final = 80.0
"""A place further from any road is out of sight of a vehicle that must stay on it; ours."""
SEES_M: Final = 30
"""Added to the way from the road when evidence of a look is judged."""
NEAREST_TRIED: Final = 3
CALLED_AWAY: Final = "called_away"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks for; without ``vehicle_no`` the nearest vehicle goes."""

    lat: float
    lng: float
    reason: str
    vehicle_no: VehicleNo | None = None


class PlannedLook(msgspec.Struct, frozen=True, kw_only=True):
    """Who goes, where it stands to look, and the way there."""

    wish: Wish
    vehicle_no: VehicleNo
    stand: GeoPoint
    leg: Leg


class Looker:
    """Sends a patrol vehicle to look at a place. One per api process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        roads: Roads,
        last_heard: LastHeardReader,
        now: Callable[[], CityNow],
        *,
        time_zone: str,
        areas_at: AreasAt | None = None,
    ) -> None:
        """Take the stores, the roads, and who knows what vehicles said and what holds in the city, operating
        areas among it; without ``areas_at`` no place is outside."""
        self._database = database
        self._clock = clock
        self._roads = roads
        self._last_heard = last_heard
        self._now = now
        self._time_zone = time_zone
        self._areas_at = areas_at

    async def plan(self, principal: Principal, wish: Wish) -> PlannedLook:
        """Return who would go. Raises Invalid without a reason, NotFound for a vehicle out of reach, Conflict
        ``route-not-found`` far from any road, ``vehicle-not-dispatchable`` with every reason."""
        if not 0 < len(wish.reason.strip()) <= LONGEST_REASON:
            raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
        able = await self._able(principal, wish)
        stand = await self._roads.near(GeoPoint(wish.lat, wish.lng))
        off_m = None if stand is None else distance_m(wish.lat, wish.lng, stand.lat, stand.lng)
        if stand is None or off_m is None or off_m > FROM_ROAD_M:
            raise Conflict("route-not-found", "no road leads near the place", limit=f"{FROM_ROAD_M:.0f} m")
        for judged in sorted(able, key=lambda each: _distance(each, stand))[:NEAREST_TRIED]:
            assert judged.heard is not None, "a vehicle that was never heard is not able"
            start = GeoPoint(judged.heard.lat, judged.heard.lng)
            road = vehicle_of(permitted_speed_mps(judged.permits, self._clock.now()))
            leg = await self._roads.leg(start, stand, road)
            if leg is not None:
                number = judged.vehicle.vehicle_no
                return PlannedLook(wish=wish, vehicle_no=number, stand=stand, leg=leg)
        raise Conflict("route-not-found", "no vehicle that is free has a way there")

    async def begin(self, tx: Transaction, principal: Principal, planned: PlannedLook) -> Run:
        """Return the look, under way: its vehicle's beat is suspended, the plan queued.

        Raises Conflict when the vehicle was given something else meanwhile or looks at another place.
        """
        at = self._clock.now()
        vehicle = await VehicleStore(tx).get(planned.vehicle_no, reach_of(principal))
        await _call_away(tx, planned.vehicle_no, at=at)
        epoch = await TaskStore(tx).next_epoch(planned.vehicle_no)
        run = Run(
            run_id=RunId(new_id()),
            kind=RunKind.LOOK,
            name_zh="前往查看",
            name_en="Go and look",
            operator=vehicle.operator,
            district=vehicle.district,
            time_zone=self._time_zone,
            wanted_vehicle=planned.vehicle_no,
            begin_by=at + timedelta(hours=1),
            reason=planned.wish.reason.strip(),
            by=StaffId(principal.id),
            by_name=principal.name,
            is_synthetic=vehicle.is_demo,
            created_at=at,
        )
        point = _point(run, planned)
        task = _task(vehicle.district, planned, point, epoch, at)
        await send_plan(tx, task, at=at, rate=self._clock.rate)
        await bind_vehicle(tx, vehicle, self._clock)
        given = msgspec.structs.replace(
            advance(run, RunEvent.GIVEN, at=at), task_id=task.task_id, vehicle_no=planned.vehicle_no
        )
        await RunStore(tx).add(given, points_of(given, (point,)))
        fields = {"vehicle_no": planned.vehicle_no, "lat": planned.wish.lat, "lng": planned.wish.lng}
        await audit.record(
            tx, principal, "patrol.sent_to_look", f"patrol_run:{run.run_id}", fields, run.reason, at=at
        )
        return given

    async def _able(self, principal: Principal, wish: Wish) -> list[Judged]:
        reach = reach_of(principal)
        async with self._database.read() as tx:
            if wish.vehicle_no is not None:
                named = await VehicleStore(tx).get(wish.vehicle_no, reach)
                if named.service is not ServiceKind.PATROL:
                    raise NotFound("not-found", "this is no patrol vehicle", vehicle_no=wish.vehicle_no)
                fleet = [named]
            else:
                wanted = VehicleFilter(services=frozenset({ServiceKind.PATROL}))
                fleet = list(await VehicleStore(tx).page(reach, wanted))
        numbers = [vehicle.vehicle_no for vehicle in fleet]
        heard = await self._last_heard.last_heard(numbers)
        async with self._database.read() as tx:
            judged = await judge_vehicles(tx, fleet, heard, self._now())
            busy = await _cannot_leave(tx, numbers)
        outside = frozenset(each.vehicle.vehicle_no for each in judged if not self._covers(each, wish))
        out = busy | outside
        able = [each for each in judged if each.vehicle.vehicle_no not in out and _may_go(each)]
        if not able:
            raise Conflict(
                "vehicle-not-dispatchable",
                "no patrol vehicle can go there now",
                reasons=_reasons(judged, busy, outside),
            )
        return able

    def _covers(self, judged: Judged, wish: Wish) -> bool:
        areas = permitted_areas(judged.permits, self._clock.now())
        return covers(areas, [(wish.lat, wish.lng)], self._areas_at)


def _may_go(judged: Judged) -> bool:
    codes = {reason.code for reason in judged.reasons}
    if judged.watcher is not None:
        codes -= {ReasonCode.NO_OPERATOR_FREE}
    return judged.heard is not None and not judged.heard.is_charging and not codes


def _reasons(
    judged: Sequence[Judged], busy: frozenset[VehicleNo], outside: frozenset[VehicleNo]
) -> list[str]:
    """Return why each vehicle cannot go, a line a vehicle."""
    lines = []
    for each in judged[:20]:
        codes = [reason.code.value for reason in each.reasons]
        codes += ["busy"] if each.vehicle.vehicle_no in busy else []
        codes += [Rule.AREA_FOR_JOB.value] if each.vehicle.vehicle_no in outside else []
        codes += ["charging"] if each.heard is not None and each.heard.is_charging else []
        lines.append(f"{each.vehicle.code or each.vehicle.vehicle_no}: {', '.join(codes)}")
    return lines


def _distance(judged: Judged, place: GeoPoint) -> float:
    heard = judged.heard
    return float("inf") if heard is None else distance_m(heard.lat, heard.lng, place.lat, place.lng)


async def _cannot_leave(tx: Transaction, numbers: Sequence[VehicleNo]) -> frozenset[VehicleNo]:
    """Return the vehicles that do something else than a beat, or were called away from one already."""
    active = await TaskStore(tx).active_ids(numbers)
    busy = set()
    for number in numbers:
        task_id = active.get(number)
        run = None if task_id is None else await RunStore(tx).of_task(task_id)
        is_on_beat = run is not None and run.kind is RunKind.BEAT
        is_called_away = await RunStore(tx).suspended_of(number) is not None
        if (task_id is not None and not is_on_beat) or (is_on_beat and is_called_away):
            busy.add(number)
    return frozenset(busy)


async def _call_away(tx: Transaction, vehicle_no: VehicleNo, *, at: datetime) -> None:
    """Suspend the vehicle's beat. One whose plan it has not taken yet goes back to wait for a vehicle."""
    task = await TaskStore(tx).active_of(vehicle_no, EVERYTHING)
    if task is None:
        return
    runs = RunStore(tx)
    run = await runs.of_task(task.task_id)
    if run is None or run.kind is not RunKind.BEAT:
        raise Conflict("vehicle-not-dispatchable", "the vehicle does something else", vehicle_no=vehicle_no)
    if task.state is TaskState.ASSIGNED:
        await lose_task(tx, task, CALLED_AWAY, PatrolEffects(), at=at)
        return
    await suspend_task(tx, task, at=at)
    assert run.state is not RunState.SUSPENDED, "an active task's run is under way"
    await runs.move(run, advance(run, RunEvent.SUSPENDED, at=at))


def _point(run: Run, planned: PlannedLook) -> Checkpoint:
    wish, stand = planned.wish, planned.stand
    off_m = distance_m(wish.lat, wish.lng, stand.lat, stand.lng)
    return Checkpoint(
        checkpoint_id=f"look-{run.run_id}",
        name_zh="指定地点",
        name_en="The place shown",
        lat=wish.lat,
        lng=wish.lng,
        dwell_s=LOOKS_S,
        within_m=round(off_m) + SEES_M,
    )


def _task(district: DistrictCode, planned: PlannedLook, point: Checkpoint, epoch: int, at: datetime) -> Task:
    stop = Stop(
        stop_id=StopId(new_id()),
        seq=1,
        kind=StopKind.INSPECT,
        place_id=point.checkpoint_id,
        name_zh=point.name_zh,
        name_en=point.name_en,
        lat=planned.stand.lat,
        lng=planned.stand.lng,
        leg=planned.leg,
        wait_s=float(point.dwell_s),
        eta_at=at + timedelta(seconds=planned.leg.duration_s),
    )
    return Task(
        task_id=TaskId(new_id()),
        epoch=epoch,
        kind=TaskKind.PATROL,
        service=ServiceKind.PATROL,
        state=TaskState.ASSIGNED,
        district=district,
        vehicle_no=planned.vehicle_no,
        stops=(stop,),
        created_at=at,
    )
