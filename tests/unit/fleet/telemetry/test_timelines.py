"""What the pipeline says along a timeline: liveness, alarms with hysteresis, rooms. No store, no clock."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import numpy as np
import pytest

from core.clock import ms_of_moment
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.alarms.kinds import AlarmKind
from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.hysteresis import Causes
from fleet.telemetry.pipeline import Pipeline
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Entry, read_live_message
from fleet.telemetry.roster import Roster, RosterRow
from geofences.fences import FenceKind, FenceRules
from geofences.index import FenceIndex
from tests.unit.fleet.telemetry.lines import INSIDE, OUTSIDE, START, Line, a_fence, a_square


class TestLiveness:
    @pytest.mark.parametrize(
        ("rate", "timeline"),
        [
            (1.0, [(5, 0), (10, 0), (10.5, 1), (60, 1), (60.5, 2), (500, 2)]),
            (10.0, [(10.5, 0), (30, 0), (31, 1), (60, 1), (61, 2)]),
            (60.0, [(61, 0), (180, 0), (181, 1), (360, 1), (361, 2)]),
        ],
        ids=["at 1×", "at 10×", "at 60×"],
    )
    def test_silence_makes_a_vehicle_stale_and_then_offline(
        self, rate: float, timeline: list[tuple[float, int]]
    ) -> None:
        line = Line(rate=rate)
        line.say(0)
        assert [(at_s, (line.hear_nothing(at_s), line.connection)[1]) for at_s, _ in timeline] == timeline

    def test_a_frame_brings_it_back_at_once(self) -> None:
        line = Line()
        line.say(0)
        line.hear_nothing(100)
        assert (line.connection, line.condition) == (2, 0)
        line.say(101)
        assert (line.connection, line.condition) == (0, 1)

    def test_a_vehicle_that_announced_its_sleep_is_not_offline(self) -> None:
        line = Line(under_way=True)
        line.say(0, mode_flags=PositionFlag.HIBERNATING)
        line.hear_nothing(10_000)
        assert (line.connection, line.signals) == (3, [])

    def test_our_own_deafness_is_not_taken_for_their_silence(self) -> None:
        line = Line()
        line.say(0)
        line.pipeline.liveness.listening_since_ms = ms_of_moment(START + timedelta(seconds=300))
        line.hear_nothing(305)
        assert line.connection == 0
        line.hear_nothing(311)
        assert line.connection == 1


class TestAlarms:
    def test_offline_is_an_alarm_only_on_duty_and_clears_when_it_is_heard(self) -> None:
        line = Line(under_way=False)
        line.say(0)
        line.hear_nothing(100)
        assert line.signals == []
        line.under_way(True)
        for at_s in range(101, 109):
            line.hear_nothing(at_s)
        line.say(109)
        assert line.signals == [
            (106, "raised", AlarmKind.OFFLINE_ON_DUTY),
            (109, "cleared", AlarmKind.OFFLINE_ON_DUTY),
        ]

    def test_a_no_go_is_said_at_the_first_point_once_and_cleared_after_five_seconds_outside(self) -> None:
        line = Line(a_fence(FenceKind.NO_GO))
        for at_s, lat in _drive([(0, 39.5999), (1, 39.6001), *((s, 39.6002) for s in range(2, 8)),
                                 *((s, 39.5999) for s in range(8, 20))]):  # fmt: skip
            line.say(at_s, lat)
        assert line.signals == [
            (1, "raised", AlarmKind.NO_GO_ENTRY),
            (13, "cleared", AlarmKind.NO_GO_ENTRY),
        ]
        assert line.raised[0].details["fence_id"] == "no_go"
        assert line.raised[0].details["set_version"] == 4

    def test_flicker_at_the_border_of_the_operating_area_raises_nothing(self) -> None:
        line = Line(a_fence(FenceKind.OPERATING_AREA))
        for at_s in range(60):
            line.say(at_s, 39.60001 if at_s % 3 else 39.59999)
        assert line.signals == []

    def test_leaving_the_operating_area_is_said_after_five_seconds_and_once(self) -> None:
        line = Line(a_fence(FenceKind.OPERATING_AREA))
        line.say(0, 39.6001)
        for at_s in range(1, 100):
            line.say(at_s, 39.5999)
        assert line.signals == [(6, "raised", AlarmKind.LEFT_OPERATING_AREA)]

    def test_a_city_without_operating_areas_has_nobody_outside(self) -> None:
        line = Line(a_fence(FenceKind.COMMUNITY))
        for at_s in range(20):
            line.say(at_s, OUTSIDE)
        assert line.signals == []

    def test_overspeed_must_last_and_names_the_limit(self) -> None:
        line = Line(a_fence(FenceKind.SLOW_ZONE, rules=FenceRules(speed_limit_mps=4.0)))
        speeds = [420, 500, 500, 420, 500, 500, 500, 500, 500, 390, 390, 390, 390]
        for at_s, speed in enumerate(speeds):
            line.say(at_s, INSIDE, speed_cm_s=speed)
        assert line.signals == [(7, "raised", AlarmKind.OVERSPEED), (12, "cleared", AlarmKind.OVERSPEED)]
        assert (line.raised[0].details["limit_mps"], line.raised[0].details["speed_mps"]) == (4.0, 5.0)

    def test_low_battery_has_a_gap_between_raising_and_clearing(self) -> None:
        line = Line()
        for at_s, battery in enumerate([50, 40, 39, 41, 39, 45, 49, 50, 39]):
            line.say(at_s, battery_200=battery)
        assert line.signals == [
            (2, "raised", AlarmKind.LOW_BATTERY),
            (7, "cleared", AlarmKind.LOW_BATTERY),
            (8, "raised", AlarmKind.LOW_BATTERY),
        ]

    def test_an_unknown_battery_and_a_charging_one_raise_nothing(self) -> None:
        line = Line()
        line.say(0, battery_200=255)
        line.say(1, battery_200=10, mode_flags=PositionFlag.CHARGING)
        assert line.signals == []

    def test_stopping_in_keep_clear_is_said_after_ten_seconds_and_not_for_driving_through(self) -> None:
        line = Line(a_fence(FenceKind.KEEP_CLEAR))
        for at_s in range(30):
            line.say(at_s, INSIDE, speed_cm_s=300)
        for at_s in range(30, 45):
            line.say(at_s, INSIDE)
        assert line.signals == [(40, "raised", AlarmKind.STOPPED_IN_KEEP_CLEAR)]

    def test_what_stood_before_a_restart_is_not_raised_again_and_can_be_cleared(self) -> None:
        before = Line(a_fence(FenceKind.NO_GO))
        before.say(0, INSIDE)
        after = Line(a_fence(FenceKind.NO_GO))
        after.seq = before.seq
        after.pipeline.recall(
            before.pipeline.live.state[7:8].copy(), before.pipeline.fences.export(np.array([7]))
        )
        for at_s in range(1, 4):
            after.say(at_s, INSIDE)
        for at_s in range(1000, 1010):
            after.say(at_s, 39.5999)
        assert after.signals == [(1005, "cleared", AlarmKind.NO_GO_ENTRY)]


class TestCrossings:
    STRIP = msgspec.structs.replace(a_fence(FenceKind.NO_GO), area=a_square(39.60, 39.60004))

    def test_driving_through_a_strip_between_two_points_is_a_fact(self) -> None:
        line = Line(self.STRIP)
        said = [
            event
            for at_s, lat in enumerate([39.59996, 39.60008])
            for event in line.say(at_s, lat).events.each()
        ]
        assert [(event.kind, event.seq, event.measured_at, event.since_at) for event in said] == [
            ("cross", 2, START + timedelta(seconds=1), START)
        ]

    def test_the_way_begins_before_a_restart(self) -> None:
        before, after = Line(self.STRIP), Line(self.STRIP)
        before.say(0, 39.59996)
        after.seq = before.seq
        after.pipeline.recall(
            before.pipeline.live.state[7:8].copy(), before.pipeline.fences.export(np.array([7]))
        )
        assert [event.kind for event in after.say(1, 39.60008).events.each()] == ["cross"]

    @pytest.mark.parametrize(
        ("concerned", "expected"),
        [
            ({}, ["outside"]),
            ({"operator": "o"}, ["outside"]),
            ({"operator": "p"}, []),
            ({"district": "DS"}, []),
        ],
        ids=["everybody's", "its operator's", "another operator's", "another district's"],
    )
    def test_a_vehicle_first_heard_outside_an_area_that_concerns_it_is_outside(
        self, concerned: dict[str, str], expected: list[str]
    ) -> None:
        line = Line(a_fence(FenceKind.OPERATING_AREA, **concerned))
        assert [event.kind for event in line.say(0, OUTSIDE).events.each()] == expected
        assert len(line.say(1, OUTSIDE).events) == 0


class TestRooms:
    def test_only_what_changed_is_told_and_a_move_is_told_to_both_rooms(self) -> None:
        line = Line()
        first = line.say(0, 39.5)
        assert len(first.rooms) == 1
        assert line.hear_nothing(1).rooms == []
        far = line.say(4000, 39.9)
        assert len(far.rooms) == 2
        for _, message in far.rooms:
            assert read_live_message(message)[3]["lat_e7"].tolist() == [399_000_000]

    def test_silence_is_told_too(self) -> None:
        line = Line()
        line.say(0)
        ((_, message),) = line.hear_nothing(100).rooms
        assert read_live_message(message)[3]["flags"].tolist() == [0]


def test_in_a_tick_of_many_vehicles_an_alarm_is_of_the_vehicle_that_caused_it() -> None:
    roster = Roster()
    roster.put(
        [
            RosterRow(
                vehicle_no=VehicleNo(number), maker=MakerId("m"), operator=OperatorId("o"),
                district=DistrictCode("KB"), service=ServiceKind.DELIVERY,
            )
            for number in range(1, 10)
        ]
    )  # fmt: skip
    pipeline = Pipeline(roster)
    pipeline.swap(FenceIndex.build([a_fence(FenceKind.NO_GO)]))
    alarmed = []
    for second, intruders in enumerate(({4}, {4, 9}, {9, 1}), start=1):
        at = START + timedelta(seconds=second)
        records = np.zeros(9, STREAM_POSITION)
        records["vehicle_no"], records["seq"] = (8, 3, 9, 1, 4, 2, 7, 6, 5), second  # as makers send them
        records["lat_e7"] = [
            round((39.6003 if n in intruders else 39.5997) * 1e7) for n in records["vehicle_no"]
        ]
        records["lng_e7"], records["measured_ms"] = 1_098_050_000, ms_of_moment(at)
        entry = Entry(ms_of_moment(at), records, np.zeros(0, STREAM_STATUS))
        tick = pipeline.process([entry], at=at)
        alarmed += [int(s.vehicle_no) for s in tick.signals if s.kind is AlarmKind.NO_GO_ENTRY]
    assert alarmed == [4, 9, 1]


def test_a_cause_that_is_interrupted_starts_anew() -> None:
    causes = Causes(10, [(0, 0), (2, 2)])
    seen = []
    for ms, is_cause in ((1000, True), (2000, True), (2500, False), (3000, True), (4000, True), (5000, True)):
        stands = np.array([is_cause])
        raised, _ = causes.step(1, np.array([3]), np.array([ms]), stands, ~stands)
        seen.append(len(raised) == 1)
    assert seen == [False, False, False, False, False, True]


def _drive(steps: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    yield from steps
