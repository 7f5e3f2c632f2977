"""Crossings against a model that judges one point at a time, and what must hold for any walk."""

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.events import FenceEventKind, FenceEvents, TransitionPolicy
from geofences.fences import FenceKind
from geofences.index import FenceIndex
from geofences.transitions import Transitions
from tests.crossings import pass_by, ripen, step
from tests.fences import a_fence, a_square

SLOW_ENTRY = {FenceKind.SLOW_ZONE: TransitionPolicy(min_inside_s=2.0, min_outside_s=5.0)}
HALF_M = (50.0, 80.0)
MODEL_FENCES = FenceIndex.build([a_fence(f"f{n}", a_square(half)) for n, half in enumerate(HALF_M)])

walks = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 60),
        st.sampled_from([0.0, 40.0, 48.0, 52.0, 56.0, 70.0, 78.0, 82.0, 90.0, 200.0]),
    ),
    max_size=60,
)


type Walk = list[tuple[int, int, float]]


class Model:
    """The same rules for one point at a time, in words."""

    def __init__(self, policy: TransitionPolicy, accuracy_m: float) -> None:
        self.policy, self.accuracy_m = policy, accuracy_m
        self.last: dict[int, float] = {}
        self.phase: dict[tuple[int, int], tuple[str, float]] = {}

    def hear(self, slot: int, second: float, east: float) -> list[tuple[int, str, int, float]]:
        if slot in self.last and second <= self.last[slot]:
            return []
        said = []
        for fence, half in enumerate(HALF_M):
            word = self._judge((slot, fence), second, east, half, first=slot not in self.last)
            said += [(slot, word, fence, second)] if word else []
        self.last[slot] = second
        return said

    def _judge(self, key: Any, second: float, east: float, half: float, *, first: bool) -> str | None:
        phase, since = self.phase.get(key, ("outside", second))
        is_in, is_surely_out = east <= half, east > half + self.accuracy_m
        if is_in and first:
            self.phase[key] = ("inside", second)
            return "inside"
        if is_in and phase in ("outside", "entering"):
            if second - since >= self.policy.min_inside_s:
                self.phase[key] = ("inside", since)
                return "enter"
            self.phase[key] = ("entering", since)
        elif is_in:
            self.phase[key] = ("inside", since)
        elif phase == "entering":
            del self.phase[key]
        elif is_surely_out and phase in ("inside", "leaving"):
            since = second if phase == "inside" else since
            if second - since >= self.policy.min_outside_s:
                del self.phase[key]
                return "exit"
            self.phase[key] = ("leaving", since)
        return None


def said(events: FenceEvents) -> list[tuple[int, str, int, float]]:
    return [
        (slot, FenceEventKind(kind).name.lower(), fence, measured / 1000)
        for slot, kind, fence, measured in zip(
            events.slot.tolist(),
            events.kind.tolist(),
            events.fence.tolist(),
            events.measured_ms.tolist(),
            strict=True,
        )
    ]


policies = st.builds(
    TransitionPolicy,
    min_inside_s=st.sampled_from([0.0, 2.0, 5.0]),
    min_outside_s=st.sampled_from([0.0, 3.0, 5.0]),
)

waits = st.builds(
    TransitionPolicy,
    min_inside_s=st.sampled_from([0.0, 2.0, 5.0]),
    min_outside_s=st.sampled_from([0.0, 3.0, 5.0]),
    dwell_s=st.sampled_from([None, 4.0, 20.0]),
)


@settings(max_examples=200, deadline=None)
@given(walks, policies, st.sampled_from([0.0, 4.0]))
def test_columns_say_what_the_model_says(walk: Walk, policy: TransitionPolicy, accuracy_m: float) -> None:
    model = Model(policy, accuracy_m)
    columns = Transitions(MODEL_FENCES, 3, {FenceKind.SLOW_ZONE: policy})
    for point in walk:
        assert said(step(columns, point, accuracy_m=accuracy_m)) == model.hear(*point)


@settings(max_examples=100, deadline=None)
@given(walks, st.integers(1, 20), st.data())
def test_duplicates_and_replays_of_frames_add_no_event(walk: Walk, size: int, data: st.DataObject) -> None:
    frames = [walk[start : start + size] for start in range(0, len(walk), size)]
    once = Transitions(MODEL_FENCES, 3, SLOW_ENTRY)
    again = Transitions(MODEL_FENCES, 3, SLOW_ENTRY)
    first = [word for frame in frames for word in said(step(once, *frame))] if walk else []
    second = []
    for number, frame in enumerate(frames):
        second += said(step(again, *frame))
        replayed = frames[data.draw(st.integers(0, number))]
        second += said(step(again, *replayed, *data.draw(st.permutations(replayed))))
    assert json.dumps(first) == json.dumps(second)


@settings(max_examples=100, deadline=None)
@given(walks, policies)
def test_crossings_of_a_fence_take_turns(walk: Walk, policy: TransitionPolicy) -> None:
    columns = Transitions(MODEL_FENCES, 3, {FenceKind.SLOW_ZONE: policy})
    heard: dict[tuple[int, int], list[str]] = {}
    for point in walk:
        for slot, word, fence, _ in said(step(columns, point)):
            heard.setdefault((slot, fence), []).append(word)
    for turns in heard.values():
        assert turns[0] in ("inside", "enter")
        assert all((word == "exit") == bool(n % 2) for n, word in enumerate(turns))


@settings(max_examples=50, deadline=None)
@given(walks)
def test_occupancy_is_what_the_events_leave(walk: Walk) -> None:
    columns = Transitions(MODEL_FENCES, 3, SLOW_ENTRY)
    inside = np.zeros(2, np.int64)
    for point in walk:
        for _, word, fence, _ in said(step(columns, point)):
            inside[fence] += -1 if word == "exit" else 1
    assert columns.occupancy().tolist() == inside.tolist()


@settings(max_examples=200, deadline=None)
@given(walks, waits, st.sampled_from([0.0, 4.0]))
def test_points_that_pass_by_or_ripen_leave_what_judging_them_leaves(
    walk: Walk, policy: TransitionPolicy, accuracy_m: float
) -> None:
    judged = Transitions(MODEL_FENCES, 3, {FenceKind.SLOW_ZONE: policy})
    spared = Transitions(MODEL_FENCES, 3, {FenceKind.SLOW_ZONE: policy})
    last: dict[int, tuple[int, float]] = {}
    for slot, second, east in walk:
        expected = said(step(judged, (slot, second, east), accuracy_m=accuracy_m))
        is_calm = slot in last and around(last[slot][1]) == around(east)
        if is_calm and spared.quiet_until_ms[slot] > second * 1000:
            pass_by(spared, (slot, second, east))
            assert not expected
        elif is_calm and spared.is_settled(np.array([slot]))[0] and second > last[slot][0]:
            assert said(ripen(spared, (slot, second, east), accuracy_m=accuracy_m)) == expected
        else:
            assert said(step(spared, (slot, second, east), accuracy_m=accuracy_m)) == expected
        last[slot] = max(last.get(slot, (-1, 0.0)), (second, east), key=lambda point: point[0])
    assert spared.export(np.arange(3, dtype=np.int32)) == judged.export(np.arange(3, dtype=np.int32))


def around(east: float) -> list[bool]:
    return [east <= half for half in HALF_M]
