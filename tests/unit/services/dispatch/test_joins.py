"""An order joins a run under way: where it is inserted, what it may not do to others, what is said of it."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import FenceId, OrderId, PickupPointId, TaskId, VehicleNo
from fleet.vehicles.dispatchable import Reason, ReasonCode
from services.dispatch.candidate import PairTimes
from services.dispatch.explanation import explain
from services.dispatch.joins.amend import amended, in_order
from services.dispatch.joins.choose import GAIN_S, Bar, Join, bar_of, judge_join
from services.dispatch.joins.explain import with_joins
from services.dispatch.joins.lines import JOIN_RULE_NAMES, JoinRule
from services.dispatch.joins.place import Placed, Ways
from services.dispatch.joins.ride import MOST_ORDERS_EVER, Ride, ride_of
from services.dispatch.rules import Rule
from services.dispatch.runs.timing import LATER_APPROACH_S
from services.dispatch.waiting import Waiting
from services.orders.order import Order
from services.orders.promise import APPROACH_S, HANDOVER_S, LOAD_S
from services.orders.states import OrderState
from services.tasks.states import StopKind, StopState, TaskKind, TaskState
from services.tasks.task import Leg, Task
from tests.unit.services.dispatch.runs_under_way import (
    BOXES,
    DOOR,
    LATE,
    LOAD,
    NEW,
    ROAD,
    T0,
    A,
    B,
    a_run,
    a_stop,
    a_vehicle,
    at,
    judged,
    open_ride,
    riding,
    to_load_and_hand_over,
    visits,
    waiting,
)


def test_an_order_on_the_way_is_loaded_and_handed_over_on_the_way() -> None:
    line, placed = judged(open_ride())
    assert visits(placed) == [(LOAD, (A,)), (LOAD, (NEW,)), (DOOR, (NEW,)), (DOOR, (A,))]
    assert (line.why, line.detour_s) == ("", 0.0)
    assert line.loaded_s == 100 + LOAD_S + 100 + LOAD_S
    assert line.arrival_s == line.loaded_s + 100 + APPROACH_S
    assert [(each.order_id, each.delay_s) for each in line.delays] == [(A, LOAD_S + HANDOVER_S)]
    assert line.text_zh == "加入 EDS-KB-D-0007-X 的行程，约 7 分钟后装货：订单 O-A 晚 210 秒。"
    assert line.text_en == "Joins the run of EDS-KB-D-0007-X, loaded in 7 min: +210 s for order O-A."


@pytest.mark.parametrize(
    ("due_s", "expected"),
    [
        (750.0, [(LOAD, (A,)), (LOAD, (NEW,)), (DOOR, (NEW,)), (DOOR, (A,))]),
        (749.0, [(LOAD, (A,)), (LOAD, (NEW,)), (DOOR, (A,)), (DOOR, (NEW,))]),
        (659.0, [(LOAD, (A,)), (DOOR, (A,)), (LOAD, (NEW,)), (DOOR, (NEW,))]),
        (-60.0, [(LOAD, (A,)), (DOOR, (A,)), (LOAD, (NEW,)), (DOOR, (NEW,))]),
    ],
    ids=["room for both", "to the second", "for nothing", "broken already"],
)
def test_no_order_of_the_run_comes_past_its_promise(
    due_s: float, expected: list[tuple[StopKind, tuple[OrderId, ...]]]
) -> None:
    _, placed = judged(open_ride(None, riding(due_s=due_s)))
    assert visits(placed) == expected


def test_the_promise_of_one_that_would_come_before_decides_for_the_whole_run() -> None:
    task = a_run(
        a_stop(1, LOAD, 500, A, B),
        a_stop(2, DOOR, 2000, A),
        a_stop(3, DOOR, 0, B),
        a_stop(4, StopKind.RETURN, 500, A, B),
    )
    both = (riding(due_s=600.0), riding(B, due_s=1200.0, compartment=2))
    line, placed = judged(open_ride(task, *both))
    assert visits(placed)[-2:] == [(LOAD, (NEW,)), (DOOR, (NEW,))]
    assert line.why == ""


def test_the_same_shop_is_one_stop_and_the_one_that_the_vehicle_drives_to_stays_the_first() -> None:
    _, placed = judged(open_ride(), waiting(500, 1500))
    assert visits(placed) == [(LOAD, (A, NEW)), (DOOR, (NEW,)), (DOOR, (A,))]
    assert placed is not None
    assert placed.halts[0].stop is not None
    assert placed.halts[0].stop.stop_id == "s-1"


def test_a_vehicle_that_stands_at_the_shop_drives_nowhere_for_it() -> None:
    task = a_run(
        a_stop(1, LOAD, 500, A, state=StopState.REACHED), a_stop(2, DOOR, 2000, A), a_stop(3, DOOR, 0, A)
    )
    _, placed = judged(open_ride(task), waiting(500, 1500))
    assert placed is not None
    assert placed.course.reached_s[0] == 0.0
    assert placed.at_shop_s == 0.0


BEHIND = (a_stop(2, DOOR, 2000, A), a_stop(3, StopKind.RETURN, 500, A))


@pytest.mark.parametrize(
    ("task", "order"),
    [
        (to_load_and_hand_over(state=TaskState.SUSPENDED), riding()),
        (to_load_and_hand_over(state=TaskState.ASSIGNED), riding()),
        (to_load_and_hand_over(state=TaskState.NEEDS_PERSON), riding()),
        (to_load_and_hand_over(kind=TaskKind.RELOCATION), riding()),
        (to_load_and_hand_over(), riding(state=OrderState.ASSIGNED)),
        (to_load_and_hand_over(), riding(state=OrderState.NEEDS_RECOVERY)),
        (
            a_run(a_stop(1, LOAD, 500, A, state=StopState.DONE), *BEHIND),
            riding(state=OrderState.RETURNING),
        ),
        (
            a_run(
                a_stop(1, LOAD, 500, A, state=StopState.DONE),
                a_stop(2, DOOR, 2000, A, state=StopState.DONE),
                a_stop(3, DOOR, 1500, A),
                a_stop(4, StopKind.RETURN, 500, A),
            ),
            riding(state=OrderState.IN_TRANSIT),
        ),
        (
            a_run(a_stop(1, LOAD, 500, A, state=StopState.REACHED), *BEHIND),
            riding(state=OrderState.IN_TRANSIT),
        ),
        (to_load_and_hand_over(), riding(task_id=TaskId("t-2"))),
    ],
    ids=[
        "suspended",
        "not taken yet",
        "needs a person",
        "no delivery",
        "one that joined is not answered",
        "goods wait for a rescue",
        "goods go back",
        "on its second try",
        "about to leave the shop",
        "its order went elsewhere",
    ],
)
def test_nothing_joins_a_run_that_does_not_go_as_it_was_planned(task: Task, order: Order) -> None:
    assert ride_of(a_vehicle(), task, {A: order}, at=T0) is JoinRule.RUN_NOT_OPEN


def test_a_run_with_three_orders_is_full_and_so_is_one_that_had_six() -> None:
    names = [OrderId(f"o-{n}") for n in range(MOST_ORDERS_EVER)]
    three = {n: riding(n) for n in names[:3]}
    task = a_run(a_stop(1, LOAD, 500, *three), a_stop(2, DOOR, 2000, *three))
    assert ride_of(a_vehicle(), task, three, at=T0) is JoinRule.RUN_FULL
    had = a_run(a_stop(1, DOOR, 0, *names[1:], state=StopState.DONE), *task.stops)
    one = {names[0]: riding(names[0])}
    assert ride_of(a_vehicle(), had, one, at=T0) is JoinRule.RUN_FULL
    few = msgspec.structs.replace(had, stops=had.stops[1:])
    assert isinstance(ride_of(a_vehicle(), few, one, at=T0), Ride)


@pytest.mark.parametrize(
    ("vehicle", "view", "why"),
    [
        ({"layout": BOXES[:1]}, {}, Rule.NO_COMPARTMENT),
        ({"reasons": (Reason(code=ReasonCode.WEATHER_RECALL),)}, {}, ReasonCode.WEATHER_RECALL),
        ({"has_refused": True}, {}, Rule.REFUSED_LATELY),
        ({"areas": frozenset({FenceId("a")})}, {"areas": frozenset({FenceId("b")})}, Rule.AREA_FOR_JOB),
        ({"areas": frozenset({FenceId("a")})}, {"areas": frozenset()}, Rule.AREA_FOR_JOB),
        ({"battery_ratio": 0.15}, {}, Rule.BATTERY_FOR_JOB),
        ({"hours_left_s": 700.0}, {}, Rule.HOURS_FOR_JOB),
    ],
    ids=["no box left", "recalled", "refused", "another area", "no area", "battery", "hours"],
)
def test_what_a_free_vehicle_is_asked_is_asked_of_the_run(
    vehicle: dict[str, Any], view: dict[str, Any], why: str
) -> None:
    line, placed = judged(open_ride(None, **vehicle), waiting(**view))
    assert (line.why, placed) == (why, None)
    assert line.text_en == f"Not on the run of EDS-KB-D-0007-X: {JOIN_RULE_NAMES[why][1]}."


def test_a_run_that_can_keep_no_promise_with_it_is_said_to_delay_others() -> None:
    task = a_run(a_stop(1, LOAD, 500, A), a_stop(2, DOOR, 2000, A), a_stop(3, DOOR, 0, B))
    both = (riding(due_s=541.0), riding(B, due_s=1040.0, compartment=2, state=OrderState.IN_TRANSIT))
    behind = open_ride(task, *both, hours_left_s=1500.0)
    line, placed = judged(behind)
    assert (line.why, placed) == (JoinRule.DELAYS_OTHERS, None)


def test_a_run_without_a_way_is_said_to_have_none() -> None:
    closed: Ways = {**ROAD, (at(500), at(1000)): None, (at(2000), at(1000)): None}
    line, placed = judge_join(waiting(), open_ride(), closed, LATE, at=T0)
    assert (line.why, placed) == (Rule.NO_ROUTE, None)


def test_a_free_vehicle_keeps_the_order_unless_the_run_loads_it_two_minutes_sooner() -> None:
    ride = open_ride()
    loaded_s = judged(ride)[0].loaded_s
    assert loaded_s is not None
    enough, short = Bar(loaded_s=loaded_s + GAIN_S), Bar(loaded_s=loaded_s + GAIN_S - 1)
    assert [judged(ride, bar=bar)[0].why for bar in (enough, short)] == ["", JoinRule.GAINS_TOO_LITTLE]
    assert judged(ride, bar=enough)[0].gain_s == GAIN_S


def test_one_that_is_loaded_sooner_and_handed_over_later_stays_with_the_free_vehicle() -> None:
    ride = open_ride(None, riding(due_s=749.0))
    line, _ = judged(ride)
    assert line.loaded_s is not None
    assert line.arrival_s is not None
    nearly = line.arrival_s - APPROACH_S - 1
    assert judged(ride, bar=Bar(loaded_s=nearly, delivery_s=0.0))[0].why == JoinRule.GAINS_TOO_LITTLE
    assert judged(ride, bar=Bar(loaded_s=nearly + 1, delivery_s=0.0))[0].why == ""


def test_the_bar_is_the_free_vehicle_or_the_next_to_come_free_the_later_the_longer_the_order_waits() -> None:
    order = waiting(accepted_at=T0 - timedelta(minutes=5)).view
    times = {(NEW, VehicleNo(1)): PairTimes(pickup_s=50, pickup_m=9, delivery_s=40, delivery_m=9)}
    free = bar_of(order, {NEW: VehicleNo(1)}, times, next_free_s=900, at=T0)
    assert free == Bar(loaded_s=50 + LOAD_S, delivery_s=40)
    none = bar_of(order, {}, times, next_free_s=900, at=T0)
    assert none == Bar(loaded_s=900 + LATER_APPROACH_S + 300 + LOAD_S)
    late = waiting(ready_at=T0 + timedelta(seconds=80)).view
    assert bar_of(late, {NEW: VehicleNo(1)}, times, next_free_s=900, at=T0).loaded_s == 80 + LOAD_S


@given(
    shops=st.lists(st.sampled_from([0, 500, 1000, 1500, 2000]), min_size=1, max_size=2),
    doors=st.lists(st.sampled_from([0, 500, 1000, 1500, 2000]), min_size=2, max_size=2),
    new=st.tuples(st.sampled_from([0, 500, 1000]), st.sampled_from([1000, 1500, 2000])),
    due_s=st.integers(0, 3000),
)
def test_wherever_it_is_put_the_rest_keeps_its_order_and_every_promise_that_was_kept(
    shops: list[int], doors: list[int], new: tuple[int, int], due_s: int
) -> None:
    names = (A, B)[: len(shops)]
    loads = [a_stop(n, LOAD, shop, name) for n, (shop, name) in enumerate(zip(shops, names, strict=True))]
    hands = [
        a_stop(9 + n, DOOR, door, name) for n, (door, name) in enumerate(zip(doors, names, strict=False))
    ]
    orders = [riding(name, due_s=float(due_s), compartment=n + 1) for n, name in enumerate(names)]
    ride = open_ride(a_run(*loads, *hands), *orders)
    _, placed = judged(ride, waiting(*new))
    if placed is None:
        return
    kept = [halt.stop for halt in placed.halts if halt.stop is not None]
    assert kept == [halt.stop for halt in ride.halts]
    assert placed.halts[0].stop == ride.halts[0].stop
    loaded = next(n for n, halt in enumerate(placed.halts) if halt.kind is LOAD and NEW in halt.orders)
    handed = next(n for n, halt in enumerate(placed.halts) if halt.kind is DOOR and NEW in halt.orders)
    assert loaded < handed
    for name in names:
        before, after = placed.before.arrival_s[name], placed.course.arrival_s[name]
        assert after <= max(due_s, before + 1)


def a_placed(task: Task, one: Waiting) -> Placed:
    placed = judged(open_ride(task), one)[1]
    assert placed is not None
    return placed


def test_the_stops_to_come_are_the_doors_then_the_second_tries_then_the_returns() -> None:
    task = a_run(
        a_stop(1, LOAD, 500, A),
        a_stop(2, DOOR, 2000, A),
        a_stop(3, DOOR, 1500, A),
        a_stop(4, StopKind.RETURN, 500, A),
    )
    one = waiting(1000, 1500)
    second = msgspec.structs.replace(one.point, pickup_point_id=PickupPointId("p-2000"), lat=at(2000).lat)
    to_come = amended(task, a_placed(task, one), one, second, at=T0)
    assert [(stop.kind, stop.place_id, stop.orders) for stop in to_come] == [
        (LOAD, "m-500", (A,)),
        (LOAD, "m-1000", (NEW,)),
        (DOOR, "p-1500", (NEW,)),
        (DOOR, "p-2000", (A,)),
        (DOOR, "p-1500", (A,)),
        (DOOR, "p-2000", (NEW,)),
        (StopKind.RETURN, "m-500", (A,)),
        (StopKind.RETURN, "m-1000", (NEW,)),
    ]
    legs = [Leg(polyline6=f"new-{n}", length_m=1.0, duration_s=1.0) for n in range(7)]
    whole = in_order(task, to_come, legs)
    assert [stop.seq for stop in whole] == list(range(1, 9))
    assert [stop.leg.polyline6 for stop in whole] == ["leg-1", *(f"new-{n}" for n in range(7))]
    assert [stop.eta_at for stop in whole[1:3]] == [T0 + timedelta(seconds=320), T0 + timedelta(seconds=560)]


def test_places_of_the_run_take_the_order_in_and_what_is_over_stays_before_them() -> None:
    left = a_stop(1, LOAD, 0, B, state=StopState.DONE)
    task = a_run(
        left,
        a_stop(2, LOAD, 500, A),
        a_stop(3, DOOR, 2000, A),
        a_stop(4, DOOR, 1500, A, wait_s=200.0),
        a_stop(5, StopKind.RETURN, 500, A),
    )
    one = waiting(500, 2000)
    second = msgspec.structs.replace(one.point, pickup_point_id=PickupPointId("p-1500"), lat=at(1500).lat)
    to_come = amended(task, a_placed(task, one), one, second, at=T0)
    assert [(stop.stop_id, stop.orders) for stop in to_come] == [
        ("s-2", (A, NEW)),
        ("s-3", (A, NEW)),
        ("s-4", (A, NEW)),
        ("s-5", (A, NEW)),
    ]
    assert to_come[2].wait_s == one.order.second_wait_s == 300.0
    assert in_order(task, to_come, [left.leg] * 3)[0] == left


def test_what_is_kept_of_a_joined_order_names_the_run_and_who_rides_in_it() -> None:
    one, ride = waiting(), open_ride()
    line, placed = judged(ride)
    assert placed is not None
    alone = explain(one.view, [a_vehicle()], {}, {}, {}, at=T0)
    said = with_joins(alone, (line,), Join(ride=ride, placed=placed, at=T0))
    assert (said.chosen, said.chosen_code, said.together) == (7, "EDS-KB-D-0007-X", (A,))
    assert (said.joined, said.reason, said.cost_s) == (line, "", None)
    assert said.text_zh == line.text_zh
    left = with_joins(alone, (msgspec.structs.replace(line, why=JoinRule.ANOTHER_JOINS),), None)
    assert (left.chosen, left.joined, left.text_zh) == (None, None, alone.text_zh)


def test_every_rule_that_keeps_an_order_out_has_a_name_in_both_languages() -> None:
    assert {str(rule) for rule in JoinRule} <= set(JOIN_RULE_NAMES)
    assert all(zh and en for zh, en in JOIN_RULE_NAMES.values())
