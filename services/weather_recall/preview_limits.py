"""Whom limits would hold back that somebody thinks of setting: nothing is stored, nobody is called."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.auth.principal import Reach
from core.database import Transaction
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from fleet.weather.fact import WeatherFact
from fleet.weather.held import HeldSpan, held_spans
from fleet.weather.store import WeatherStore
from fleet.weather.stricter import Borne
from services.schedules.kinds import SERVICE_OF
from services.schedules.read_calendar import IN_THE_WAY, Entry, read_calendar
from services.tasks.store import TaskStore
from services.tasks.task import Task

type Company = tuple[DistrictCode, OperatorId]


class HeldVehicle(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle in service, with the task that holds it."""

    vehicle: Vehicle
    task: Task | None


class HeldBack(msgspec.Struct, frozen=True, kw_only=True):
    """What limits would hold back of a company in a 旗区: when, which vehicles, and what is due meanwhile."""

    district: DistrictCode
    operator: OperatorId
    spans: tuple[HeldSpan, ...]
    vehicles: tuple[HeldVehicle, ...]
    planned: tuple[Entry, ...]


async def preview_limits(
    tx: Transaction,
    reach: Reach,
    service: ServiceKind,
    present: Borne,
    wanted: Borne,
    *,
    at: datetime,
    until: datetime,
) -> list[HeldBack]:
    """Return who of a service what is wanted holds back in [at, until); nobody where no weather is known.

    ``present`` is what holds now. Permits are left out: they hold back what they hold back anyway.
    """
    working = VehicleFilter(services=frozenset({service}), lifecycles=frozenset({Lifecycle.IN_SERVICE}))
    vehicles = await VehicleStore(tx).page(reach, working)
    facts: dict[DistrictCode, list[WeatherFact]] = {}
    for fact in await WeatherStore(tx).holding(at, {each.district for each in vehicles}, until=until):
        facts.setdefault(fact.district, []).append(fact)
    spans: dict[Company, tuple[HeldSpan, ...]] = {}
    for district, operator in {(each.district, each.operator) for each in vehicles}:
        found = held_spans(
            wanted.of(operator, service),
            present.of(operator, service),
            facts.get(district, ()),
            at=at,
            until=until,
        )
        if found:
            spans[district, operator] = found
    if not spans:
        return []
    tasks = {task.vehicle_no: task for task in await TaskStore(tx).active(reach)}
    planned = await _planned(tx, reach, service, at=at, until=until)
    return [_held_back(company, spans[company], vehicles, tasks, planned) for company in sorted(spans)]


async def _planned(
    tx: Transaction, reach: Reach, service: ServiceKind, *, at: datetime, until: datetime
) -> list[Entry]:
    kinds = [kind for kind, of in SERVICE_OF.items() if of is service]
    if not kinds:
        return []
    entries = await read_calendar(tx, reach, begin=at, end=until, kinds=kinds)
    return [entry for entry in entries if entry.state in IN_THE_WAY]


def _held_back(
    company: Company,
    spans: tuple[HeldSpan, ...],
    vehicles: Sequence[Vehicle],
    tasks: Mapping[VehicleNo, Task],
    planned: Sequence[Entry],
) -> HeldBack:
    district, operator = company
    return HeldBack(
        district=district,
        operator=operator,
        spans=spans,
        vehicles=tuple(
            HeldVehicle(vehicle=vehicle, task=tasks.get(vehicle.vehicle_no))
            for vehicle in vehicles
            if (vehicle.district, vehicle.operator) == company
        ),
        planned=tuple(
            entry
            for entry in planned
            if (entry.schedule.district, entry.schedule.operator) == company
            and any(span.begins_at <= entry.slot.due_at < span.ends_at for span in spans)
        ),
    )
