"""Replaying a decision: the same weights give the same costs, others give those of the function of costs."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Conflict
from core.ids import DistrictCode, OrderId
from services.delivery.compartments import Parcel
from services.dispatch.candidate import PairTimes, WaitingOrder
from services.dispatch.cost import CostTerm, cost_terms
from services.dispatch.replay import reweigh
from services.dispatch.weights import LIMITS, Weights

AT = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)

some_weights = st.builds(
    Weights,
    **{name: st.floats(limit.low, limit.high) for name, limit in LIMITS.items() if name != "waited_cap_s"},
    levels=st.dictionaries(st.sampled_from(["restaurant", "pharmacy"]), st.integers(0, 5)),
)


@settings(max_examples=60)
@given(old=some_weights, new=some_weights, battery=st.floats(0.0, 1.0), waited=st.integers(0, 7200))
def test_a_replayed_cost_is_what_the_other_weights_would_have_cost(
    old: Weights, new: Weights, battery: float, waited: int
) -> None:
    order = WaitingOrder(
        order_id=OrderId("o-1"),
        version=1,
        epoch=0,
        district=DistrictCode("KB"),
        merchant_lat=39.6,
        merchant_lng=109.8,
        pickup_lat=39.6,
        pickup_lng=109.8,
        accepted_at=AT - timedelta(seconds=waited),
        ready_at=AT + timedelta(seconds=400),
        promised_p90_at=AT + timedelta(seconds=900),
        parcel=Parcel(litres=1.0, mass_kg=1.0),
        merchant_kind="pharmacy",
    )
    times = PairTimes(pickup_s=300.0, pickup_m=1500.0, delivery_s=500.0, delivery_m=2500.0)
    kept = cost_terms(order, battery, times, at=AT, weights=old)
    wanted = cost_terms(order, battery, times, at=AT, weights=new)
    found = reweigh(kept, old, new, level=new.levels.get("pharmacy", 0), battery_ratio=battery)
    assert [term.name for term in found] == [term.name for term in wanted]
    assert [term.seconds for term in found] == pytest.approx([term.seconds for term in wanted])


def test_a_decision_that_kept_no_values_is_refused() -> None:
    kept = (CostTerm(name="pickup", seconds=300.0),)
    with pytest.raises(Conflict):
        reweigh(kept, Weights(), Weights(), level=0, battery_ratio=None)


def test_a_battery_that_was_not_kept_is_taken_from_its_term() -> None:
    kept = (
        CostTerm(name="pickup", seconds=300.0, value=300.0, unit="s", weight=1.0),
        CostTerm(name="battery", seconds=60.0, value=0.1, unit="ratio", weight=600.0),
    )
    dearer = msgspec.structs.replace(Weights(), low_battery_ratio=0.5)
    [_, battery] = reweigh(kept, Weights(), dearer, level=0, battery_ratio=None)
    assert battery.value == pytest.approx(0.25)
