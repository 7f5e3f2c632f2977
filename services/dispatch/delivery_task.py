"""The task of a delivery run: load, hand over, and the way back that is driven only with goods left on
board."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec

from core.ids import OrderId, StopId, TaskId, VehicleNo, new_id
from core.kinds import ServiceKind
from services.delivery.catalogue import Merchant, PickupPoint
from services.dispatch.runs.problem import Deed
from services.dispatch.runs.timing import MORE_LOAD_S
from services.dispatch.waiting import Waiting
from services.orders.promise import APPROACH_S, HANDOVER_S, LOAD_S
from services.routing.route import GeoPoint
from services.tasks.states import StopKind, TaskKind, TaskState
from services.tasks.task import Leg, Stop, Task

LOAD_WAIT_S = 900.0
"""How long a vehicle waits at a merchant past the time the goods are due, city seconds."""
RETURN_WAIT_S = 900.0
"""How long it waits there with goods that were not collected."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One stop to be: what is done at a place for which orders."""

    kind: StopKind
    orders: tuple[Waiting, ...]
    second: PickupPoint | None = None
    """The other point of a second try; it is passed by a vehicle whose goods were collected."""

    @property
    def place(self) -> Merchant | PickupPoint:
        """Return the merchant of a loading or a return, the pickup point of a hand-over."""
        first = self.orders[0]
        if self.second is not None:
            return self.second
        return first.point if self.kind is StopKind.HANDOVER else first.merchant

    @property
    def point(self) -> GeoPoint:
        """Return where that is."""
        return GeoPoint(self.place.lat, self.place.lng)


class EtaOfOrder(msgspec.Struct, frozen=True, kw_only=True):
    """When the vehicle is expected at the merchant of an order and at its door."""

    pickup_at: datetime
    at: datetime


class RunPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A task with the times that its orders are told."""

    task: Task
    etas: Mapping[OrderId, EtaOfOrder]


def calls_of(
    deeds: Sequence[tuple[Deed, Waiting]], seconds: Mapping[OrderId, PickupPoint] = MappingProxyType({})
) -> tuple[Call, ...]:
    """Return the stops of a run in order, then the second tries, then the ways back, one to each merchant.

    ``seconds`` are the points at which a vehicle waits once more for whom nobody came.

    What is done at one place without driving in between is one stop.
    """
    calls: list[Call] = []
    for deed, order in deeds:
        kind = StopKind.LOAD if deed is Deed.LOAD else StopKind.HANDOVER
        call = Call(kind=kind, orders=(order,))
        if calls and calls[-1].kind is kind and calls[-1].place == call.place:
            calls[-1] = Call(kind=kind, orders=(*calls[-1].orders, order))
        else:
            calls.append(call)
    for call in [each for each in calls if each.kind is StopKind.HANDOVER]:
        for order in call.orders:
            calls = _with_second(calls, order, seconds.get(order.order.order_id))
    by_shop: dict[str, list[Waiting]] = {}
    for deed, order in deeds:
        if deed is Deed.LOAD:
            by_shop.setdefault(order.merchant.merchant_id, []).append(order)
    return (*calls, *(Call(kind=StopKind.RETURN, orders=tuple(orders)) for orders in by_shop.values()))


def _with_second(calls: list[Call], order: Waiting, point: PickupPoint | None) -> list[Call]:
    if point is None:
        return calls
    last = calls[-1]
    if last.second is not None and last.second == point:
        return [*calls[:-1], msgspec.structs.replace(last, orders=(*last.orders, order))]
    return [*calls, Call(kind=StopKind.HANDOVER, orders=(order,), second=point)]


def plan_run(
    calls: Sequence[Call], legs: Sequence[Leg], vehicle_no: VehicleNo, epoch: int, *, at: datetime
) -> RunPlan:
    """Return the task of a run, assigned to a vehicle with ``epoch``, and when each order is expected where.

    ``legs`` lead to the calls in order, the first from where the vehicle stands.
    """
    stops: list[Stop] = []
    pickups: dict[OrderId, datetime] = {}
    etas: dict[OrderId, EtaOfOrder] = {}
    now = at
    for seq, (call, leg) in enumerate(zip(calls, legs, strict=True), start=1):
        now += timedelta(seconds=leg.duration_s)
        ids = tuple(each.order.order_id for each in call.orders)
        eta_at: datetime | None = now
        if call.kind is StopKind.LOAD:
            wait_s = load_wait_s(call, now)
            pickups |= dict.fromkeys(ids, now)
            now = max(now, *(each.view.ready_at for each in call.orders))
            now += timedelta(seconds=LOAD_S + MORE_LOAD_S * (len(ids) - 1))
        elif call.second is not None:
            eta_at, wait_s = None, max(second_wait_s(one) for one in call.orders)
        elif call.kind is StopKind.HANDOVER:
            eta_at = now + timedelta(seconds=APPROACH_S)
            wait_s = max(first_wait_s(one) for one in call.orders)
            etas |= {order: EtaOfOrder(pickup_at=pickups[order], at=eta_at) for order in ids}
            now += timedelta(seconds=HANDOVER_S)
        else:
            eta_at, wait_s = None, RETURN_WAIT_S
        stops.append(stop_of(seq, call, leg, wait_s, ids, eta_at))
    task = Task(
        task_id=TaskId(new_id()),
        epoch=epoch,
        kind=TaskKind.DELIVERY,
        service=ServiceKind.DELIVERY,
        state=TaskState.ASSIGNED,
        district=calls[0].orders[0].order.district,
        vehicle_no=vehicle_no,
        stops=tuple(stops),
        created_at=at,
    )
    return RunPlan(task=task, etas=etas)


def first_wait_s(one: Waiting) -> float:
    """Return how long a recipient is waited for: by the rule of the order, and what she needs longer."""
    usual_s = one.point.wait_s if one.order.first_wait_s is None else one.order.first_wait_s
    return usual_s + one.order.extra_wait_s


def second_wait_s(one: Waiting) -> float:
    """Return the same at the point of the second try."""
    return one.order.second_wait_s + one.order.extra_wait_s


def load_wait_s(call: Call, eta_at: datetime) -> float:
    """Return how long the vehicle waits for goods: past the time that the last of them are due."""
    ready_at = max(each.view.ready_at for each in call.orders)
    return LOAD_WAIT_S + max(0.0, (ready_at - eta_at).total_seconds())


def stop_of(
    seq: int, call: Call, leg: Leg, wait_s: float, orders: tuple[OrderId, ...], eta_at: datetime | None
) -> Stop:
    """Return the stop of a call, with a new id."""
    place = call.place
    return Stop(
        stop_id=StopId(new_id()),
        seq=seq,
        kind=call.kind,
        place_id=place.merchant_id if isinstance(place, Merchant) else place.pickup_point_id,
        name_zh=place.name_zh,
        name_en=place.name_en,
        lat=place.lat,
        lng=place.lng,
        leg=leg,
        wait_s=wait_s,
        orders=orders,
        eta_at=eta_at,
    )
