"""A track that comes late out of a radio hole is judged as if it had come on time: by the rules of its own
time, as spans in the past, without an alarm of now and without a crossing."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from core.clock import ms_of_moment
from core.ids import FenceVersion
from fleet.alarms.alarm import AlarmCleared, AlarmPast, AlarmRaised, AlarmSignal
from fleet.alarms.kinds import AlarmKind
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Entry
from fleet.telemetry.rejects import Reject
from geofences.earlier import Ended, layers_of
from geofences.fences import Fence, FenceHours, FenceKind, FenceRules, HourSpan
from geofences.index import FenceIndex
from tests.unit.fleet.telemetry.lines import START, Line, a_fence

INSIDE, OUTSIDE = 39.6002, 39.5998

EVERY_DAY = frozenset(range(1, 8))
HOLE = (40, 140)
"""Seconds of the track that come late."""

type Span = tuple[str, float, float | None]


def at_s(moment: Any) -> float:
    return float((moment - START).total_seconds())


class Version(NamedTuple):
    """A version of a fence, and from when until when (second of the track) it is in force."""

    fence: Fence
    from_s: float
    until_s: float


class Drive:
    """One vehicle's track second by second, and how it comes."""

    def __init__(
        self, track: list[tuple[float, int]], *fences: Any, published: Sequence[Version] = ()
    ) -> None:
        self.line = Line(*fences)
        self.track = track
        self.published = published
        self.set_of_s = -1.0
        self.said: list[tuple[float, AlarmSignal]] = []
        self.crossings: list[tuple[str, float]] = []

    def follow(self, now_s: float) -> None:
        """Judge by what is in force at a second, as a tracker does that hears of each publish at once."""
        ends = {0.0, *(v.from_s for v in self.published), *(v.until_s for v in self.published)}
        if self.published and self.set_of_s < max(end for end in ends if end <= now_s):
            in_force = [v.fence for v in self.published if v.from_s <= now_s < v.until_s]
            ended = [
                Ended(fence=v.fence, until=START + timedelta(seconds=v.until_s))
                for v in self.published
                if v.until_s <= now_s
            ]
            known = self.line.pipeline.index
            index = FenceIndex.build(in_force, known=known, set_version=known.set_version + 1)
            index.earlier = layers_of(ended, known)
            self.line.pipeline.swap(index)
            self.set_of_s = now_s

    def come(self, now_s: float, *seconds: int) -> None:
        self.follow(now_s)
        records = np.zeros(len(seconds), STREAM_POSITION)
        for record, second in zip(records, seconds, strict=True):
            lat, speed = self.track[second]
            record["vehicle_no"], record["seq"], record["speed_cm_s"] = 7, second + 1, speed
            record["measured_ms"] = ms_of_moment(START) + second * 1000
            record["lat_e7"], record["lng_e7"] = round(lat * 1e7), 1_098_050_000
            record["battery_200"], record["accuracy_dm"] = 160, 5
        at = START + timedelta(seconds=now_s)
        tick = self.line.pipeline.process(
            [Entry(ms_of_moment(at), records, np.zeros(0, STREAM_STATUS))], at=at, is_silence_due=True
        )
        self.said += [(now_s, signal) for signal in tick.signals]
        self.crossings += [(event.kind, at_s(event.measured_at)) for event in tick.events.each()]

    def end(self) -> None:
        """Let time pass until nothing more is waited for."""
        for extra in (0, 40, 80):
            at = START + timedelta(seconds=len(self.track) + 60 + extra)
            tick = self.line.pipeline.process([], at=at, is_silence_due=True)
            self.said += [(at_s(at), signal) for signal in tick.signals]

    @property
    def spans(self) -> set[Span]:
        """Kind, begin and end of every cause; a cause of before and after a hole counts as two."""
        found: set[Span] = set()
        standing: dict[AlarmKind, float] = {}
        for _, signal in self.said:
            if isinstance(signal, AlarmRaised):
                standing[signal.kind] = at_s(signal.at)
            elif isinstance(signal, AlarmCleared):
                found.add((signal.kind.value, standing.pop(signal.kind), at_s(signal.at)))
            else:
                found.add((signal.kind.value, at_s(signal.at), at_s(signal.ended_at)))
        return found | {(kind.value, began, None) for kind, began in standing.items()}


def on_time(drive: Drive) -> Drive:
    for second in range(len(drive.track)):
        drive.come(second, second)
    drive.end()
    return drive


def after_the_newest(drive: Drive, *, share: int) -> Drive:
    """What is of now comes first; the buffer beside it, ``share`` positions a frame."""
    return in_an_order(drive, share=share, frames=list)


def newest_first(drive: Drive, *, share: int) -> Drive:
    """What is of now comes first; then the buffer beside it, the newest of it first."""
    return in_an_order(drive, share=share, frames=lambda waiting: waiting[::-1])


def frames_out_of_order(drive: Drive, *, share: int) -> Drive:
    """What is of now comes first; then the buffer in frames, every second of them and then the others.

    Of four positions at least: more than 32 frames in such an order are not taken whole.
    """

    def mixed(waiting: list[int]) -> list[int]:
        size = max(4, share)
        frames = [waiting[n : n + size] for n in range(0, len(waiting), size)]
        return [second for frame in (*frames[1::2], *frames[::2]) for second in frame]

    return in_an_order(drive, share=share, frames=mixed)


def in_an_order(drive: Drive, *, share: int, frames: Any) -> Drive:
    for second in range(HOLE[0]):
        drive.come(second, second)
    waiting = frames(list(range(*HOLE)))
    for second in range(HOLE[1], len(drive.track)):
        drive.come(second, second)
        if waiting:
            drive.come(second + 0.5, *waiting[:share])
            del waiting[:share]
    assert waiting == []
    drive.end()
    return drive


def before_the_newest(drive: Drive, *, share: int) -> Drive:
    """The buffer comes first, ``share`` positions a frame, and what is of now after it."""
    for second in range(HOLE[0]):
        drive.come(second, second)
    waiting = list(range(*HOLE))
    now_s = float(HOLE[1])
    while waiting:
        drive.come(now_s, *waiting[:share])
        del waiting[:share]
        now_s += 0.25
    for second in range(HOLE[1], len(drive.track)):
        drive.come(max(now_s, second), second)
    drive.end()
    return drive


FENCES = (
    a_fence(FenceKind.SLOW_ZONE, rules=FenceRules(speed_limit_mps=4.0)),
    a_fence(FenceKind.KEEP_CLEAR, rules=FenceRules()),
)
CALM = (INSIDE, 300)
legs = st.lists(
    st.tuples(st.sampled_from([INSIDE, OUTSIDE]), st.sampled_from([0, 300, 420, 600]), st.integers(1, 30)),
    max_size=8,
)


def a_track(legs: list[tuple[float, int, int]]) -> list[tuple[float, int]]:
    """Calm for some seconds at both ends of the hole, anything in it, and anything before and after."""
    inside = [(lat, speed) for lat, speed, seconds in legs for _ in range(seconds)][: HOLE[1] - HOLE[0] - 30]
    inside += [CALM] * (HOLE[1] - HOLE[0] - len(inside))
    return [CALM] * 10 + [(INSIDE, 600)] * 15 + [CALM] * 15 + inside + [CALM] * 30 + [(INSIDE, 700)] * 90


AFTERWARDS = (after_the_newest, newest_first, frames_out_of_order)


@pytest.mark.parametrize(
    ("how", "share"),
    [
        *(
            pytest.param(*each, marks=pytest.mark.thorough)
            for each in product((after_the_newest, before_the_newest), (2, 7, 100))
        ),
        (newest_first, 7),
        (before_the_newest, 10),
        (frames_out_of_order, 4),
    ],
)
@given(legs=legs)
@settings(max_examples=3, deadline=None)
def test_a_track_that_comes_late_breaks_the_same_rules_over_the_same_spans(
    how: Any, share: int, legs: list[tuple[float, int, int]]
) -> None:
    track = [
        (INSIDE + 1e-5 * (n % 3) if lat == INSIDE else lat, speed)
        for n, (lat, speed) in enumerate(a_track(legs))
    ]
    expected, late = on_time(Drive(track, *FENCES)), how(Drive(track, *FENCES), share=share)
    assert late.spans == expected.spans
    if how in AFTERWARDS:
        replayed = [crossing for crossing in late.crossings if HOLE[0] <= crossing[1] < HOLE[1]]
        assert replayed == []


@pytest.mark.parametrize("how", [*AFTERWARDS, before_the_newest])
def test_what_was_over_when_it_became_known_raises_no_alarm_of_now(how: Any) -> None:
    track = a_track([(INSIDE, 600, 20)])
    drive = how(Drive(track, *FENCES), share=10)
    [past] = [signal for _, signal in drive.said if isinstance(signal, AlarmPast)]
    assert (past.kind, at_s(past.at), at_s(past.ended_at)) == (AlarmKind.OVERSPEED, 43.0, 63.0)
    assert past.raised.details["limit_mps"] == 4.0
    assert past.raised.details["seq"] == 44
    assert not [
        signal for now_s, signal in drive.said if isinstance(signal, AlarmRaised) and HOLE[0] < now_s < 170
    ]


def test_what_began_in_the_hole_and_goes_on_is_an_alarm_with_its_own_time_once_it_is_known() -> None:
    track = a_track([])[:120] + [(INSIDE, 600)] * 60
    drive = before_the_newest(Drive(track, *FENCES), share=10)
    raised = [(now_s, at_s(s.at)) for now_s, s in drive.said if isinstance(s, AlarmRaised)]
    assert [at for _, at in raised] == [13.0, 123.0]
    assert raised[1][0] >= HOLE[1]
    assert not [signal for _, signal in drive.said if isinstance(signal, AlarmPast)]


def test_a_timed_rule_is_that_of_the_positions_own_minute() -> None:
    """02:00 UTC is 10:00 in the city: the limit holds until 10:01, and the buffer comes at 10:02."""
    hours = FenceHours(
        time_zone="Asia/Shanghai",
        spans=(HourSpan(start_minute=0, end_minute=601, weekdays=EVERY_DAY),),
    )
    fence = a_fence(FenceKind.SLOW_ZONE, rules=FenceRules(speed_limit_mps=4.0), hours=hours)
    track = [CALM] * 40 + [(INSIDE, 600)] * 10 + [CALM] * 15 + [(INSIDE, 600)] * 75 + [CALM] * 60
    for how in (*AFTERWARDS, before_the_newest):
        drive = how(Drive(track, fence), share=25)
        assert drive.spans == {("overspeed", 43.0, 53.0)}


def test_a_buffer_that_ends_while_a_rule_is_broken_ends_the_span_at_its_last_position() -> None:
    drive = Drive(a_track([(INSIDE, 600, 60)]), *FENCES)
    for second in [*range(HOLE[0]), HOLE[1]]:
        drive.come(second, second)
    drive.come(HOLE[1] + 1, *range(HOLE[0], 70))
    drive.end()
    assert ("overspeed", 43.0, 69.0) in drive.spans
    assert drive.line.pipeline.counts.total(Reject.DUPLICATE) == 0


def a_version(kind: FenceKind, from_s: float, until_s: float, version: int = 1, **rules: Any) -> Version:
    """A version as it is published and retired while the vehicle drives; below 0 it was there before."""
    effective_at = START + timedelta(seconds=from_s)
    fence = structs.replace(
        a_fence(kind, rules=FenceRules(**rules)), version=FenceVersion(version), effective_at=effective_at
    )
    return Version(fence, from_s, until_s)


FOR_GOOD = 10_000.0
CHANGES = (
    a_version(FenceKind.SLOW_ZONE, -900.0, 70.5, speed_limit_mps=4.0),
    a_version(FenceKind.SLOW_ZONE, 70.5, 95.0, 2, speed_limit_mps=3.5),
    a_version(FenceKind.SLOW_ZONE, 95.0, FOR_GOOD, 3, speed_limit_mps=5.0),
    a_version(FenceKind.KEEP_CLEAR, -900.0, 90.0),
    a_version(FenceKind.OPERATING_AREA, 60.0, 110.0),
    a_version(FenceKind.NO_GO, 75.0, 85.0),
)
"""All of them change while the vehicle is in the hole."""


@pytest.mark.parametrize(
    ("how", "share"),
    [
        (after_the_newest, 10),
        *(
            pytest.param(*each, marks=pytest.mark.thorough)
            for each in product((after_the_newest, before_the_newest), (7, 100))
        ),
    ],
)
@given(legs=legs)
@settings(max_examples=3, deadline=None)
def test_what_was_published_and_retired_before_a_track_came_judges_the_time_it_was_in_force(
    how: Any, share: int, legs: list[tuple[float, int, int]]
) -> None:
    track = a_track(legs)
    expected = on_time(Drive(track, published=CHANGES))
    assert how(Drive(track, published=CHANGES), share=share).spans == expected.spans


@pytest.mark.parametrize("how", [after_the_newest, before_the_newest])
def test_a_fence_that_was_retired_meanwhile_is_named_with_its_version(how: Any) -> None:
    retired = a_version(FenceKind.SLOW_ZONE, -900.0, 90.0, 3, speed_limit_mps=4.0)
    track = a_track([(INSIDE, 600, 20)])
    drive = how(Drive(track, published=[retired]), share=10)
    [past] = [signal for _, signal in drive.said if isinstance(signal, AlarmPast)]
    assert (at_s(past.at), at_s(past.ended_at)) == (43.0, 63.0)
    assert past.raised.details["fence_id"] == "slow_zone"
    assert past.raised.details["fence_version"] == 3
    assert past.raised.details["limit_mps"] == 4.0


@pytest.mark.parametrize("how", [after_the_newest, before_the_newest])
def test_a_fence_that_was_published_after_a_position_was_measured_does_not_judge_it(how: Any) -> None:
    later = a_version(FenceKind.NO_GO, 100.0, FOR_GOOD)
    first_area = a_version(FenceKind.OPERATING_AREA, 100.0, FOR_GOOD)
    track = [CALM] * 40 + [(OUTSIDE, 300)] * 30 + [(INSIDE, 300)] * 20 + [(OUTSIDE, 300)] * 50 + [CALM] * 60
    drive = how(Drive(track, published=[later, first_area]), share=25)
    assert {kind: began for kind, began, _ in drive.spans} == {
        "left_operating_area": 105.0,
        "no_go_entry": 140.0,
    }


def test_who_left_the_last_operating_area_has_not_left_it_once_it_is_retired() -> None:
    area = a_version(FenceKind.OPERATING_AREA, -900.0, 80.0)
    drive = on_time(Drive([CALM] * 20 + [(OUTSIDE, 300)] * 140, published=[area]))
    assert drive.spans == {("left_operating_area", 25.0, 85.0)}
