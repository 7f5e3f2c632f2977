"""What status records and standing still raise along a timeline: once a cause, with hysteresis."""

from typing import Any

import pytest

from fleet.alarms.kinds import AlarmKind
from fleet.links.wire.positions import PositionFlag
from fleet.links.wire.status import Perception
from tests.unit.fleet.telemetry.lines import Line

UNKNOWN = -32_768
A_BLOW = {"acceleration_cm_s2": -2500, "lateral_cm_s2": 2000}


@pytest.mark.parametrize(
    ("kind", "fine", "bad"),
    [
        (AlarmKind.BATTERY_TOO_COLD, {"battery_dc": -100}, {"battery_dc": -201}),
        (AlarmKind.BATTERY_TOO_COLD, {}, {"fault_codes": (0, 102, 0, 0)}),
        (AlarmKind.BATTERY_THERMAL, {"battery_dc": 300}, {"battery_dc": 601}),
        (AlarmKind.BATTERY_THERMAL, {}, {"fault_codes": (103, 0, 0, 0)}),
        (AlarmKind.TANK_FROZEN, {}, {"fault_codes": (0, 0, 0, 601)}),
        (AlarmKind.DOOR_FORCED, {}, {"fault_codes": (302, 0, 0, 0)}),
        (AlarmKind.SENSOR_BLOCKED, {"perception": Perception.CLEAR}, {"perception": Perception.BLOCKED}),
        (AlarmKind.SENSOR_BLOCKED, {"perception": Perception.DEGRADED}, {"fault_codes": (201, 0, 0, 0)}),
        (AlarmKind.TIPPED_OVER, {}, {"fault_codes": (401, 0, 0, 0)}),
        (AlarmKind.COLLISION, {}, {"fault_codes": (0, 402, 0, 0)}),
        (
            AlarmKind.COLLISION,
            {"acceleration_cm_s2": -900},
            {"acceleration_cm_s2": -2500, "lateral_cm_s2": 2000},
        ),
        (AlarmKind.COMPARTMENT_LEFT_OPEN, {}, {"fault_codes": (301, 0, 0, 0)}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else value.value,
)
def test_a_status_raises_its_alarm_once_and_clears_it_when_the_cause_is_gone(
    kind: AlarmKind, fine: dict[str, Any], bad: dict[str, Any]
) -> None:
    line = Line(under_way=True)
    for at_s, said in enumerate((fine, bad, bad, bad, fine, fine), start=1):
        line.state(at_s * 10, **said)
    is_gone_s = 50 if kind is AlarmKind.COMPARTMENT_LEFT_OPEN else 60
    assert line.signals == [(20, "raised", kind), (is_gone_s, "cleared", kind)]


def test_a_temperature_between_the_limits_changes_nothing_and_an_unknown_one_raises_nothing() -> None:
    line = Line(under_way=True)
    for at_s, tenths in enumerate((UNKNOWN, -190, -201, -180, -205, -170, -170), start=1):
        line.state(at_s * 5, battery_dc=tenths)
    assert line.signals == [
        (15, "raised", AlarmKind.BATTERY_TOO_COLD),
        (35, "cleared", AlarmKind.BATTERY_TOO_COLD),
    ]
    assert line.raised[0].details["battery_c"] == -20.1


def test_a_parked_battery_may_be_as_cold_as_the_night_until_it_cannot_be_charged() -> None:
    line = Line(under_way=True)
    line.state(5, battery_dc=-250)
    line.under_way(False)
    for at_s in (10, 15, 20):
        line.state(at_s, battery_dc=-250)
    line.state(25, battery_dc=-250, fault_codes=(102, 0, 0, 0))
    assert line.signals == [
        (5, "raised", AlarmKind.BATTERY_TOO_COLD),
        (15, "cleared", AlarmKind.BATTERY_TOO_COLD),
        (25, "raised", AlarmKind.BATTERY_TOO_COLD),
    ]


def test_cargo_is_judged_after_a_minute_out_of_its_band_and_only_while_something_is_loaded() -> None:
    line = Line()
    for at_s in range(0, 121, 30):
        line.state(at_s + 1, cargo_dc=410)
    for at_s in range(121, 242, 30):
        line.state(at_s + 1, cargo_dc=410, compartments_loaded=2)
    line.state(300, cargo_dc=410)
    line.state(360, cargo_dc=410)
    assert line.signals == [
        (182, "raised", AlarmKind.CARGO_TEMPERATURE),
        (360, "cleared", AlarmKind.CARGO_TEMPERATURE),
    ]


class TestCompartments:
    def test_a_compartment_may_be_open_while_people_load_and_is_an_alarm_after_three_minutes(self) -> None:
        line = Line()
        line.say(0)
        for at_s in range(1, 240, 30):
            line.state(at_s, compartments_open=1)
        line.state(245)
        kind = AlarmKind.COMPARTMENT_LEFT_OPEN
        assert line.signals == [(181, "raised", kind), (245, "cleared", kind)]

    def test_driving_with_an_open_one_is_an_alarm_at_the_next_status(self) -> None:
        line = Line()
        line.say(0, speed_cm_s=300)
        line.state(1, compartments_open=4)
        assert line.signals == [], "it had just stopped: the position is older than the door"
        line.say(2, speed_cm_s=300)
        line.state(31, compartments_open=4)
        assert line.signals == [(31, "raised", AlarmKind.COMPARTMENT_LEFT_OPEN)]


class TestStuck:
    def test_a_vehicle_that_should_drive_and_stands_three_minutes_is_stuck_until_it_moves(self) -> None:
        line = Line()
        line.under_way(True, to_move=True)
        for at_s in range(200):
            line.say(at_s)
        line.say(200, speed_cm_s=30)
        line.say(201, speed_cm_s=60)
        assert line.signals == [(180, "raised", AlarmKind.STUCK), (201, "cleared", AlarmKind.STUCK)]

    def test_creeping_for_a_moment_begins_the_count_anew(self) -> None:
        line = Line()
        line.under_way(True, to_move=True)
        for at_s in range(300):
            line.say(at_s, speed_cm_s=100 if at_s == 150 else 0)
        assert line.signals == []

    @pytest.mark.parametrize(
        ("to_move", "flags"),
        [
            (False, 0),
            (True, PositionFlag.CHARGING),
            (True, PositionFlag.STOP_HELD),
            (True, PositionFlag.FAULT),
        ],
        ids=["at a stop", "charging", "held by a stop", "has a fault of its own"],
    )
    def test_a_vehicle_that_stands_for_another_reason_is_not_stuck(self, to_move: bool, flags: int) -> None:
        line = Line()
        line.under_way(True, to_move=to_move)
        for at_s in range(400):
            line.say(at_s, mode_flags=flags)
        assert line.signals == []

    def test_reaching_the_stop_clears_it(self) -> None:
        line = Line()
        line.under_way(True, to_move=True)
        for at_s in range(185):
            line.say(at_s)
        line.under_way(True)
        line.say(185)
        assert line.signals[1:] == [(185, "cleared", AlarmKind.STUCK)]


class TestRepeatedFrames:
    def test_a_status_that_is_sent_again_neither_clears_nor_raises(self) -> None:
        line = Line()
        line.state(1)
        line.state(2, fault_codes=(402, 0, 0, 0))
        line.state(1, sent_s=3)
        line.state(2, sent_s=3, fault_codes=(402, 0, 0, 0))
        line.state(4)
        line.state(9)
        line.state(2, sent_s=10, fault_codes=(402, 0, 0, 0))
        assert line.signals == [(2, "raised", AlarmKind.COLLISION), (9, "cleared", AlarmKind.COLLISION)]

    def test_a_status_from_the_future_is_not_believed(self) -> None:
        line = Line()
        line.state(60, sent_s=1, fault_codes=(402, 0, 0, 0))
        line.state(2)
        assert line.signals == []

    def test_what_a_status_raised_stands_in_the_state_and_is_not_raised_again_after_a_restart(self) -> None:
        before = Line()
        before.say(0)
        before.state(1, fault_codes=(402, 0, 0, 0))
        kept = before.pipeline.live.state[7:8].copy()
        assert before.condition == 4
        after = Line()
        after.pipeline.recall(kept, None)
        after.state(2, fault_codes=(402, 0, 0, 0))
        after.state(3)
        after.state(8)
        assert after.signals == [(8, "cleared", AlarmKind.COLLISION)]


def test_a_vehicle_that_may_not_be_heard_raises_nothing() -> None:
    line = Line()
    line.roster.heard[7] = False
    line.state(1, fault_codes=(402, 0, 0, 0))
    assert line.signals == []
