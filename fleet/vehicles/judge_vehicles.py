"""Dispatchable for many vehicles at once: everything that decides is read here, the rules stay pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import FenceId, StaffId, VehicleNo
from core.kinds import ServiceKind
from fleet.people.duty import Shift, UnderWay, may_watch, rooms
from fleet.people.store import ShiftStore
from fleet.readiness.check import Readiness
from fleet.readiness.store import ReadinessStore
from fleet.vehicles.codes import CodeRecord
from fleet.vehicles.dispatchable import DispatchContext, Reason, dispatchable
from fleet.vehicles.inspection_store import InspectionStore
from fleet.vehicles.inspections import InspectionDue
from fleet.vehicles.kinds import Connection
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.paper_store import CodeStore, PaperStore
from fleet.vehicles.papers import Insurance, Permit
from fleet.vehicles.vehicle import Vehicle
from fleet.weather.conditions import Weather
from fleet.weather.recall import Recall
from fleet.weather.recall_store import RecallStore
from fleet.weather.store import WeatherStore

RESERVE_RATIO: Final = 0.15
"""Battery below which a vehicle takes no work whatever it is; ours, before any job is known."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the work; the defaults judge a vehicle without any."""

    service: ServiceKind | None = None
    areas: frozenset[FenceId] | None = None
    battery_needed_ratio: float = RESERVE_RATIO


class CityNow(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every vehicle of the city at one moment."""

    at: datetime
    """City time."""
    wall: datetime
    zone: tzinfo
    fence_set_current: int


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle with what decided about it."""

    vehicle: Vehicle
    heard: LastHeard | None
    code: CodeRecord | None
    permits: tuple[Permit, ...]
    insurances: tuple[Insurance, ...]
    watcher: Shift | None
    inspection: InspectionDue
    readiness: Readiness
    reasons: tuple[Reason, ...]
    """Empty: the vehicle may take work."""


async def judge_vehicles(
    tx: Transaction,
    vehicles: Sequence[Vehicle],
    heard: Mapping[VehicleNo, LastHeard],
    now: CityNow,
    job: Job | None = None,
) -> list[Judged]:
    """Return each vehicle with every reason why it may not take work, in the order given.

    Thirteen queries for any number of vehicles up to a few thousand. `heard` is read before, outside the
    transaction (fleet.vehicles.last_heard).
    """
    numbers = [vehicle.vehicle_no for vehicle in vehicles]
    if not numbers:
        return []
    codes = await CodeStore(tx).living_of(numbers)
    permits = await PaperStore(tx).permits_of(numbers)
    insurances = await PaperStore(tx).insurances_of(numbers)
    inspections = await InspectionStore(tx).due_of(vehicles)
    readiness = await ReadinessStore(tx).of(vehicles, at=now.at, zone=now.zone)
    districts = {vehicle.district for vehicle in vehicles}
    weather = await WeatherStore(tx).now(now.at, districts)
    borne = await WeatherStore(tx).borne()
    recalls = await RecallStore(tx).holding(districts)
    people = ShiftStore(tx)
    watchers = await people.watchers(numbers)
    shifts = await people.running(EVERYTHING)
    room = rooms(shifts, await people.bound(), now.wall)
    wanted = job or Job()
    judged = []
    for vehicle in vehicles:
        number = vehicle.vehicle_no
        said = heard.get(number)
        watcher = watchers.get(number)
        context = DispatchContext(
            code=codes.get(number),
            permits=permits.get(number, ()),
            insurances=insurances.get(number, ()),
            connection=Connection.OFFLINE if said is None else said.connection,
            control_mode=None if said is None else said.control_mode,
            battery_ratio=None if said is None else said.battery_ratio,
            battery_needed_ratio=wanted.battery_needed_ratio,
            fence_set_held=None if said is None else said.fence_set_version,
            fence_set_current=now.fence_set_current,
            service=wanted.service,
            areas=wanted.areas,
            weather=weather.get(vehicle.district, Weather()),
            weather_limits=borne.of(vehicle.operator, vehicle.service),
            recall=_keeps_in(recalls.get((vehicle.district, vehicle.service), ()), vehicle),
            zone=now.zone,
            inspection=inspections[number],
            readiness=readiness[number],
            operators_with_room=_with_room(vehicle, shifts, room),
            is_bound=watcher is not None,
        )
        judged.append(
            Judged(
                vehicle=vehicle,
                heard=said,
                code=context.code,
                permits=context.permits,
                insurances=context.insurances,
                watcher=watcher,
                inspection=context.inspection,
                readiness=context.readiness,
                reasons=dispatchable(_as_reported(vehicle, said), context, now.at),
            )
        )
    return judged


def _keeps_in(recalls: Collection[Recall], vehicle: Vehicle) -> Recall | None:
    return next((each for each in recalls if each.is_for(vehicle.operator)), None)


def _as_reported(vehicle: Vehicle, heard: LastHeard | None) -> Vehicle:
    """Return the vehicle with the software it says it runs, which may differ from what was registered."""
    if heard is None or heard.software_version is None:
        return vehicle
    return msgspec.structs.replace(vehicle, software_version=heard.software_version)


def _with_room(vehicle: Vehicle, shifts: Collection[Shift], room: Mapping[StaffId, int]) -> int:
    moving = UnderWay(vehicle_no=vehicle.vehicle_no, operator=vehicle.operator, district=vehicle.district)
    return sum(room.get(shift.staff_id, 0) > 0 and may_watch(shift, moving) for shift in shifts)
