"""The order's table: every pair, timelines, and what no path may do."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IllegalTransition
from core.ids import (
    DistrictCode,
    GoodsId,
    MerchantId,
    OperatorId,
    OrderId,
    PickupPointId,
    ResidentId,
    TaskId,
    VehicleNo,
)
from services.delivery.compartments import Parcel
from services.orders.lines import OrderLine
from services.orders.order import Order, advance, delay_of
from services.orders.states import (
    BEFORE_LOADING,
    EVENTS,
    ON_BOARD,
    STATE_NAMES,
    TERMINAL,
    TRANSITIONS,
    CollectionMissed,
    GoodsCollected,
    GoodsLoaded,
    GoodsReturned,
    LinesChanged,
    MerchantAccepted,
    MovedOn,
    OrderCancelled,
    OrderEvent,
    OrderGivenUp,
    OrderState,
    PickupStarted,
    ReadyTimeSet,
    RecoveryStarted,
    ReturnStarted,
    VehicleArrived,
    VehicleAssigned,
    VehicleLost,
)

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
S = OrderState


def minutes(count: float) -> datetime:
    return T0 + timedelta(minutes=count)


LINES = (OrderLine(goods_id=GoodsId("g-1"), name_zh="牛奶", name_en="Milk", quantity=2, price_fen=1280),)


def an_order(**changes: object) -> Order:
    order = Order(
        order_id=OrderId("o-1"),
        district=DistrictCode("KB"),
        operator=OperatorId("op-1"),
        resident_id=ResidentId("r-1"),
        merchant_id=MerchantId("m-1"),
        pickup_point_id=PickupPointId("p-1"),
        lines=LINES,
        total_fen=2560,
        parcel=Parcel(litres=2.4, mass_kg=2.1),
        placed_at=T0,
        promised_p50_at=minutes(20),
        promised_p90_at=minutes(30),
    )
    return msgspec.structs.replace(order, **changes)


SAMPLES: dict[type[OrderEvent], OrderEvent] = {
    MerchantAccepted: MerchantAccepted(ready_at=minutes(5)),
    ReadyTimeSet: ReadyTimeSet(ready_at=minutes(6)),
    LinesChanged: LinesChanged(lines=LINES, parcel=Parcel(litres=2.4, mass_kg=2.1)),
    VehicleAssigned: VehicleAssigned(
        task_id=TaskId("t-1"),
        vehicle_no=VehicleNo(7),
        compartment=3,
        eta_pickup_at=minutes(8),
        eta_at=minutes(18),
    ),
    PickupStarted: PickupStarted(),
    GoodsLoaded: GoodsLoaded(compartment=3),
    VehicleArrived: VehicleArrived(collect_by=minutes(30)),
    GoodsCollected: GoodsCollected(),
    OrderCancelled: OrderCancelled(by="resident", reason="changed_mind"),
    MovedOn: MovedOn(pickup_point_id=PickupPointId("p-2"), eta_at=minutes(40)),
    CollectionMissed: CollectionMissed(),
    ReturnStarted: ReturnStarted(),
    GoodsReturned: GoodsReturned(),
    VehicleLost: VehicleLost(cause="vehicle_silent"),
    RecoveryStarted: RecoveryStarted(),
    OrderGivenUp: OrderGivenUp(reason="no_vehicle"),
}


def test_an_order_that_goes_on_after_a_rescue_has_nothing_wrong_with_it_any_more() -> None:
    order = an_order(state=S.IN_TRANSIT, loaded_at=minutes(10), task_id=TaskId("t-1"), eta_at=minutes(18))
    lost = advance(order, VehicleLost(cause="vehicle_silent"), at=minutes(12))
    assert (lost.reason, lost.task_id) == ("vehicle_silent", "t-1")
    on_its_way = advance(lost, RecoveryStarted(), at=minutes(15))
    assert (on_its_way.state, on_its_way.reason) == (S.IN_TRANSIT, "")
    back = advance(lost, ReturnStarted(), at=minutes(15))
    assert (back.state, back.reason) == (S.RETURNING, "vehicle_silent")


HAPPY: tuple[tuple[type[OrderEvent], OrderState], ...] = (
    (MerchantAccepted, S.ACCEPTED),
    (VehicleAssigned, S.ASSIGNED),
    (PickupStarted, S.PICKING_UP),
    (GoodsLoaded, S.IN_TRANSIT),
    (VehicleArrived, S.ARRIVED),
    (GoodsCollected, S.DELIVERED),
)


@pytest.mark.parametrize("state", list(OrderState), ids=str)
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_pair_of_state_and_event_is_in_the_table_or_refused(
    state: OrderState, kind: type[OrderEvent]
) -> None:
    order = an_order(state=state)
    if (state, kind) not in TRANSITIONS:
        with pytest.raises(IllegalTransition) as refusal:
            advance(order, SAMPLES[kind], at=T0)
        assert refusal.value.fields == {"state": state.value, "event": kind.__name__}
        return
    moved = advance(order, SAMPLES[kind], at=minutes(1))
    assert (moved.state, moved.version) == (TRANSITIONS[state, kind], order.version + 1)
    assert (moved.closed_at is not None) == (moved.state in TERMINAL)


def test_every_event_has_a_sample_and_every_state_two_names() -> None:
    assert set(SAMPLES) == set(EVENTS) == set(OrderEvent.__subclasses__())
    assert set(STATE_NAMES) == set(OrderState)
    assert all(zh and en for zh, en in STATE_NAMES.values())


def test_terminal_states_have_no_way_out_and_all_others_have_one() -> None:
    leaving = {state for state, _ in TRANSITIONS}
    assert leaving == set(OrderState) - TERMINAL
    assert not (BEFORE_LOADING & ON_BOARD)
    assert set(OrderState) == BEFORE_LOADING | ON_BOARD | TERMINAL


def test_an_order_all_the_way() -> None:
    order = an_order()
    for minute, (kind, expected) in enumerate(HAPPY, start=1):
        order = advance(order, SAMPLES[kind], at=minutes(minute))
        assert order.state is expected
    assert order == an_order(
        state=S.DELIVERED,
        version=7,
        accepted_at=minutes(1),
        ready_at=minutes(5),
        task_id=TaskId("t-1"),
        vehicle_no=VehicleNo(7),
        compartment=3,
        eta_pickup_at=minutes(8),
        eta_at=minutes(5),
        loaded_at=minutes(4),
        arrived_at=minutes(5),
        collect_by=minutes(30),
        closed_at=minutes(6),
    )


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((MerchantAccepted, OrderCancelled), (S.CANCELLED, 1)),
        ((MerchantAccepted, VehicleAssigned, PickupStarted, OrderCancelled), (S.CANCELLED, 1)),
        ((MerchantAccepted, VehicleAssigned, VehicleLost), (S.ACCEPTED, 2)),
        ((MerchantAccepted, VehicleAssigned, PickupStarted, VehicleLost), (S.ACCEPTED, 2)),
        (
            (
                MerchantAccepted,
                VehicleAssigned,
                VehicleLost,
                VehicleAssigned,
                PickupStarted,
                VehicleLost,
                VehicleAssigned,
            ),
            (S.ASSIGNED, 3),
        ),
        ((*[k for k, _ in HAPPY[:4]], VehicleLost), (S.NEEDS_RECOVERY, 1)),
        ((*[k for k, _ in HAPPY[:4]], VehicleLost, RecoveryStarted), (S.IN_TRANSIT, 1)),
        ((*[k for k, _ in HAPPY[:4]], VehicleLost, OrderGivenUp), (S.FAILED, 1)),
        ((*[k for k, _ in HAPPY[:5]], MovedOn, VehicleArrived, GoodsCollected), (S.DELIVERED, 1)),
        ((*[k for k, _ in HAPPY[:5]], CollectionMissed, ReturnStarted, GoodsReturned), (S.RETURNED, 1)),
    ],
    ids=lambda value: "-".join(k.__name__ for k in value) if isinstance(value[0], type) else str(value[0]),
)
def test_timelines(events: tuple[type[OrderEvent], ...], expected: tuple[OrderState, int]) -> None:
    order = an_order()
    for kind in events:
        order = advance(order, SAMPLES[kind], at=minutes(1))
    assert (order.state, order.epoch) == expected
    assert order.version == 1 + len(events)


def test_a_vehicle_lost_before_loading_leaves_no_trace_of_itself() -> None:
    order = an_order()
    for kind in (MerchantAccepted, VehicleAssigned, VehicleLost):
        order = advance(order, SAMPLES[kind], at=minutes(1))
    assert (order.vehicle_no, order.task_id, order.compartment, order.eta_at) == (None, None, None, None)
    assert order.reason == "vehicle_silent"


def test_a_vehicle_lost_after_loading_is_still_named_because_the_goods_are_in_it() -> None:
    order = an_order()
    lost: tuple[type[OrderEvent], ...] = (*[k for k, _ in HAPPY[:4]], VehicleLost)
    for kind in lost:
        order = advance(order, SAMPLES[kind], at=minutes(1))
    assert (order.vehicle_no, order.compartment, order.epoch) == (VehicleNo(7), 3, 1)


@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_no_walk_leaves_a_terminal_state_and_versions_and_epochs_never_fall(
    walk: list[type[OrderEvent]],
) -> None:
    order = an_order()
    for kind in walk:
        before = order
        try:
            order = advance(order, SAMPLES[kind], at=minutes(1))
        except IllegalTransition:
            continue
        assert before.state not in TERMINAL
        assert order.version == before.version + 1
        assert order.epoch - before.epoch in (0, 1)


@pytest.mark.parametrize(
    ("eta_min", "now_min", "late_min"),
    [(25.0, 10.0, 0.0), (34.0, 10.0, 4.0), (None, 10.0, 0.0), (None, 33.0, 3.0), (25.0, 31.0, 1.0)],
)
def test_delay_is_counted_from_the_p90_promise(
    eta_min: float | None, now_min: float, late_min: float
) -> None:
    order = an_order(state=S.ACCEPTED, eta_at=None if eta_min is None else minutes(eta_min))
    assert delay_of(order, at=minutes(now_min)) == timedelta(minutes=late_min)
