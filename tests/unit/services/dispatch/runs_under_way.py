"""A delivery run on a straight road and an order that may join it, as tests want them."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import msgspec

from core.ids import DistrictCode, MerchantId, OrderId, PickupPointId, StopId, TaskId, VehicleNo
from core.kinds import ServiceKind
from services.delivery.catalogue import Merchant, PickupPoint
from services.delivery.compartments import Compartment
from services.dispatch.candidate import Candidate, WaitingOrder
from services.dispatch.joins.choose import Bar, judge_join
from services.dispatch.joins.lines import JoinLine
from services.dispatch.joins.place import Placed, Ways
from services.dispatch.joins.ride import Ride, ride_of
from services.dispatch.waiting import Waiting
from services.orders.order import Order
from services.orders.states import OrderState
from services.routing.route import GeoPoint
from services.tasks.roads import Hop
from services.tasks.states import StopKind, TaskKind, TaskState
from services.tasks.task import Leg, Stop, Task
from tests.unit.services.orders.test_order_machine import an_order as any_order

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
A, B, NEW = OrderId("o-a"), OrderId("o-b"), OrderId("o-new-12")
BOXES = tuple(Compartment(number=n, label=f"A{n}", litres=60, max_kg=15) for n in (1, 2, 3))
LATE = Bar(loaded_s=10_000.0)
"""A bar that every run beats."""


def at(metres: float) -> GeoPoint:
    """A place on the one straight road of these tests, driven at 5 m/s."""
    return GeoPoint(metres / 100_000, 0.0)


def ways(*metres: float) -> Ways:
    return {
        (at(a), at(b)): Hop(duration_s=abs(a - b) / 5, length_m=abs(a - b))
        for a, b in product(metres, metres)
    }


def a_stop(seq: int, kind: StopKind, metres: float, *orders: OrderId, **changes: Any) -> Stop:
    place = at(metres)
    stop = Stop(
        stop_id=StopId(f"s-{seq}"),
        seq=seq,
        kind=kind,
        place_id=f"{'p' if kind is StopKind.HANDOVER else 'm'}-{metres:g}",
        name_zh="点位",
        name_en="Place",
        lat=place.lat,
        lng=place.lng,
        leg=Leg(polyline6=f"leg-{seq}", length_m=100.0, duration_s=20.0),
        wait_s=300.0,
        orders=orders,
    )
    return msgspec.structs.replace(stop, **changes)


def a_run(*stops: Stop, **changes: Any) -> Task:
    task = Task(
        task_id=TaskId("t-1"),
        kind=TaskKind.DELIVERY,
        service=ServiceKind.DELIVERY,
        state=TaskState.EXECUTING,
        district=DistrictCode("KB"),
        vehicle_no=VehicleNo(7),
        stops=stops,
        created_at=T0,
    )
    return msgspec.structs.replace(task, **changes)


def to_load_and_hand_over(**changes: Any) -> Task:
    """On the way to a shop at 500 m with a door at 2,000 m."""
    return a_run(
        a_stop(1, StopKind.LOAD, 500, A),
        a_stop(2, StopKind.HANDOVER, 2000, A),
        a_stop(3, StopKind.RETURN, 500, A),
        **changes,
    )


def riding(order_id: OrderId = A, due_s: float = 3600.0, **changes: Any) -> Order:
    fields = {
        "order_id": order_id,
        "state": OrderState.PICKING_UP,
        "task_id": TaskId("t-1"),
        "vehicle_no": VehicleNo(7),
        "compartment": 1,
        "ready_at": T0,
        "promised_p90_at": T0 + timedelta(seconds=due_s),
    }
    return any_order(**{**fields, **changes})


def a_vehicle(**changes: Any) -> Candidate:
    vehicle = Candidate(
        vehicle_no=VehicleNo(7),
        code="EDS-KB-D-0007-X",
        lat=0.0,
        lng=0.0,
        battery_ratio=0.9,
        temperature_c=20.0,
        layout=BOXES,
        task_id=TaskId("t-1"),
    )
    return msgspec.structs.replace(vehicle, **changes)


def open_ride(task: Task | None = None, *orders: Order, **vehicle: Any) -> Ride:
    found = {each.order_id: each for each in orders or (riding(),)}
    ride = ride_of(a_vehicle(**vehicle), task or to_load_and_hand_over(), found, at=T0)
    assert isinstance(ride, Ride)
    return ride


def waiting(shop: float = 1000, door: float = 1500, **view: Any) -> Waiting:
    shop_at, door_at = at(shop), at(door)
    order = any_order(
        order_id=NEW,
        state=OrderState.ACCEPTED,
        merchant_id=MerchantId(f"m-{shop:g}"),
        pickup_point_id=PickupPointId(f"p-{door:g}"),
    )
    seen = WaitingOrder(
        order_id=NEW,
        version=order.version,
        epoch=order.epoch,
        district=DistrictCode("KB"),
        merchant_lat=shop_at.lat,
        merchant_lng=shop_at.lng,
        pickup_lat=door_at.lat,
        pickup_lng=door_at.lng,
        accepted_at=T0,
        ready_at=T0,
        promised_p90_at=T0 + timedelta(minutes=40),
        parcel=order.parcel,
    )
    return Waiting(
        order=order,
        view=msgspec.structs.replace(seen, **view),
        merchant=Merchant(
            merchant_id=order.merchant_id,
            district=DistrictCode("KB"),
            kind="supermarket",
            name_zh="超市",
            name_en="Market",
            lat=shop_at.lat,
            lng=shop_at.lng,
        ),
        point=PickupPoint(
            pickup_point_id=order.pickup_point_id,
            district=DistrictCode("KB"),
            name_zh="东门",
            name_en="East gate",
            lat=door_at.lat,
            lng=door_at.lng,
        ),
    )


ROAD = ways(0, 500, 1000, 1500, 2000)


def judged(ride: Ride, one: Waiting | None = None, bar: Bar = LATE) -> tuple[JoinLine, Placed | None]:
    return judge_join(one or waiting(), ride, ROAD, bar, at=T0)


def visits(placed: Placed | None) -> list[tuple[StopKind, tuple[OrderId, ...]]]:
    assert placed is not None
    return [(halt.kind, halt.orders) for halt in placed.halts]


LOAD, DOOR = StopKind.LOAD, StopKind.HANDOVER
