"""Vehicles with everything that a list or a drawer shows of them, read together."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from core.auth.principal import Principal, Reach, reach_of
from core.auth.roles import Scope
from core.database import Transaction
from core.ids import OrderId, VehicleNo
from dashboard.parts import DashboardParts
from fleet.alarms.alarm import Alarm
from fleet.alarms.store import AlarmStore
from fleet.vehicles.judge_vehicles import Judged, judge_vehicles
from fleet.vehicles.kinds import Condition
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from services.delivery.compartments import Compartment
from services.delivery.store import CompartmentStore
from services.orders.store import OrderStore
from services.tasks.store import TaskStore
from services.tasks.task import Task

MOST_PER_PAGE: Final = 500


class VehicleSheet(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle with its papers, state, task and standing alarms."""

    judged: Judged
    task: Task | None
    alarms: tuple[Alarm, ...] = ()
    layout: tuple[Compartment, ...] = ()
    boxes: Mapping[int, OrderId] = {}
    """Compartment → the order that lies in it or is meant for it."""


class SheetPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of sheets; `last` is where the next page begins, None on the last one."""

    sheets: tuple[VehicleSheet, ...]
    last: VehicleNo | None


async def list_sheets(
    parts: DashboardParts,
    principal: Principal,
    wanted: VehicleFilter,
    *,
    conditions: frozenset[Condition],
    after: VehicleNo | None,
    limit: int,
) -> SheetPage:
    """Return vehicles within the reach by number, at most `limit`; empty `conditions` gives all.

    The condition is telemetry's and not SQL's, so pages are read until enough fit.
    """
    reach = reach_of(principal)
    found: list[VehicleSheet] = []
    while True:
        async with parts.database.read() as tx:
            page = await VehicleStore(tx).page(reach, wanted, after=after, limit=limit)
        heard = await parts.last_heard.last_heard([vehicle.vehicle_no for vehicle in page])
        fitting = [v for v in page if not conditions or _condition(heard.get(v.vehicle_no)) in conditions]
        async with parts.database.read() as tx:
            found += await _sheets(tx, parts, fitting, heard, reach)
        if len(page) < limit:
            return _page(found, limit, is_last=True)
        if len(found) >= limit:
            return _page(found, limit, is_last=False)
        after = page[-1].vehicle_no


async def read_sheet(parts: DashboardParts, principal: Principal, vehicle_no: VehicleNo) -> VehicleSheet:
    """Return one vehicle within the reach with its compartments; raise NotFound when there is none.

    Who may not read orders is not told which ones it carries either: with the places of its stops they would
    say where people live.
    """
    reach = reach_of(principal)
    heard = await parts.last_heard.last_heard([vehicle_no])
    async with parts.database.read() as tx:
        vehicle = await VehicleStore(tx).get(vehicle_no, reach)
        [sheet] = await _sheets(tx, parts, [vehicle], heard, reach)
        layouts = await CompartmentStore(tx).layouts([vehicle_no])
        if not principal.may(Scope.ORDERS_READ):
            return msgspec.structs.replace(
                sheet, layout=layouts.get(vehicle_no, ()), task=_without_orders(sheet.task)
            )
        orders = await OrderStore(tx).of_ids([] if sheet.task is None else sheet.task.orders(), reach)
    boxes = {order.compartment: order.order_id for order in orders.values() if order.compartment is not None}
    return msgspec.structs.replace(sheet, layout=layouts.get(vehicle_no, ()), boxes=boxes)


async def _sheets(
    tx: Transaction,
    parts: DashboardParts,
    vehicles: Sequence[Vehicle],
    heard: Mapping[VehicleNo, LastHeard],
    reach: Reach,
) -> list[VehicleSheet]:
    if not vehicles:
        return []
    numbers = [vehicle.vehicle_no for vehicle in vehicles]
    judged = await judge_vehicles(tx, vehicles, heard, parts.now())
    held_by = await TaskStore(tx).active_ids(numbers)
    tasks = await TaskStore(tx).of_ids(list(held_by.values()), reach)
    standing: dict[VehicleNo, list[Alarm]] = {}
    for alarm in await AlarmStore(tx).standing_of(numbers):
        standing.setdefault(alarm.vehicle_no, []).append(alarm)
    return [
        VehicleSheet(
            judged=one,
            task=tasks.get(held_by[number]) if (number := one.vehicle.vehicle_no) in held_by else None,
            alarms=tuple(standing.get(number, ())),
        )
        for one in judged
    ]


def _without_orders(task: Task | None) -> Task | None:
    if task is None:
        return None
    stops = tuple(msgspec.structs.replace(stop, orders=()) for stop in task.stops)
    return msgspec.structs.replace(task, stops=stops)


def _condition(heard: LastHeard | None) -> Condition:
    return Condition.OFFLINE if heard is None else heard.condition


def _page(found: list[VehicleSheet], limit: int, *, is_last: bool) -> SheetPage:
    shown = tuple(found[:limit])
    more = not is_last or len(found) > limit
    return SheetPage(sheets=shown, last=shown[-1].judged.vehicle.vehicle_no if more and shown else None)
