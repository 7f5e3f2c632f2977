"""Where a called vehicle stops and which stop it serves: pure choices with their reasons."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from core.errors import IllegalTransition
from core.ids import CallId, DistrictCode, OperatorId, ResidentId, TaskId, VehicleNo
from services.dispatch.rules import Exclusion
from services.places.place import Place, PlaceKind
from services.vending.calls.call import Coming, VendingCall, advance
from services.vending.calls.choose_call import FIRST_REACH_M, called_stops, choose_call
from services.vending.calls.choose_stop import FARTHEST_WALK_M, StopOption, chosen_stop, weigh_stops
from services.vending.calls.decision import GAIN_S, CallDecision, CallOutcome, CallRule, Seller, told
from services.vending.calls.states import CallEvent, CallState
from services.vending.calls.who_comes import decide_call

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
METRE = 1 / 111_195.0
"""Degrees of latitude."""
HERE = (39.6, 109.78)


def a_place(name: str, north_m: float) -> Place:
    return Place(
        place_id=name,
        kind=PlaceKind.VISIT,
        district=DistrictCode("KB"),
        name_zh="示例点位",
        name_en="Sample spot",
        lat=HERE[0] + north_m * METRE,
        lng=HERE[1],
    )


def a_call(name: str, place: str, north_m: float, waited_s: float = 0.0, **changes: Any) -> VendingCall:
    values: dict[str, Any] = {
        "call_id": CallId(name),
        "district": DistrictCode("KB"),
        "operator": OperatorId("op-a"),
        "resident_id": ResidentId(f"r-{name}"),
        "place_id": place,
        "name_zh": "示例点位",
        "name_en": "Sample spot",
        "lat": HERE[0] + north_m * METRE,
        "lng": HERE[1],
        "walk_m": 10.0,
        "placed_at": AT - timedelta(seconds=waited_s),
        "expires_at": AT + timedelta(hours=1),
    }
    return VendingCall(**{**values, **changes})


def weighed(waiting: dict[str, int] | None = None, refused: dict[str, str] | None = None) -> list[StopOption]:
    places = [a_place("near", 100), a_place("next", 300), a_place("far", 480), a_place("away", 700)]
    return list(weigh_stops(places, *HERE, waiting=waiting or {}, refused=refused or {}))


def chosen(**said: Any) -> str | None:
    option = chosen_stop(weighed(**said))
    return None if option is None else option.place_id


def test_without_neighbours_the_nearest_stop_is_chosen() -> None:
    assert chosen() == "near"


def test_a_call_joins_neighbours_as_long_as_the_walk_is_worth_it() -> None:
    assert chosen(waiting={"next": 1}) == "next", "200 m farther on foot is less than another stop"
    assert chosen(waiting={"far": 3}) == "near", "380 m farther is not"


def test_a_stop_that_the_fences_forbid_is_never_chosen_and_says_why() -> None:
    assert chosen(refused={"near": "no_stopping"}) == "next"
    options = {one.place_id: one for one in weighed(refused={"near": "no_stopping"})}
    assert options["near"].refused == "no_stopping"
    assert options["away"].refused == "too_far"
    assert options["away"].walk_m > FARTHEST_WALK_M


def test_nobody_is_sent_too_far_for_company() -> None:
    everything_else = dict.fromkeys(("near", "next", "far"), "no_entry")
    assert chosen(waiting={"away": 9}, refused=everything_else) is None


def test_a_stop_is_offered_farther_the_longer_its_callers_wait() -> None:
    fresh = called_stops([a_call("c", "s", FIRST_REACH_M + 400)])
    assert choose_call(fresh, *HERE, at=AT) is None
    waited = called_stops([a_call("c", "s", FIRST_REACH_M + 400, waited_s=60)])
    assert choose_call(waited, *HERE, at=AT) is not None


def test_of_two_stops_the_one_with_more_and_longer_waiting_callers_is_served_first() -> None:
    alone, two = a_call("a", "s-1", 300), [a_call("b", "s-2", 400), a_call("c", "s-2", 400)]
    best = choose_call(called_stops([alone, *two]), *HERE, at=AT)
    assert best is not None
    assert [call.call_id for call in best.calls] == ["b", "c"]
    patient = a_call("a", "s-1", 300, waited_s=600)
    best = choose_call(called_stops([patient, *two]), *HERE, at=AT)
    assert best is not None
    assert best.first.call_id == "a"


def test_a_lost_vehicle_gives_its_call_back_and_the_next_one_takes_it() -> None:
    coming = Coming(task_id=TaskId("t-1"), vehicle_no=VehicleNo(7), eta_at=AT)
    call = advance(a_call("a", "s", 0), CallEvent.VEHICLE_ASSIGNED, at=AT, coming=coming)
    assert (call.state, call.vehicle_no) == (CallState.ASSIGNED, 7)
    again = advance(call, CallEvent.VEHICLE_LOST, at=AT, reason="vehicle_silent")
    assert (again.state, again.vehicle_no, again.task_id) == (CallState.CREATED, None, None)
    with pytest.raises(IllegalTransition):
        advance(again, CallEvent.VEHICLE_ARRIVED, at=AT)
    arrived = msgspec.structs.replace(call, state=CallState.ARRIVED)
    with pytest.raises(IllegalTransition):
        advance(arrived, CallEvent.CANCELLED, at=AT)


def a_seller(number: int, way_s: float, *, on_round: bool = False, **changes: Any) -> Seller:
    values = {"vehicle_no": VehicleNo(number), "code": f"V{number}", "is_on_round": on_round}
    return Seller(**{**values, "away_m": way_s * 4, "way_s": way_s, **changes})


def decided(*sellers: Seller, waited_s: float = 0.0) -> CallDecision:
    [stop] = called_stops([a_call("c", "s", 100, waited_s)])
    return decide_call(stop, sellers, at=AT)


def test_a_round_is_left_only_for_the_stated_gain_against_the_nearest_idle_vehicle() -> None:
    roaming = a_seller(1, 40, on_round=True)
    away = decided(roaming, a_seller(2, 40 + GAIN_S), a_seller(3, 900))
    assert (away.outcome, away.vehicle_no, away.gain_s) == (CallOutcome.CALLED_AWAY, 1, GAIN_S)
    assert "180 s sooner" in told(away)[1]
    stays = decided(roaming, a_seller(2, 39 + GAIN_S))
    assert (stays.outcome, stays.vehicle_no) == (CallOutcome.IDLE, 2)
    assert decided(roaming).outcome is CallOutcome.CALLED_AWAY, "nobody is idle"


def test_what_the_caller_has_waited_for_an_idle_vehicle_in_vain_counts_as_gain() -> None:
    sellers = a_seller(1, 40, on_round=True), a_seller(2, 100)
    assert decided(*sellers, waited_s=GAIN_S - 61).outcome is CallOutcome.IDLE
    assert decided(*sellers, waited_s=GAIN_S - 60).outcome is CallOutcome.CALLED_AWAY


def test_a_vehicle_that_a_rule_keeps_away_is_named_and_never_chosen() -> None:
    sells = a_seller(1, 10, on_round=True, rules=(Exclusion(rule=CallRule.MID_SALE.value),))
    decision = decided(sells, a_seller(2, 300, on_round=True, away_m=FIRST_REACH_M + 1))
    assert (decision.outcome, decision.vehicle_no) == (CallOutcome.NOT_YET, None)
    assert [one.vehicle_no for one in decision.sellers] == [2, 1], "who can come stands first"
    assert decided(sells).outcome is CallOutcome.NOBODY
    assert decided(sells).refusal() == ""
    assert not decision.says_the_same(decided(sells))


def test_a_stop_outside_every_permit_is_not_a_stop_for_which_nobody_has_a_permit() -> None:
    def kept_by(*rules: str) -> tuple[Exclusion, ...]:
        return tuple(Exclusion(rule=rule) for rule in rules)

    lapsed = a_seller(1, 10, rules=kept_by("permit_expired", "area_for_job"))
    never = a_seller(2, 10, rules=kept_by("no_permit", "area_for_job"))
    elsewhere = a_seller(3, 10, rules=kept_by("area_for_job"))
    nobody = decided(lapsed, never)
    assert (nobody.refusal(), told(nobody)[1]) == ("no_valid_permit", "No vehicle has a valid permit.")
    outside = decided(lapsed, elsewhere)
    assert (outside.refusal(), "lies outside" in told(outside)[1]) == ("outside_permit", True)
    assert decided(lapsed, a_seller(4, 10, rules=kept_by("mid_sale"))).refusal() == ""
    assert decided().refusal() == "", "without a vehicle nothing is known"
