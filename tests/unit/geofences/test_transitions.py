"""Crossings: timelines as a table, and properties against a model that judges one point at a time."""

import msgspec
import numpy as np
import pytest

from geofences.events import EVENT_NAMES, FenceEventKind, FenceEvents, TransitionPolicy, TransitionState
from geofences.fences import FenceKind
from geofences.index import FenceIndex
from geofences.transitions import Transitions
from tests.crossings import step
from tests.fences import a_fence, a_square, the_districts

SLOW_ENTRY = {FenceKind.SLOW_ZONE: TransitionPolicy(min_inside_s=2.0, min_outside_s=5.0)}
AT_ONCE = {kind: TransitionPolicy(min_inside_s=0.0, min_outside_s=0.0) for kind in FenceKind}


def an_index(version: int = 1, half_m: float = 50.0) -> FenceIndex:
    return FenceIndex.build([a_fence("f", a_square(half_m), version=version)])


def words(events: FenceEvents, index: FenceIndex) -> list[str]:
    return [
        f"{FenceEventKind(kind).name.lower()} {index.fences[fence].fence_id}@{measured // 1000}"
        for kind, fence, measured in zip(
            events.kind.tolist(), events.fence.tolist(), events.measured_ms.tolist(), strict=True
        )
    ]


TIMELINES: dict[str, list[tuple[float, float, list[str]]]] = {
    # (second, metres east of the middle; the border is at 50, accuracy 4), events
    "first heard inside says inside": [(0, 0, ["inside f@0"]), (1, 10, []), (2, 0, [])],
    "first heard outside says nothing": [(0, 100, []), (1, 90, [])],
    "comes in and goes out": [
        (0, 100, []),
        (1, 40, []),
        (2, 30, []),
        (3, 20, ["enter f@3"]),
        (4, 0, []),
        (5, 60, []),
        (6, 70, []),
        (9, 80, []),
        (10, 90, ["exit f@10"]),
        (11, 100, []),
    ],
    "a touch shorter than the minimum is no entry": [(0, 60, []), (1, 49, []), (2, 60, []), (4, 60, [])],
    "a jitter across the border is no exit": [
        (0, 40, ["inside f@0"]),
        (1, 52, []),
        (2, 49, []),
        (3, 53, []),
        (4, 48, []),
        (20, 53, []),
    ],
    "near the border nobody is surely out, however long": [
        (0, 40, ["inside f@0"]),
        (10, 53, []),
        (60, 53, []),
        (61, 55, []),
        (66, 55, ["exit f@66"]),
    ],
    "back inside within the minimum is no exit": [
        (0, 0, ["inside f@0"]),
        (1, 80, []),
        (5, 0, []),
        (6, 80, []),
        (10, 80, []),
        (11, 80, ["exit f@11"]),
    ],
    "silence while inside is no exit": [(0, 0, ["inside f@0"]), (3600, 0, []), (3601, 10, [])],
    "heard far away after silence is out once it lasted": [
        (0, 0, ["inside f@0"]),
        (3600, 5000, []),
        (3605, 5000, ["exit f@3605"]),
    ],
    "a late point inside changes nothing": [(10, 100, []), (5, 0, []), (11, 100, []), (8, 0, [])],
    "a late point outside changes nothing": [(10, 0, ["inside f@10"]), (5, 100, []), (4, 90, [])],
    "the same point again changes nothing": [
        (0, 100, []),
        (1, 0, []),
        (1, 0, []),
        (3, 0, ["enter f@3"]),
        (3, 0, []),
    ],
    "in, out and in again are three events": [
        (0, 0, ["inside f@0"]),
        (1, 100, []),
        (6, 100, ["exit f@6"]),
        (7, 0, []),
        (9, 0, ["enter f@9"]),
    ],
}


@pytest.mark.parametrize("timeline", TIMELINES.values(), ids=TIMELINES.keys())
def test_timeline(timeline: list[tuple[float, float, list[str]]]) -> None:
    index = an_index()
    transitions = Transitions(index, 1, SLOW_ENTRY)
    for second, east, expected in timeline:
        assert words(step(transitions, (0, second, east), accuracy_m=4.0), index) == expected, second


@pytest.mark.parametrize("timeline", TIMELINES.values(), ids=TIMELINES.keys())
def test_timeline_in_one_batch_says_the_same_when_no_point_is_late(
    timeline: list[tuple[float, float, list[str]]],
) -> None:
    index = an_index()
    rising = [
        point for n, point in enumerate(timeline) if all(point[0] > earlier[0] for earlier in timeline[:n])
    ]
    expected = [word for _, _, said in rising for word in said]
    events = step(
        Transitions(index, 1, SLOW_ENTRY), *[(0, second, east) for second, east, _ in rising], accuracy_m=4.0
    )
    assert words(events, index) == expected


def test_an_event_names_its_evidence() -> None:
    index = an_index(version=3)
    transitions = Transitions(index, 8, SLOW_ENTRY)
    step(transitions, (5, 0, 100.0), (2, 0, 100.0))
    step(transitions, (5, 1, 0.0))
    events = step(transitions, (2, 3, 100.0), (5, 3, 10.0))
    assert events.row.tolist() == [1]
    assert events.slot.tolist() == [5]
    assert events.seq.tolist() == [3]
    assert events.since_ms.tolist() == [1000]
    assert events.measured_ms.tolist() == [3000]
    assert index.fences[events.fence[0]].version == 3


def test_late_points_are_named() -> None:
    transitions = Transitions(an_index(), 2, SLOW_ENTRY)
    step(transitions, (0, 10, 0.0))
    events = step(transitions, (0, 9, 0.0), (1, 9, 0.0), (0, 11, 0.0), (0, 11, 5.0))
    assert events.late.tolist() == [True, False, False, True]


def test_a_forbidden_place_is_said_at_the_first_point() -> None:
    index = FenceIndex.build([a_fence("f", kind=FenceKind.NO_GO)])
    transitions = Transitions(index, 1)
    step(transitions, (0, 0, 100.0))
    assert words(step(transitions, (0, 1, 0.0)), index) == ["enter f@1"]


def test_a_batch_may_hold_several_points_of_a_slot_in_any_order() -> None:
    index = an_index()
    transitions = Transitions(index, 1, SLOW_ENTRY)
    events = step(transitions, (0, 3, 0.0), (0, 0, 100.0), (0, 2, 0.0), (0, 1, 0.0))
    assert words(events, index) == ["enter f@3"]


def test_a_vehicle_may_be_in_more_fences_than_there_were_columns() -> None:
    index = FenceIndex.build([a_fence(f"f{n:02}", a_square(50.0 + n)) for n in range(40)])
    transitions = Transitions(index, 3, AT_ONCE)
    assert len(step(transitions, (1, 0, 0.0)).row) == 40
    assert transitions.fences_of(1) == tuple(range(40))
    assert transitions.occupancy().tolist() == [1] * 40
    assert len(step(transitions, (1, 1, 500.0)).row) == 40
    assert transitions.fences_of(1) == ()


def test_a_fence_published_around_a_vehicle_says_inside_not_enter() -> None:
    transitions = Transitions(FenceIndex.build(()), 1, SLOW_ENTRY)
    step(transitions, (0, 0, 0.0))
    index = an_index()
    transitions.swap(index)
    assert words(step(transitions, (0, 1, 0.0)), index) == ["inside f@1"]


def test_a_vehicle_that_comes_after_the_publish_enters() -> None:
    transitions = Transitions(FenceIndex.build(()), 1, AT_ONCE)
    step(transitions, (0, 0, 200.0))
    index = an_index()
    transitions.swap(index)
    step(transitions, (0, 1, 200.0))
    assert words(step(transitions, (0, 2, 0.0)), index) == ["enter f@2"]


def test_a_new_version_with_the_same_shape_says_nothing_again() -> None:
    transitions = Transitions(an_index(version=1), 1, AT_ONCE)
    step(transitions, (0, 0, 0.0))
    index = FenceIndex.build([a_fence("a", a_square(10, 900)), a_fence("f", version=2)])
    transitions.swap(index)
    assert words(step(transitions, (0, 1, 0.0)), index) == []
    assert words(step(transitions, (0, 2, 100.0)), index) == ["exit f@2"]


def test_a_redrawn_fence_says_inside_with_its_new_version() -> None:
    transitions = Transitions(an_index(version=1), 2, AT_ONCE)
    step(transitions, (0, 0, 0.0), (1, 0, 40.0))
    index = an_index(version=2, half_m=20.0)
    transitions.swap(index)
    events = step(transitions, (0, 1, 0.0), (1, 1, 40.0))
    assert words(events, index) == ["inside f@1"]
    assert events.slot.tolist() == [0]


def test_a_retired_fence_is_forgotten_without_a_crossing() -> None:
    transitions = Transitions(an_index(), 1, AT_ONCE)
    step(transitions, (0, 0, 0.0))
    transitions.swap(FenceIndex.build(()))
    assert len(step(transitions, (0, 1, 0.0)).row) == 0
    assert transitions.fences_of(0) == ()


def test_exported_state_goes_on_in_another_process() -> None:
    index = an_index()
    first = Transitions(index, 4, SLOW_ENTRY)
    step(first, (3, 0, 100.0), (1, 0, 0.0))
    step(first, (3, 1, 0.0), (1, 1, 80.0))
    packed = msgspec.msgpack.encode(first.export(np.array([1, 3], np.int32)))
    second = Transitions(FenceIndex.build([a_fence("a", a_square(10, 900)), *index.fences]), 4, SLOW_ENTRY)
    second.restore(msgspec.msgpack.decode(packed, type=TransitionState))
    events = step(second, (3, 3, 0.0), (1, 6, 80.0))
    assert words(events, second.index) == ["enter f@3", "exit f@6"]


def test_restored_state_leaves_out_versions_that_are_gone() -> None:
    first = Transitions(an_index(version=1), 1, AT_ONCE)
    step(first, (0, 0, 0.0))
    second = Transitions(an_index(version=2), 1, AT_ONCE)
    second.restore(first.export(np.array([0], np.int32)))
    assert second.fences_of(0) == ()
    assert step(second, (0, 0, 0.0)).late.tolist() == [True]


def test_a_forgotten_slot_is_heard_for_the_first_time_again() -> None:
    index = an_index()
    transitions = Transitions(index, 1, AT_ONCE)
    step(transitions, (0, 10, 0.0))
    transitions.forget(np.array([0], np.int32))
    assert words(step(transitions, (0, 1, 0.0)), index) == ["inside f@1"]


def test_room_for_more_slots_keeps_what_is_known() -> None:
    index = an_index()
    transitions = Transitions(index, 1, AT_ONCE)
    step(transitions, (0, 0, 0.0))
    transitions.reserve(100)
    transitions.reserve(10)
    assert words(step(transitions, (0, 1, 100.0), (99, 1, 0.0)), index) == ["exit f@1", "inside f@1"]


def test_no_positions_are_no_events() -> None:
    events = Transitions(an_index(), 1).step(
        np.empty(0, np.int32),
        np.empty(0),
        np.empty(0),
        np.empty(0),
        np.empty(0, np.int64),
        np.empty(0, np.int64),
    )
    assert len(events.row) == len(events.late) == 0


def test_at_a_vague_district_border_an_event_is_uncertain_and_in_the_middle_it_is_not() -> None:
    index = FenceIndex.build(the_districts())
    border = index.shape(1).boundary.interpolate(0.5, normalized=True)
    middle = index.shape(1).representative_point()
    for place, expected in ((border, True), (middle, False)):
        events = Transitions(index, 1).step(
            np.zeros(1, np.int32),
            np.array([place.y + 1e-5]),
            np.array([place.x + 1e-5]),
            np.array([2.0]),
            np.zeros(1, np.int64),
            np.zeros(1, np.int64),
        )
        assert events.border_uncertain.any() == expected


def test_a_surveyed_fence_is_certain_at_its_border() -> None:
    events = step(Transitions(an_index(), 1), (0, 0, 49.9), accuracy_m=5.0)
    assert events.border_uncertain.tolist() == [False]


def test_every_event_has_a_chinese_and_an_english_name() -> None:
    assert set(EVENT_NAMES) == set(FenceEventKind)
    assert all(zh and en for zh, en in EVENT_NAMES.values())
