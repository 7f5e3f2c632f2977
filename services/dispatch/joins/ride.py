"""A delivery run under way as another order may join it: the stops still to come. Pure."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from core.ids import OrderId
from services.dispatch.candidate import Candidate
from services.dispatch.joins.lines import JoinRule
from services.dispatch.runs.problem import MOST_ORDERS_A_RUN
from services.orders.order import Order
from services.orders.states import OrderState
from services.routing.route import GeoPoint
from services.tasks.states import StopKind, StopState, TaskKind, TaskState
from services.tasks.task import Stop, Task

MOST_ORDERS_EVER = 2 * MOST_ORDERS_A_RUN
"""Orders that one run has in all: a run that always takes one more would never end."""
UNDER_WAY = frozenset({OrderState.PICKING_UP, OrderState.IN_TRANSIT, OrderState.ARRIVED})
"""States of the orders of a run that another may join. One that is ``assigned`` joined a moment ago and its
vehicle has not answered; with goods that go back or wait for a person nothing is added."""
OPEN = frozenset({StopState.PLANNED, StopState.REACHED})


class Halt(msgspec.Struct, frozen=True, kw_only=True):
    """A place where orders are loaded or handed over; ``ready_s`` is when the last goods are due there.

    ``stop`` is None for one that the run does not have yet. Without ``orders`` it is driven past.
    """

    kind: StopKind
    place_id: str
    place: GeoPoint
    orders: tuple[OrderId, ...]
    ready_s: float = 0.0
    stop: Stop | None = None


class Ride(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is open to one order more.

    ``vehicle`` is its vehicle as if it were free, with the boxes that nothing is in or meant for. The first
    of ``halts`` is the one that it drives to, or stands at (``stands``): it is never moved. ``due_s`` are the
    promises of the orders that are not at their door yet, in seconds from now.
    """

    vehicle: Candidate
    task: Task
    here: GeoPoint
    stands: bool
    halts: tuple[Halt, ...]
    due_s: Mapping[OrderId, float]


def ride_of(
    candidate: Candidate, task: Task, orders: Mapping[OrderId, Order], *, at: datetime
) -> Ride | JoinRule:
    """Return the run of a vehicle, or why nothing joins it now. ``orders`` are those that the task names."""
    carried = carried_by(task, orders)
    halts = _halts(task, carried, at)
    if not _is_open(task, carried, halts) or candidate.lat is None or candidate.lng is None:
        return JoinRule.RUN_NOT_OPEN
    if len(carried) >= MOST_ORDERS_A_RUN or len(task.orders()) >= MOST_ORDERS_EVER:
        return JoinRule.RUN_FULL
    taken = {order.compartment for order in carried.values()}
    free = tuple(box for box in candidate.layout if box.number not in taken)
    first = halts[0].stop
    return Ride(
        vehicle=msgspec.structs.replace(candidate, task_id=None, layout=free),
        task=task,
        here=GeoPoint(candidate.lat, candidate.lng),
        stands=first is not None and first.state is StopState.REACHED,
        halts=halts,
        due_s={
            order.order_id: (order.promised_p90_at - at).total_seconds()
            for order in carried.values()
            if order.state is not OrderState.ARRIVED
        },
    )


def carried_by(task: Task, orders: Mapping[OrderId, Order]) -> dict[OrderId, Order]:
    """Return the orders that the task has still to do with."""
    return {
        order_id: order
        for order_id in task.orders()
        if (order := orders.get(order_id)) is not None
        and order.task_id == task.task_id
        and not order.is_terminal
    }


def open_stops(task: Task) -> tuple[Stop, ...]:
    """Return the stops that the vehicle has not left, in order."""
    return tuple(stop for stop in task.stops if stop.state in OPEN)


def _is_open(task: Task, carried: Mapping[OrderId, Order], halts: tuple[Halt, ...]) -> bool:
    """Return whether the run goes as it was planned: first doors to come, second tries and returns behind."""
    stops = open_stops(task)
    doors = {order for halt in halts if halt.kind is StopKind.HANDOVER for order in halt.orders}
    return (
        task.kind is TaskKind.DELIVERY
        and task.state is TaskState.EXECUTING
        and all(order.state in UNDER_WAY for order in carried.values())
        and bool(halts)
        and bool(halts[0].orders)
        and tuple(halt.stop for halt in halts) == stops[: len(halts)]
        and all(stop.state is StopState.PLANNED for stop in stops[1:])
        and frozenset(carried) <= doors
    )


def _halts(task: Task, carried: Mapping[OrderId, Order], at: datetime) -> tuple[Halt, ...]:
    firsts = _first_visits(task)
    return tuple(_halt(stop, carried, at) for stop in open_stops(task) if stop.stop_id in firsts)


def _first_visits(task: Task) -> frozenset[str]:
    """Return the loadings and, of each order, its first door."""
    seen: set[OrderId] = set()
    found: set[str] = set()
    for stop in task.stops:
        if stop.state is StopState.SKIPPED:
            continue
        if stop.kind is StopKind.LOAD:
            found.add(stop.stop_id)
        elif stop.kind is StopKind.HANDOVER and not seen.issuperset(stop.orders):
            found.add(stop.stop_id)
            seen.update(stop.orders)
    return frozenset(found)


def _halt(stop: Stop, carried: Mapping[OrderId, Order], at: datetime) -> Halt:
    is_load = stop.kind is StopKind.LOAD
    here = [carried[order] for order in stop.orders if order in carried]
    due = [order for order in here if not is_load or order.state is OrderState.PICKING_UP]
    ready = [(order.ready_at - at).total_seconds() for order in due if is_load and order.ready_at is not None]
    return Halt(
        kind=stop.kind,
        place_id=stop.place_id,
        place=GeoPoint(stop.lat, stop.lng),
        orders=tuple(order.order_id for order in due),
        ready_s=max([0.0, *ready]),
        stop=stop,
    )
