"""A dispatch round: who goes, who lost by how much, who was excluded by what, and what is said about it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import DistrictCode, FenceId, OrderId, TaskId, VehicleNo
from fleet.vehicles.dispatchable import Reason, ReasonCode
from services.delivery.compartments import Compartment, Parcel
from services.dispatch.assignment import assign
from services.dispatch.candidate import Candidate, PairTimes, WaitingOrder
from services.dispatch.cost import TERM_NAMES, cost_terms, total_s
from services.dispatch.energy import battery_needed_ratio, temperature_factor
from services.dispatch.plan import explain_all, judge_pairs, may_drive
from services.dispatch.rules import RULE_NAMES, Rule
from services.orders.promise import HANDOVER_S, LOAD_S
from tests.unit.services.dispatch.rounds import plan_round

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
BOX = Compartment(number=1, label="A1", litres=60, max_kg=15)


def an_order(name: str = "o-1", **changes: object) -> WaitingOrder:
    order = WaitingOrder(
        order_id=OrderId(name),
        version=2,
        epoch=1,
        district=DistrictCode("KB"),
        merchant_lat=39.6,
        merchant_lng=109.8,
        pickup_lat=39.61,
        pickup_lng=109.81,
        accepted_at=T0,
        ready_at=T0,
        promised_p90_at=T0 + timedelta(minutes=40),
        parcel=Parcel(litres=10, mass_kg=2),
    )
    return msgspec.structs.replace(order, **changes)


def a_vehicle(number: int, **changes: object) -> Candidate:
    vehicle = Candidate(
        vehicle_no=VehicleNo(number),
        code=f"EDS-KB-D-{number:04}-X",
        lat=39.6,
        lng=109.8,
        battery_ratio=0.9,
        temperature_c=20.0,
        layout=(BOX,),
    )
    return msgspec.structs.replace(vehicle, **changes)


def pair(pickup_s: float, delivery_s: float = 300.0) -> PairTimes:
    return PairTimes(
        pickup_s=pickup_s, pickup_m=pickup_s * 4, delivery_s=delivery_s, delivery_m=delivery_s * 4
    )


def test_the_nearer_of_two_vehicles_goes_and_the_other_is_told_by_how_much_it_lost() -> None:
    times = {(OrderId("o-1"), VehicleNo(1)): pair(100), (OrderId("o-1"), VehicleNo(2)): pair(160)}
    made = plan_round([an_order()], [a_vehicle(1), a_vehicle(2)], times, at=T0)
    assert made.chosen == {"o-1": 1}
    said = made.explanations[OrderId("o-1")]
    assert (said.chosen, said.cost_s, said.considered, said.feasible) == (1, 104.0, 2, 2)
    assert [(line.vehicle_no, round(line.lost_by_s or 0, 3)) for line in said.candidates] == [(2, 62.4)]
    assert said.text_zh == "2 辆车中 2 辆可用，选 EDS-KB-D-0001-X：约 2 分钟到达商户。"


def test_two_orders_are_served_together_better_than_each_by_its_nearest() -> None:
    near, far = OrderId("near"), OrderId("far")
    times = {
        (near, VehicleNo(1)): pair(100),
        (near, VehicleNo(2)): pair(120),
        (far, VehicleNo(1)): pair(150),
        (far, VehicleNo(2)): pair(900),
    }
    made = plan_round([an_order("near"), an_order("far")], [a_vehicle(1), a_vehicle(2)], times, at=T0)
    assert made.chosen == {"near": 2, "far": 1}
    cheaper = made.explanations[near].candidates[0]
    assert (cheaper.vehicle_no, cheaper.took_order) == (1, far)
    assert cheaper.lost_by_s == pytest.approx(-20.8)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"reasons": (Reason(code=ReasonCode.NOT_ONLINE, value="offline"),)}, "not_online"),
        ({"task_id": TaskId("t-9")}, Rule.ON_ANOTHER_JOB),
        ({"lat": None}, Rule.NEVER_HEARD),
        ({"layout": ()}, Rule.NO_COMPARTMENT),
        ({"battery_ratio": 0.13}, Rule.BATTERY_FOR_JOB),
        ({"battery_ratio": None}, Rule.BATTERY_FOR_JOB),
    ],
    ids=lambda value: str(value),
)
def test_what_excludes_a_vehicle_is_named(changes: dict[str, object], rule: str) -> None:
    times = {(OrderId("o-1"), VehicleNo(1)): pair(100)}
    made = plan_round([an_order()], [a_vehicle(1, **changes)], times, at=T0)
    said = made.explanations[OrderId("o-1")]
    assert (made.chosen, said.reason, said.feasible) == ({}, "all_excluded", 0)
    assert [reason.rule for line in said.candidates for reason in line.excluded_by] == [str(rule)]
    assert RULE_NAMES[str(rule)][0] in said.text_zh
    assert RULE_NAMES[str(rule)][1] in said.text_en


def test_an_order_outside_the_permitted_area_or_hours_is_named() -> None:
    times = {(OrderId("o-1"), VehicleNo(1)): pair(100)}
    here, there = frozenset({FenceId("KB")}), frozenset({FenceId("DS")})

    def rules(order: frozenset[FenceId] | None, **changes: object) -> list[str]:
        made = plan_round([an_order(areas=order)], [a_vehicle(1, **changes)], times, at=T0)
        said = made.explanations[OrderId("o-1")]
        return [reason.rule for line in said.candidates for reason in line.excluded_by]

    assert rules(here, areas=here | there) == []
    assert rules(here, areas=there) == [Rule.AREA_FOR_JOB]
    assert rules(here | there, areas=here) == [Rule.AREA_FOR_JOB]
    assert rules(frozenset(), areas=here) == [Rule.AREA_FOR_JOB], "a door in no surveyed area"
    assert rules(None, areas=here) == []
    needed_s = 100 + 300 + LOAD_S + HANDOVER_S
    assert rules(None, hours_left_s=needed_s) == []
    assert rules(None, hours_left_s=needed_s - 1) == [Rule.HOURS_FOR_JOB]


def test_the_way_home_is_the_one_from_the_door() -> None:
    times = {(OrderId("o-1"), VehicleNo(1)): pair(100)}

    def goes(home_m: float | None) -> bool:
        made = plan_round([an_order(home_m=home_m)], [a_vehicle(1, battery_ratio=0.15)], times, at=T0)
        return bool(made.chosen)

    assert goes(1_500.0)
    assert goes(None), "as long as the way out"
    assert not goes(2_500.0)


def test_a_place_without_a_way_is_named() -> None:
    made = plan_round([an_order()], [a_vehicle(1)], {}, at=T0)
    assert made.explanations[OrderId("o-1")].excluded[0].rule == Rule.NO_ROUTE


def test_an_order_in_a_district_without_vehicles_says_so() -> None:
    said = plan_round([an_order()], [], {}, at=T0).explanations[OrderId("o-1")]
    assert (said.reason, said.text_zh) == ("no_vehicles", "本旗区没有配送车。")


def test_with_fewer_vehicles_than_orders_the_longer_wait_goes_first_and_the_other_is_told() -> None:
    old = an_order("old", accepted_at=T0 - timedelta(minutes=20))
    times = {(OrderId(o), VehicleNo(1)): pair(200) for o in ("old", "new")}
    made = plan_round([an_order("new"), old], [a_vehicle(1)], times, at=T0)
    assert made.chosen == {"old": 1}
    assert made.explanations[OrderId("new")].reason == "all_taken"


def test_every_vehicle_that_is_not_excluded_for_itself_is_worth_a_route() -> None:
    assert may_drive(a_vehicle(1), [an_order()])
    assert not may_drive(a_vehicle(1, task_id=TaskId("t")), [an_order()])
    assert not may_drive(a_vehicle(1), [])


def test_waiting_for_goods_lateness_and_a_low_battery_cost_seconds() -> None:
    order = an_order(ready_at=T0 + timedelta(minutes=10), promised_p90_at=T0 + timedelta(minutes=15))
    terms = {term.name: term.seconds for term in cost_terms(order, 0.25, pair(200), at=T0)}
    # at the merchant after 200 s, goods after 600 s; there after 600 + 90 + 300 + 20 = 1,010 s of 900
    # promised
    assert terms == {
        "pickup": 200.0,
        "idle": 100.0,
        "late": 280.0,
        "empty": 8.0,
        "battery": pytest.approx(60.0),
    }
    assert set(terms) <= set(TERM_NAMES)


def test_cold_makes_a_job_dearer_and_the_unknown_counts_as_freezing() -> None:
    factors = [temperature_factor(t) for t in (-40.0, -25.0, 0.0, 20.0)]
    assert factors == sorted(factors, reverse=True)
    assert temperature_factor(None) == temperature_factor(0.0)
    assert battery_needed_ratio(0.0, 20.0) == 0.12


def test_every_rule_has_two_names() -> None:
    assert {str(rule) for rule in (*Rule, *ReasonCode)} == set(RULE_NAMES)
    assert all(zh and en for zh, en in RULE_NAMES.values())


@settings(max_examples=60)
@given(
    st.integers(0, 8),
    st.integers(0, 8),
    st.randoms(use_true_random=False),
)
def test_an_assignment_uses_nobody_twice_and_serves_as_many_as_can_be_served(
    n_orders: int, n_vehicles: int, random: object
) -> None:
    draw = random.random  # type: ignore[attr-defined]
    orders = [OrderId(f"o-{i}") for i in range(n_orders)]
    vehicles = [VehicleNo(j) for j in range(n_vehicles)]
    costs = {(o, v): draw() * 1000 for o in orders for v in vehicles if draw() < 0.5}
    chosen = assign(orders, vehicles, costs)
    assert len(set(chosen.values())) == len(chosen)
    assert set(chosen.items()) <= set(costs)
    assert len(chosen) == _largest_matching(orders, vehicles, set(costs))


def _largest_matching(
    orders: list[OrderId], vehicles: list[VehicleNo], pairs: set[tuple[OrderId, VehicleNo]]
) -> int:
    taker: dict[VehicleNo, OrderId] = {}

    def place(order: OrderId, tried: set[VehicleNo]) -> bool:
        for vehicle in vehicles:
            if (order, vehicle) in pairs and vehicle not in tried:
                tried.add(vehicle)
                if vehicle not in taker or place(taker[vehicle], tried):
                    taker[vehicle] = order
                    return True
        return False

    return sum(place(order, set()) for order in orders)


def test_total_is_the_sum_of_the_terms() -> None:
    assert total_s(cost_terms(an_order(), 0.9, pair(200), at=T0 + timedelta(seconds=60))) == 178.0


def test_an_order_that_is_left_although_a_vehicle_stands_is_told_what_it_waits_for() -> None:
    order, vehicle = an_order(), a_vehicle(1)
    pairs = judge_pairs([order], [vehicle], {(order.order_id, vehicle.vehicle_no): pair(2_000)}, at=T0)
    said = explain_all([order], [vehicle], pairs, {}, at=T0)[order.order_id]
    assert said.reason == "nearer_soon"
    assert "更近的车" in said.text_zh
    taken = {vehicle.vehicle_no: (OrderId("other"),)}
    assert explain_all([order], [vehicle], pairs, taken, at=T0)[order.order_id].reason == "all_taken"


@pytest.mark.parametrize(("far_s", "near_s"), [(300, 100), (600, 100), (900, 60)])
def test_no_shop_waits_without_end_behind_nearer_ones_whose_orders_are_fresh(far_s: int, near_s: int) -> None:
    old = an_order("old", accepted_at=T0, promised_p90_at=T0 + timedelta(minutes=40))
    for turn in range(1, 13):
        now = T0 + timedelta(minutes=15 * turn)
        fresh = an_order("fresh", accepted_at=now, ready_at=now, promised_p90_at=now + timedelta(minutes=40))
        times = {
            (old.order_id, VehicleNo(1)): pair(far_s),
            (fresh.order_id, VehicleNo(1)): pair(near_s),
        }
        if "old" in plan_round([old, fresh], [a_vehicle(1)], times, at=now).chosen:
            return
    pytest.fail("the order of the far shop still waits after three hours, one vehicle every 15 min")
