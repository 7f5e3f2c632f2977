"""Who needs a charger, which one, who waits for it, and how warm a battery must be."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Conflict, IllegalTransition
from core.ids import DistrictCode, VehicleNo
from services.charging.charger import (
    RESERVATION_TRANSITIONS,
    Charger,
    ChargerKind,
    Reservation,
    ReservationEvent,
    ReservationState,
    advance,
    choose_charger,
    free_slot,
    in_queue,
)
from services.charging.demand import Demand, is_gap
from services.charging.need import Need, gets_there, need_of, preheat_ratio, preheat_s

AT = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)


def a_charger(name: str = "c-1", **changes: Any) -> Charger:
    values: dict[str, Any] = {"place_id": name, "district": DistrictCode("KB"), "slots": 2, "power_w": 7000.0}
    return Charger(**{**values, **changes})


def waiting(number: int, reach_m: float, after_s: float = 0) -> Reservation:
    return Reservation(
        reservation_id=f"r-{number}",
        place_id="c-1",
        vehicle_no=VehicleNo(number),
        district=DistrictCode("KB"),
        reach_m=reach_m,
        asked_at=AT + timedelta(seconds=after_s),
    )


@pytest.mark.parametrize(
    ("ratio", "air_c", "is_charging", "is_gap", "expected"),
    [
        (0.3, 20, False, False, Need.NONE),
        (0.3, -25, False, False, Need.NOW),
        (0.3, None, False, False, Need.NOW),
        (0.1, 20, True, True, Need.NONE),
        (None, 20, False, True, Need.NONE),
        (0.7, 20, False, True, Need.TOP_UP),
        (0.7, 20, False, False, Need.NONE),
        (0.8, -25, False, True, Need.NONE),
    ],
)
def test_who_needs_a_charger_at_which_temperature_and_hour(
    ratio: float | None, air_c: float | None, is_charging: bool, is_gap: bool, expected: Need
) -> None:
    assert need_of(ratio, air_c, is_charging=is_charging, is_gap=is_gap) is expected


def test_the_nearest_charger_with_a_free_slot_and_a_swap_station_that_is_worth_its_way() -> None:
    near, far = a_charger("near"), a_charger("far")
    swap = a_charger("swap", kind=ChargerKind.SWAP, slots=1)
    metres = {"near": 500.0, "far": 900.0, "swap": 950.0}
    assert choose_charger([far, near], {}, metres) == near
    assert choose_charger([far, near], {"near": 2}, metres) == far
    assert choose_charger([far, near], {"near": 1, "far": 1}, metres, spare=1) is None
    assert choose_charger([far, near, swap], {}, metres) == swap
    assert choose_charger([far, near, swap], {"swap": 1}, metres) == near
    assert choose_charger([a_charger("near", is_open=False)], {}, metres) is None
    assert choose_charger([a_charger("elsewhere")], {}, metres) is None


def test_the_lowest_free_slot_and_none_of_a_charger_that_is_full_or_closed() -> None:
    assert free_slot(a_charger(), ()) == 1
    assert free_slot(a_charger(), {1}) == 2
    for charger, taken in ((a_charger(), {1, 2}), (a_charger(is_open=False), set[int]())):
        with pytest.raises(Conflict):
            free_slot(charger, taken)


def test_the_queue_is_served_by_need_and_then_by_who_asked_first() -> None:
    queue = in_queue([waiting(1, 9_000), waiting(2, 4_000, 60), waiting(3, 4_000, 30)])
    assert [each.vehicle_no for each in queue] == [3, 2, 1]


def test_a_reservation_takes_the_steps_of_its_table_and_no_others() -> None:
    given = advance(waiting(1, 9_000), ReservationEvent.SLOT_GIVEN, at=AT, slot=2)
    there = advance(given, ReservationEvent.ARRIVED, at=AT)
    done = advance(there, ReservationEvent.LEFT, at=AT)
    assert (done.state, done.slot, done.version) == (ReservationState.DONE, 2, 4)
    assert (done.given_at, done.arrived_at, done.ended_at) == (AT, AT, AT)
    for event in ReservationEvent:
        assert (ReservationState.DONE, event) not in RESERVATION_TRANSITIONS
        with pytest.raises(IllegalTransition):
            advance(done, event, at=AT)


def test_a_cold_battery_is_warmed_in_time_and_energy_and_counted_before_it_sets_out() -> None:
    assert (preheat_s(0.0), preheat_s(None)) == (0.0, 0.0)
    assert preheat_s(-15) == 20 * 170
    assert preheat_ratio(-15) == pytest.approx(0.048)
    assert gets_there(0.13, 3_000, -25, -1)
    assert not gets_there(0.13, 3_000, -25, -15), "it would be empty before it is warm"


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        (Demand(last_day=240, hour_yesterday=2, hour_last_week=4), True),
        (Demand(last_day=240, hour_yesterday=2, hour_last_week=5), False),
        (Demand(last_day=240, hour_yesterday=9, hour_last_week=0), False),
        (Demand(last_day=240, hour_yesterday=2, hour_last_week=4, waiting=1), False),
        (Demand(last_day=20, hour_yesterday=0, hour_last_week=0), False),
    ],
)
def test_a_gap_is_an_hour_that_was_quiet_before_and_in_which_nobody_waits(
    demand: Demand, expected: bool
) -> None:
    assert is_gap(demand) is expected
