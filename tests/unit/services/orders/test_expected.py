"""What is left of the way, and when the vehicle is expected."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from core.ids import (
    DistrictCode,
    MerchantId,
    OperatorId,
    OrderId,
    PickupPointId,
    ResidentId,
    StopId,
    TaskId,
    VehicleNo,
)
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Condition, Connection, ControlMode
from fleet.vehicles.last_heard import LastHeard
from services.delivery.compartments import Parcel
from services.orders.expected import expected, way_left
from services.orders.order import Order
from services.orders.promise import APPROACH_S, HANDOVER_S, LOAD_S
from services.orders.states import OrderState
from services.routing.polyline import decode, encode, metres_along
from services.tasks.states import StopKind, StopState, TaskKind, TaskState
from services.tasks.task import Leg, Stop, Task

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
LINE = [(39.60, 109.78), (39.61, 109.78), (39.62, 109.78), (39.63, 109.78)]


def a_leg(points: list[tuple[float, float]]) -> Leg:
    length_m = float(metres_along(points)[-1])
    return Leg(polyline6=encode(points), length_m=length_m, duration_s=length_m / 5)


def a_stop(kind: StopKind, points: list[tuple[float, float]], **changes: Any) -> Stop:
    stop = Stop(
        stop_id=StopId(kind.value),
        seq=1,
        kind=kind,
        place_id="x",
        name_zh="x",
        name_en="x",
        lat=points[-1][0],
        lng=points[-1][1],
        leg=a_leg(points),
        orders=(OrderId("o-1"),),
    )
    return msgspec.structs.replace(stop, **changes)


def a_task(**load: Any) -> Task:
    return Task(
        task_id=TaskId("t"),
        kind=TaskKind.DELIVERY,
        service=ServiceKind.DELIVERY,
        state=TaskState.EXECUTING,
        district=DistrictCode("KB"),
        vehicle_no=VehicleNo(7),
        stops=(a_stop(StopKind.LOAD, LINE[:2], **load), a_stop(StopKind.HANDOVER, LINE[1:])),
        created_at=T0,
    )


def an_order(state: OrderState, **changes: Any) -> Order:
    order = Order(
        order_id=OrderId("o-1"),
        state=state,
        district=DistrictCode("KB"),
        operator=OperatorId("op"),
        resident_id=ResidentId("r"),
        merchant_id=MerchantId("m"),
        pickup_point_id=PickupPointId("p"),
        lines=(),
        total_fen=0,
        parcel=Parcel(litres=1, mass_kg=1),
        placed_at=T0,
        promised_p50_at=T0,
        promised_p90_at=T0,
        eta_at=T0 + timedelta(hours=1),
    )
    return msgspec.structs.replace(order, **changes)


def heard(lat: float) -> LastHeard:
    return LastHeard(
        vehicle_no=VehicleNo(7),
        lat=lat,
        lng=109.78,
        measured_at=T0,
        speed_mps=4.0,
        heading_deg=0.0,
        battery_ratio=0.8,
        control_mode=ControlMode.AUTONOMOUS,
        connection=Connection.ONLINE,
        condition=Condition.DRIVING,
    )


@pytest.mark.parametrize("lat", [39.61, 39.6149, 39.6201, 39.63])
def test_the_way_left_begins_at_the_vehicle_and_ends_at_the_stop(lat: float) -> None:
    left = way_left(a_leg(LINE[1:]), lat, 109.78)
    points = decode(left.polyline6)
    assert points[0] == (lat, 109.78)
    assert points[-1] == LINE[-1]
    straight_m = float(metres_along([(lat, 109.78), LINE[-1]])[-1])
    assert left.length_m == pytest.approx(straight_m, rel=1e-6)
    assert left.duration_s == pytest.approx(left.length_m / 5, rel=0.01)


def test_a_leg_that_cannot_be_drawn_is_left_as_a_whole() -> None:
    leg = Leg(polyline6="", length_m=120.0, duration_s=24.0)
    assert way_left(leg, 39.6, 109.78).length_m == 120.0


def test_on_the_way_the_time_is_that_of_the_rest_of_the_leg() -> None:
    half_way = expected(an_order(OrderState.IN_TRANSIT), a_task(state=StopState.DONE), heard(39.62), at=T0)
    metres = float(metres_along(LINE[2:])[-1])
    assert half_way.remaining_m == pytest.approx(metres, rel=0.001)
    assert half_way.eta_at is not None
    assert (half_way.eta_at - T0).total_seconds() == pytest.approx(metres / 5 + APPROACH_S, rel=0.01)
    assert half_way.polyline6 is not None


def test_before_loading_both_legs_the_loading_and_the_goods_count() -> None:
    order = an_order(OrderState.PICKING_UP, ready_at=T0 + timedelta(minutes=10))
    coming = expected(order, a_task(), heard(39.60), at=T0)
    to_door = a_leg(LINE[1:])
    assert coming.eta_at is not None
    assert (coming.eta_at - T0).total_seconds() == pytest.approx(
        600 + LOAD_S + to_door.duration_s + APPROACH_S, rel=0.001
    )
    assert coming.remaining_m == pytest.approx(float(metres_along(LINE)[-1]), rel=0.001)
    assert coming.polyline6 is None
    there = expected(order, a_task(reached_at=T0, state=StopState.REACHED), heard(39.61), at=T0)
    assert there.remaining_m == pytest.approx(to_door.length_m)


def test_a_door_that_comes_first_costs_its_way_and_its_stay_and_is_counted() -> None:
    first = a_stop(StopKind.HANDOVER, LINE[1:3], stop_id=StopId("first"), orders=(OrderId("o-2"),))
    loaded = a_stop(StopKind.LOAD, LINE[:2], state=StopState.DONE, orders=(OrderId("o-2"), OrderId("o-1")))
    own = a_stop(StopKind.HANDOVER, LINE[2:])
    task = msgspec.structs.replace(a_task(), stops=(loaded, first, own))
    coming = expected(an_order(OrderState.IN_TRANSIT), task, heard(39.61), at=T0)
    way_s = first.leg.duration_s + own.leg.duration_s
    assert coming.eta_at is not None
    assert (coming.eta_at - T0).total_seconds() == pytest.approx(way_s + HANDOVER_S + APPROACH_S, rel=0.001)
    assert coming.remaining_m == pytest.approx(first.leg.length_m + own.leg.length_m, rel=0.001)
    assert coming.stops_before == 1
    assert coming.polyline6 is not None
    assert decode(coming.polyline6)[-1] == LINE[-1]


def test_arrived_is_no_metres_and_nothing_heard_is_what_was_last_told() -> None:
    arrived = expected(an_order(OrderState.ARRIVED, arrived_at=T0), a_task(), None, at=T0)
    assert (arrived.eta_at, arrived.remaining_m) == (T0, 0.0)
    told = expected(an_order(OrderState.IN_TRANSIT), a_task(), None, at=T0)
    assert (told.eta_at, told.remaining_m) == (T0 + timedelta(hours=1), None)
    assert expected(an_order(OrderState.NEEDS_RECOVERY), a_task(), heard(39.62), at=T0).eta_at is None
