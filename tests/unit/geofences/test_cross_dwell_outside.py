"""The three events that are not about coming and going: cross, dwell and outside."""

import math

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import OperatorId
from core.kinds import ServiceKind
from geofences.events import FenceEventKind, FenceEvents, TransitionState
from geofences.fences import Fence, FenceKind, FenceTiming
from geofences.index import FenceIndex
from geofences.rules import ANY_OPERATOR, EVERYWHERE, SERVICE_CODES
from geofences.stays import FAR
from geofences.transitions import Transitions
from tests.crossings import pass_by, step
from tests.fences import KANGBASHI, a_fence, a_square

DWELLS = FenceTiming(min_inside_s=0.0, min_outside_s=5.0, dwell_s=30.0)
SLOT = np.zeros(1, np.int32)


def over(*fences: Fence) -> Transitions:
    return Transitions(FenceIndex.build(fences), 4)


def words(events: FenceEvents, transitions: Transitions) -> list[str]:
    fences = transitions.index.fences
    return [
        f"{FenceEventKind(kind).name.lower()} {fences[fence].fence_id}@{measured // 1000}"
        for kind, fence, measured in zip(
            events.kind.tolist(), events.fence.tolist(), events.measured_ms.tolist(), strict=True
        )
    ]


def drive(
    transitions: Transitions, *timeline: tuple[float, float, list[str]], accuracy_m: float = 0.0
) -> None:
    """Judge (second, metres east, words expected) one after another."""
    for second, east, expected in timeline:
        said = step(transitions, (0, second, east), accuracy_m=accuracy_m)
        assert words(said, transitions) == expected, second


def test_a_vehicle_that_drives_through_between_two_points_crosses() -> None:
    drive(over(a_fence("f")), (0, -80, []), (1, 80, ["cross f@1"]), (2, 90, []), (3, -80, ["cross f@3"]))


def test_a_cross_says_when_the_way_began() -> None:
    transitions = over(a_fence("f"))
    step(transitions, (0, 4, -80.0))
    events = step(transitions, (0, 7, 80.0))
    assert (events.since_ms.tolist(), events.seq.tolist()) == ([4000], [7])


def test_a_way_with_a_point_inside_is_no_cross() -> None:
    timing = FenceTiming(min_inside_s=2.0, min_outside_s=0.0)
    drive(over(a_fence("f", timing=timing)), (0, -80, []), (1, 0, []), (2, 80, []), (3, 90, []))


def test_a_vehicle_that_has_not_surely_left_crosses_nothing() -> None:
    drive(over(a_fence("f")), (0, 0, ["inside f@0"]), (1, -52, []), (2, 52, []), (3, -52, []), accuracy_m=4.0)


def test_the_way_between_two_distant_moments_is_not_known() -> None:
    drive(over(a_fence("f")), (0, -80, []), (61, 80, []), (121, -80, ["cross f@121"]))


def test_a_late_point_crosses_nothing() -> None:
    drive(over(a_fence("f")), (5, -80, []), (4, 80, []), (6, -90, []))


def test_a_fence_that_was_published_on_the_way_is_not_crossed() -> None:
    transitions = over()
    drive(transitions, (0, -80, []))
    transitions.swap(FenceIndex.build([a_fence("f")]))
    drive(transitions, (1, 80, []), (2, -80, ["cross f@2"]))


def test_several_points_of_a_vehicle_in_one_batch_cross_one_after_another() -> None:
    transitions = over(a_fence("a", a_square(10, -100)), a_fence("b", a_square(10, 100)))
    step(transitions, (0, 0, -200.0))
    events = step(transitions, (0, 2, 200.0), (0, 1, 0.0))
    assert words(events, transitions) == ["cross b@2", "cross a@1"]


def test_the_way_from_where_a_vehicle_passed_by_counts() -> None:
    transitions = over(a_fence("f"))
    step(transitions, (0, 0, -900.0))
    pass_by(transitions, (0, 1, -80.0))
    assert words(step(transitions, (0, 2, 80.0)), transitions) == ["cross f@2"]


def test_a_way_goes_on_in_another_tracker_that_knows_where_it_began() -> None:
    first, second = over(a_fence("f")), over(a_fence("f"))
    step(first, (0, 0, -80.0))
    second.restore(first.export(SLOT))
    lat, lng = KANGBASHI.lat_lng(-80.0, 0.0)
    second.place(SLOT, np.array([lat]), np.array([lng]), np.zeros(1, np.int64))
    drive(second, (1, 80, ["cross f@1"]))


def test_a_place_of_another_moment_is_not_where_the_way_began() -> None:
    first, second = over(a_fence("f")), over(a_fence("f"))
    step(first, (0, 1, -80.0))
    second.restore(first.export(SLOT))
    second.place(SLOT, np.array([KANGBASHI.lat]), np.array([KANGBASHI.lng + 1]), np.zeros(1, np.int64))
    drive(second, (2, 80, []))


def test_a_way_along_a_border_or_through_a_corner_is_asked_of_geos() -> None:
    index = FenceIndex.build([a_fence("f")])
    corner = [KANGBASHI.lat_lng(45.0, 55.0), KANGBASHI.lat_lng(55.0, 45.0)]
    beside = [KANGBASHI.lat_lng(51.0, -5.0), KANGBASHI.lat_lng(51.0, 5.0)]
    along = [KANGBASHI.lat_lng(50.0, -5.0), KANGBASHI.lat_lng(50.0, 5.0)]
    inside = [KANGBASHI.lat_lng(0.0, -5.0), KANGBASHI.lat_lng(0.0, 5.0)]
    far = [KANGBASHI.lat_lng(900.0, 0.0), KANGBASHI.lat_lng(990.0, 0.0)]
    ways = np.array([corner, beside, along, inside, far])
    start, end = ways[:, 0].T, ways[:, 1].T
    may = index.crossings.grid.may_meet((start[0], start[1]), (end[0], end[1]))
    assert may.tolist() == [True, False, True, False, True]


places = st.tuples(st.floats(-300, 300), st.floats(-300, 300))
steps = st.tuples(st.floats(-15, 15), st.floats(-15, 15))
short = st.builds(lambda start, step: (start, (start[0] + step[0], start[1] + step[1])), places, steps)
ways = st.one_of(st.tuples(places, places), short)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(places, st.floats(1, 120)), max_size=20),
    st.lists(ways, max_size=20),
)
def test_what_is_crossed_is_what_geos_says(
    squares: list[tuple[tuple[float, float], float]],
    ways: list[tuple[tuple[float, float], tuple[float, float]]],
) -> None:
    index = FenceIndex.build(
        [a_fence("big", a_square(5000.0))]
        + [a_fence(f"f{n}", a_square(half, east, north)) for n, ((east, north), half) in enumerate(squares)]
    )
    starts = np.array([KANGBASHI.lat_lng(*way[0]) for way in ways]).reshape(-1, 2).T
    ends = np.array([KANGBASHI.lat_lng(*way[1]) for way in ways]).reshape(-1, 2).T
    row, fence = index.crossings.of((starts[0], starts[1]), (ends[0], ends[1]), index.match(*ends))
    expected = set()
    for number in range(len(index)):
        shape = index.shape(number)
        for n, (start, end) in enumerate(zip(starts.T, ends.T, strict=True)):
            tips = [shapely.Point(lng, lat) for lat, lng in (start, end)]
            if shape.intersects(shapely.LineString(tips)) and not any(shape.intersects(tip) for tip in tips):
                expected.add((n, number))
    assert set(zip(row.tolist(), fence.tolist(), strict=True)) == expected


def test_dwell_is_said_once_a_stay() -> None:
    drive(
        over(a_fence("f", timing=DWELLS)),
        (0, 0, ["inside f@0"]),
        (29, 0, []),
        (30, 5, ["dwell f@30"]),
        (90, 0, []),
        (91, 80, []),
        (96, 80, ["exit f@96"]),
        (100, 0, ["enter f@100"]),
        (130, 0, ["dwell f@130"]),
    )


def test_a_moment_outside_does_not_end_a_stay_nor_say_dwell() -> None:
    drive(
        over(a_fence("f", timing=DWELLS)),
        (0, 0, ["inside f@0"]),
        (28, 80, []),
        (31, 80, []),
        (32, 0, ["dwell f@32"]),
        (40, 80, []),
        (41, 0, []),
        (99, 0, []),
    )


def test_a_stay_begins_with_the_first_point_inside_not_with_the_entry() -> None:
    timing = FenceTiming(min_inside_s=10.0, dwell_s=30.0)
    transitions = over(a_fence("f", timing=timing))
    drive(transitions, (0, 80, []), (1, 0, []), (11, 0, ["enter f@11"]), (30, 0, []))
    events = step(transitions, (0, 31, 0.0))
    assert (words(events, transitions), events.since_ms.tolist()) == (["dwell f@31"], [1000])


def test_a_vehicle_that_waits_for_its_dwell_is_quiet_until_then() -> None:
    transitions = over(a_fence("f", timing=DWELLS))
    step(transitions, (0, 0, 0.0))
    assert transitions.quiet_until_ms[0] == 30_000
    step(transitions, (0, 30, 0.0))
    assert transitions.quiet_until_ms[0] == FAR


def test_a_fence_without_dwell_time_says_none() -> None:
    drive(over(a_fence("f", kind=FenceKind.DISTRICT)), (0, 0, ["inside f@0"]), (90_000, 0, []))


def test_the_stay_goes_on_in_another_tracker() -> None:
    first = over(a_fence("f", timing=DWELLS))
    drive(first, (0, 0, ["inside f@0"]))
    half_way = msgspec.msgpack.encode(first.export(SLOT))
    drive(first, (30, 0, ["dwell f@30"]))
    told = msgspec.msgpack.encode(first.export(SLOT))
    second = over(a_fence("f", timing=DWELLS))
    second.restore(msgspec.msgpack.decode(half_way, type=TransitionState))
    drive(second, (29, 0, []), (31, 0, ["dwell f@31"]))
    second.restore(msgspec.msgpack.decode(told, type=TransitionState))
    drive(second, (60, 0, []))


def test_the_state_of_an_older_tracker_is_taken_over() -> None:
    first = over(a_fence("f", timing=DWELLS))
    step(first, (0, 7, 0.0))
    older = msgspec.json.decode(msgspec.json.encode(first.export(SLOT)))[:-1]
    second = over(a_fence("f", timing=DWELLS))
    second.restore(msgspec.convert(older, TransitionState))
    drive(second, (36, 0, []), (37, 0, ["dwell f@37"]))


def test_a_new_version_with_another_dwell_time_counts_from_the_same_stay() -> None:
    transitions = over(a_fence("f", timing=DWELLS))
    step(transitions, (0, 0, 0.0))
    sooner = FenceTiming(dwell_s=10.0)
    transitions.swap(FenceIndex.build([a_fence("f", version=2, timing=sooner)]))
    drive(transitions, (5, 0, []), (11, 0, ["dwell f@11"]))


def test_waits_are_those_of_the_fence_before_those_of_its_kind() -> None:
    timing = FenceTiming(min_inside_s=7.0, min_outside_s=1.0)
    drive(
        over(a_fence("f", timing=timing)),
        (0, 80, []),
        (1, 0, []),
        (7, 0, []),
        (8, 0, ["enter f@8"]),
        (9, 80, []),
        (10, 80, ["exit f@10"]),
    )


def test_first_heard_outside_its_operating_area_a_vehicle_is_outside() -> None:
    area = a_fence("area", kind=FenceKind.OPERATING_AREA)
    drive(over(area, a_fence("slow")), (0, 80, ["outside area@0"]), (1, 90, []), (2, 80, []))


def test_in_one_of_its_operating_areas_a_vehicle_is_not_outside() -> None:
    east = a_fence("east", a_square(50, 500), kind=FenceKind.OPERATING_AREA)
    drive(over(a_fence("here", kind=FenceKind.OPERATING_AREA), east), (0, 0, ["inside here@0"]))


def test_a_fence_that_asks_says_outside_and_an_area_that_asks_not_to_does_not() -> None:
    asks = a_fence("asks", timing=FenceTiming(says_outside=True))
    silent = a_fence("area", kind=FenceKind.OPERATING_AREA, timing=FenceTiming(says_outside=False))
    drive(over(asks, silent), (0, 80, ["outside asks@0"]))


def test_an_area_published_around_nobody_says_outside_once() -> None:
    transitions = over()
    drive(transitions, (0, 80, []))
    transitions.swap(FenceIndex.build([a_fence("area", kind=FenceKind.OPERATING_AREA)]))
    drive(transitions, (1, 80, ["outside area@1"]), (2, 80, []))
    transitions.swap(FenceIndex.build([a_fence("area", kind=FenceKind.OPERATING_AREA, version=2)]))
    drive(transitions, (3, 80, []))


@pytest.mark.parametrize(
    ("service", "operator", "district", "expected"),
    [
        ("vending", "one", "KB", True),
        ("vending", "one", "DS", False),
        ("vending", "two", "KB", False),
        ("delivery", "one", "KB", False),
        ("vending", "unheard of", "KB", False),
    ],
)
def test_a_fence_concerns_those_of_its_service_operator_and_district(
    service: str, operator: str, district: str, expected: bool
) -> None:
    fence = a_fence("f", operator="one", district="KB", services=frozenset({ServiceKind.VENDING}))
    rules = FenceIndex.build([fence, a_fence("g", operator="two", district="DS")]).rules
    found = rules.concerned(
        np.zeros(1, np.int32),
        np.array([SERVICE_CODES[ServiceKind(service)]]),
        np.array([rules.operator_codes.get(OperatorId(operator), ANY_OPERATOR)]),
        np.array([rules.district_codes.get(district, EVERYWHERE)]),  # type: ignore[call-overload]
    )
    assert found.tolist() == [expected]


def test_only_those_it_concerns_are_outside() -> None:
    transitions = over(a_fence("area", kind=FenceKind.OPERATING_AREA))
    lat, lng = KANGBASHI.lat_lng(80.0, 0.0)
    events = transitions.step(
        np.arange(4, dtype=np.int32),
        np.full(4, lat),
        np.full(4, lng),
        np.full(4, math.nan),
        np.zeros(4, np.int64),
        np.zeros(4, np.int64),
        concern=lambda slots, fences: slots % 2 == 1,
    )
    assert events.slot.tolist() == [1, 3]
