"""The stops of a run with one order more: what stays, what is new, what is the same place. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from core.ids import OrderId
from services.delivery.catalogue import PickupPoint
from services.dispatch.delivery_task import (
    RETURN_WAIT_S,
    Call,
    first_wait_s,
    load_wait_s,
    second_wait_s,
    stop_of,
)
from services.dispatch.joins.place import Placed
from services.dispatch.joins.ride import Halt, open_stops
from services.dispatch.waiting import Waiting
from services.orders.promise import APPROACH_S
from services.tasks.states import StopKind, StopState
from services.tasks.task import Leg, Stop, Task

NO_LEG = Leg(polyline6="", length_m=0.0, duration_s=0.0)
"""Of a stop whose way is not known yet."""


def amended(
    task: Task, placed: Placed, waiting: Waiting, second: PickupPoint | None, *, at: datetime
) -> tuple[Stop, ...]:
    """Return the stops to come: the present one first, the doors, then second tries and returns.

    Only the present one's leg is the right one: the way to the others is found from stop to stop. ``second``
    is where the vehicle waits once more for the order's recipient.
    """
    firsts = [
        _first(halt, waiting, at=at, reached_s=reached_s, is_present=number == 0)
        for number, (halt, reached_s) in enumerate(zip(placed.halts, placed.course.reached_s, strict=True))
    ]
    known = {stop.stop_id for stop in firsts}
    tail = [stop for stop in open_stops(task) if stop.stop_id not in known]
    if second is not None:
        tail = _with_second(tail, waiting, second)
    return (*firsts, *_with_return(tail, waiting))


def in_order(task: Task, to_come: Sequence[Stop], legs: Sequence[Leg]) -> tuple[Stop, ...]:
    """Return every stop of the task, those that are over first; ``legs`` lead to all of ``to_come`` but the
    first."""
    known = {stop.stop_id for stop in to_come}
    over = [stop for stop in task.stops if stop.stop_id not in known]
    driven = [msgspec.structs.replace(stop, leg=leg) for stop, leg in zip(to_come[1:], legs, strict=True)]
    return tuple(
        msgspec.structs.replace(stop, seq=seq)
        for seq, stop in enumerate((*over, to_come[0], *driven), start=1)
    )


def _first(halt: Halt, waiting: Waiting, *, at: datetime, reached_s: float, is_present: bool) -> Stop:
    there_at = at + timedelta(seconds=reached_s)
    is_load = halt.kind is StopKind.LOAD
    eta_at = there_at if is_load else there_at + timedelta(seconds=APPROACH_S)
    order_id = waiting.order.order_id
    call = Call(kind=halt.kind, orders=(waiting,))
    wait_s = load_wait_s(call, there_at) if is_load else first_wait_s(waiting)
    if halt.stop is None:
        return stop_of(0, call, NO_LEG, wait_s, (order_id,), eta_at)
    stop = halt.stop if is_present else msgspec.structs.replace(halt.stop, eta_at=eta_at)
    return _and_for(stop, order_id, wait_s) if order_id in halt.orders else stop


def _with_second(tail: list[Stop], waiting: Waiting, point: PickupPoint) -> list[Stop]:
    order_id, wait_s = waiting.order.order_id, second_wait_s(waiting)
    doors = [stop for stop in tail if stop.kind is StopKind.HANDOVER]
    rest = tail[len(doors) :]
    if doors and doors[-1].place_id == point.pickup_point_id:
        return [*doors[:-1], _and_for(doors[-1], order_id, wait_s), *rest]
    call = Call(kind=StopKind.HANDOVER, orders=(waiting,), second=point)
    return [*doors, stop_of(0, call, NO_LEG, wait_s, (order_id,), None), *rest]


def _with_return(tail: list[Stop], waiting: Waiting) -> list[Stop]:
    order_id, shop = waiting.order.order_id, waiting.merchant.merchant_id
    if any(_is_back_at(stop, shop) for stop in tail):
        return [_and_for(stop, order_id, RETURN_WAIT_S) if _is_back_at(stop, shop) else stop for stop in tail]
    call = Call(kind=StopKind.RETURN, orders=(waiting,))
    return [*tail, stop_of(0, call, NO_LEG, RETURN_WAIT_S, (order_id,), None)]


def _is_back_at(stop: Stop, shop: str) -> bool:
    return stop.kind is StopKind.RETURN and stop.state is StopState.PLANNED and stop.place_id == shop


def _and_for(stop: Stop, order_id: OrderId, wait_s: float) -> Stop:
    """Return the stop for one order more, at which is waited as long as any of them needs."""
    orders = tuple(dict.fromkeys((*stop.orders, order_id)))
    return msgspec.structs.replace(stop, orders=orders, wait_s=max(stop.wait_s, wait_s))
