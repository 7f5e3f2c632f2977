"""Weights of a cost: each term says what was found and what it weighs, and other weights decide otherwise."""

from datetime import timedelta

import msgspec
import numpy as np
import pytest

from core.errors import Invalid
from core.ids import OrderId, VehicleNo
from services.delivery.compartments import Compartment, Parcel
from services.dispatch.cost import TERM_NAMES, cost_terms
from services.dispatch.runs.problem import Carrier, Deed, Problem, Shipment, Visit
from services.dispatch.runs.timing import Judge
from services.dispatch.weights import LIMITS, Weights, ZoneWeights, check_weights
from services.orders.promise import APPROACH_S, LOAD_S
from tests.unit.services.dispatch.rounds import plan_round
from tests.unit.services.dispatch.test_plan import T0, a_vehicle, an_order, pair

BUSY = Weights(levels={"pharmacy": 2})


def test_every_term_is_what_was_found_times_what_it_weighs() -> None:
    order = an_order(
        accepted_at=T0 - timedelta(minutes=5),
        ready_at=T0 + timedelta(minutes=10),
        promised_p90_at=T0 + timedelta(minutes=15),
        merchant_kind="pharmacy",
    )
    terms = cost_terms(order, 0.25, pair(200), at=T0, weights=BUSY)
    assert {term.name for term in terms} == set(TERM_NAMES)
    for term in terms:
        assert term.value is not None
        assert term.weight is not None
        assert term.seconds == pytest.approx(term.value * term.weight)
    by_name = {term.name: (round(term.value or 0, 6), term.unit, term.weight) for term in terms}
    assert by_name["empty"] == (0.8, "km", 10.0)
    assert by_name["waited"] == (300.0, "s", -0.5)
    assert by_name["priority"] == (2.0, "level", -120.0)
    assert by_name["battery"] == (0.1, "ratio", 600.0)


def test_a_level_of_the_merchants_kind_goes_before_a_longer_wait() -> None:
    older = an_order("older", accepted_at=T0 - timedelta(minutes=6))
    urgent = an_order("urgent", merchant_kind="pharmacy")
    times = {(OrderId(o), VehicleNo(1)): pair(200) for o in ("older", "urgent")}
    orders = [older, urgent]
    assert plan_round(orders, [a_vehicle(1)], times, at=T0).chosen == {"older": 1}
    held = ZoneWeights(version=3, weights=BUSY)
    made = plan_round(orders, [a_vehicle(1)], times, at=T0, held=held)
    assert made.chosen == {"urgent": 1}
    assert {said.weights_version for said in made.explanations.values()} == {3}


def test_dear_kilometres_prefer_the_short_way_to_the_fast_one() -> None:
    fast = msgspec.structs.replace(pair(100), pickup_m=3000.0)
    times = {(OrderId("o-1"), VehicleNo(1)): fast, (OrderId("o-1"), VehicleNo(2)): pair(160)}
    vehicles = [a_vehicle(1), a_vehicle(2)]
    assert plan_round([an_order()], vehicles, times, at=T0).chosen == {"o-1": 1}
    dear = ZoneWeights(weights=Weights(empty_s_per_km=60.0))
    assert plan_round([an_order()], vehicles, times, at=T0, held=dear).chosen == {"o-1": 2}


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_weight_outside_its_limits_is_refused_with_its_name_and_the_limits(name: str) -> None:
    limit = LIMITS[name]
    for edge in (limit.low, limit.high):
        check_weights(msgspec.structs.replace(Weights(), **{name: edge}))
    for value in (limit.low - 0.001, limit.high + 0.001, float("nan"), float("inf")):
        with pytest.raises(Invalid) as told:
            check_weights(msgspec.structs.replace(Weights(), **{name: value}))
        assert str(told.value.fields["field"]).lower() == name.replace("_", "").lower()
        assert f"{limit.high:g}" in str(told.value.fields["limit"])


@pytest.mark.parametrize(
    ("levels", "field"),
    [({"pharmacy": 6}, "levels.pharmacy"), ({"": 1}, "levels"), ({f"k{n}": 1 for n in range(21)}, "levels")],
)
def test_levels_have_limits_too(levels: dict[str, int], field: str) -> None:
    check_weights(Weights(levels={"pharmacy": 5}))
    with pytest.raises(Invalid) as told:
        check_weights(Weights(levels=levels))
    assert told.value.fields["field"] == field


def test_the_defaults_lie_within_the_limits_and_every_weight_has_some() -> None:
    check_weights(Weights())
    assert {field.name for field in msgspec.structs.fields(Weights)} == {*LIMITS, "levels"}


def test_runs_of_several_orders_are_measured_by_the_same_weights() -> None:
    ways = np.array([[0.0, 100.0, 400.0], [100.0, 0.0, 300.0], [400.0, 300.0, 0.0]])
    parcel, box = Parcel(litres=10, mass_kg=2), Compartment(number=1, label="A1", litres=60, max_kg=15)
    order = OrderId("o-1")
    shipment = Shipment(order_id=order, shop=1, door=2, parcel=parcel, due_s=450.0)
    carrier = Carrier(vehicle_no=VehicleNo(1), start=0, layout=(box,), may=frozenset({order}), reach_m=9e9)
    plain = Problem(
        shipments=(shipment,), carriers=(carrier,), duration_s=(ways,), length_m=(ways * 5,), late_weight=0.0
    )
    visits = (Visit(deed=Deed.LOAD, shipment=0), Visit(deed=Deed.HAND_OVER, shipment=0))

    def dearer_by(problem: Problem) -> float:
        carriers = plain.carriers[0], problem.carriers[0]
        before, after = (Judge(p).cost_s(c, visits) for p, c in zip((plain, problem), carriers, strict=True))
        return after - before

    replace = msgspec.structs.replace
    late_s = 100 + LOAD_S + 300 + APPROACH_S - 450
    assert dearer_by(replace(plain, start_weight=3.0)) == pytest.approx(200.0)
    assert dearer_by(replace(plain, empty_s_per_km=10.0)) == pytest.approx(5.0)
    assert dearer_by(replace(plain, late_weight=4.0)) == pytest.approx(4.0 * late_s)
    assert dearer_by(replace(plain, carriers=(replace(carrier, burden_s=60.0),))) == pytest.approx(60.0)
    assert dearer_by(replace(plain, shipments=(replace(shipment, favour_s=90.0),))) == pytest.approx(-90.0)
