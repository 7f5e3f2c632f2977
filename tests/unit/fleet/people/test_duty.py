"""Who watches which vehicle under way."""

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo
from fleet.people.duty import (
    Bindings,
    Shift,
    ShiftState,
    UnderWay,
    is_present,
    may_watch,
    plan_bindings,
    rest_until,
    rooms,
)

WALL = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


def a_shift(name: str, **changes: object) -> Shift:
    values: dict[str, object] = {
        "shift_id": f"shift-{name}",
        "staff_id": StaffId(name),
        "name": name,
        "operator": None,
        "signed_in_at": WALL - timedelta(hours=1),
        "heard_at": WALL,
    }
    return Shift(**{**values, **changes})  # type: ignore[arg-type]


def vehicles(*numbers: int, operator: str = "chewang", district: str = "KB") -> list[UnderWay]:
    return [
        UnderWay(vehicle_no=VehicleNo(number), operator=OperatorId(operator), district=DistrictCode(district))
        for number in numbers
    ]


def bound(**numbers: list[int]) -> dict[VehicleNo, StaffId]:
    return {VehicleNo(number): StaffId(name) for name, watched in numbers.items() for number in watched}


def changes(
    ended: tuple[int, ...] = (), made: dict[int, str] | None = None, unwatched: tuple[int, ...] = ()
) -> Bindings:
    return Bindings(
        ended=tuple(VehicleNo(number) for number in ended),
        made=tuple((VehicleNo(number), StaffId(name)) for number, name in (made or {}).items()),
        unwatched=tuple(VehicleNo(number) for number in unwatched),
    )


def test_vehicles_under_way_are_spread_over_who_has_most_room() -> None:
    plan = plan_bindings([a_shift("ann"), a_shift("bai")], vehicles(1, 2, 3, 4), {}, WALL)
    assert plan == changes(made={1: "ann", 2: "bai", 3: "ann", 4: "bai"})


def test_a_fourth_vehicle_is_unwatched_when_one_operator_is_alone() -> None:
    plan = plan_bindings([a_shift("ann")], vehicles(1, 2, 3, 4), {}, WALL)
    assert (len(plan.made), plan.unwatched) == (3, (4,))


def test_an_operator_silent_for_more_than_30_s_loses_his_vehicles_to_the_others() -> None:
    silent = a_shift("ann", heard_at=WALL - timedelta(seconds=30.1))
    assert not is_present(silent, WALL)
    assert is_present(a_shift("ann", heard_at=WALL - timedelta(seconds=30)), WALL)
    plan = plan_bindings([silent, a_shift("bai")], vehicles(1, 2), bound(ann=[1, 2]), WALL)
    assert plan == changes(ended=(1, 2), made={1: "bai", 2: "bai"})


def test_vehicles_that_nobody_can_take_are_named_for_a_safe_stop() -> None:
    gone = a_shift("ann", state=ShiftState.SIGNED_OFF)
    plan = plan_bindings([gone, a_shift("bai", capacity=1)], vehicles(1, 2, 3), bound(ann=[1, 2, 3]), WALL)
    assert plan == changes(ended=(1, 2, 3), made={1: "bai"}, unwatched=(2, 3))


def test_a_vehicle_back_at_its_depot_is_let_go_and_leaves_room() -> None:
    plan = plan_bindings([a_shift("ann")], vehicles(4), bound(ann=[1, 2, 3]), WALL)
    assert plan == changes(ended=(1, 2, 3), made={4: "ann"})


def test_a_watched_vehicle_stays_with_its_operator_even_above_a_lowered_capacity() -> None:
    plan = plan_bindings(
        [a_shift("ann", capacity=1), a_shift("bai")], vehicles(1, 2), bound(ann=[1, 2]), WALL
    )
    assert plan == changes()


def test_an_operator_watches_only_his_company_and_his_districts() -> None:
    other_company = a_shift("ann", operator=OperatorId("other"))
    other_district = a_shift("bai", districts=frozenset({DistrictCode("DS")}))
    [vehicle] = vehicles(1)
    assert not may_watch(other_company, vehicle)
    assert not may_watch(other_district, vehicle)
    assert plan_bindings([other_company, other_district], [vehicle], {}, WALL).unwatched == (1,)


@given(
    capacities=st.lists(st.integers(0, 4), max_size=5),
    moving=st.sets(st.integers(1, 30)),
    present=st.lists(st.booleans(), min_size=5, max_size=5),
    before=st.dictionaries(st.integers(1, 30), st.integers(0, 4)),
)
def test_after_the_plan_every_vehicle_under_way_is_watched_or_named(
    capacities: list[int], moving: set[int], present: list[bool], before: dict[int, int]
) -> None:
    shifts = [
        a_shift(f"s{n}", capacity=capacity, heard_at=WALL if present[n] else WALL - timedelta(minutes=1))
        for n, capacity in enumerate(capacities)
    ]
    held = {VehicleNo(number): StaffId(f"s{n}") for number, n in before.items()}
    plan = plan_bindings(shifts, vehicles(*moving), held, WALL)
    kept = {number: staff for number, staff in held.items() if number not in plan.ended}
    after = {**kept, **dict(plan.made)}
    assert set(after) | set(plan.unwatched) == moving
    assert not set(after) & set(plan.unwatched)
    here = {shift.staff_id for shift in shifts if is_present(shift, WALL)}
    assert set(after.values()) <= here
    for shift in shifts:
        watched = sum(staff == shift.staff_id for staff in after.values())
        assert watched <= max(shift.capacity, sum(staff == shift.staff_id for staff in kept.values()))


def test_room_is_never_negative() -> None:
    assert rooms([a_shift("ann", capacity=1)], bound(ann=[1, 2]), WALL) == {"ann": 0}


@pytest.mark.parametrize(
    ("worked", "after", "rests"),
    [
        ([(0, 239)], 1, False),
        ([(0, 240)], 1, True),
        ([(0, 240)], 19.9, True),
        ([(0, 240)], 20, False),
        ([(0, 120), (130, 250)], 1, True),
        ([(0, 120), (140, 260)], 1, False),
    ],
)
def test_whoever_was_on_duty_for_four_hours_rests_and_short_breaks_are_no_rest(
    worked: list[tuple[float, float]], after: float, rests: bool
) -> None:
    earlier = [
        msgspec.structs.replace(
            a_shift("ann"),
            state=ShiftState.SIGNED_OFF,
            signed_in_at=WALL + timedelta(minutes=began),
            signed_off_at=WALL + timedelta(minutes=ended),
        )
        for began, ended in reversed(worked)
    ]
    ended_at = WALL + timedelta(minutes=worked[-1][1])
    until = rest_until(earlier, ended_at + timedelta(minutes=after))
    assert until == (ended_at + timedelta(minutes=20) if rests else None)
