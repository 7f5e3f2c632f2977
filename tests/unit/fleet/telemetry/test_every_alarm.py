"""Every alarm that telemetry can show is raised once, held by its hysteresis, and cleared.

Kinds that something else raises are named with the test that raises and clears them.
"""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.kinds import ServiceKind
from fleet.alarms.kinds import AlarmKind
from fleet.links.wire.positions import PositionFlag
from fleet.links.wire.status import Perception
from fleet.telemetry.steps.alarms import ALARM_BITS
from geofences.fences import FenceKind, FenceRules
from tests.unit.fleet.telemetry.lines import Line, a_fence

ROOT = Path(__file__).parents[4]
IN, OUT = {"lat": 39.6002}, {"lat": 39.5998}
K = AlarmKind


class Case(msgspec.Struct, frozen=True):
    """What shows a cause, what shows neither (None: there is no such value), what shows that it is gone."""

    kind: AlarmKind
    cause: dict[str, Any]
    between: dict[str, Any] | None
    gone: dict[str, Any]
    raise_s: int
    clear_s: int
    is_status: bool = False
    fences: tuple[Any, ...] = ()
    to_move: bool = False


def a_code(kind: AlarmKind, code: int) -> Case:
    return Case(kind, {"fault_codes": (0, code, 0, 0)}, None, {}, 0, 5, is_status=True)


SLOW = a_fence(FenceKind.SLOW_ZONE, rules=FenceRules(speed_limit_mps=4.0))
OTHERS_ONLY = a_fence(FenceKind.PARK, rules=FenceRules(allowed_services=frozenset({ServiceKind.VENDING})))
LOADED = {"compartments_loaded": 1}
CASES = (
    Case(K.NO_GO_ENTRY, IN, None, OUT, 0, 5, fences=(a_fence(FenceKind.NO_GO),)),
    Case(K.LEFT_OPERATING_AREA, OUT, None, IN, 5, 5, fences=(a_fence(FenceKind.OPERATING_AREA),)),
    Case(K.STOPPED_IN_KEEP_CLEAR, {**IN, "speed_cm_s": 0}, None, {**IN, "speed_cm_s": 50}, 10, 0,
         fences=(a_fence(FenceKind.KEEP_CLEAR),)),
    Case(K.OVERSPEED, {**IN, "speed_cm_s": 500}, {**IN, "speed_cm_s": 430}, {**IN, "speed_cm_s": 400}, 3, 3,
         fences=(SLOW,)),
    Case(K.SERVICE_REFUSED, IN, None, OUT, 5, 5, fences=(OTHERS_ONLY,)),
    Case(K.STUCK, {"speed_cm_s": 0}, {"speed_cm_s": 40}, {"speed_cm_s": 60}, 180, 0, to_move=True),
    Case(K.LOW_BATTERY, {"battery_200": 39}, {"battery_200": 45}, {"battery_200": 50}, 0, 0),
    Case(K.POSITIONING_LOST, {"mode_flags": PositionFlag.NO_FIX}, None, {}, 10, 10),
    Case(K.BATTERY_TOO_COLD, {"battery_dc": -201}, {"battery_dc": -180}, {"battery_dc": -170}, 0, 5,
         is_status=True, to_move=True),
    Case(K.BATTERY_THERMAL, {"battery_dc": 601}, {"battery_dc": 550}, {"battery_dc": 500}, 0, 5,
         is_status=True),
    Case(K.CARGO_TEMPERATURE, {**LOADED, "cargo_dc": 401}, {**LOADED, "cargo_dc": 390},
         {**LOADED, "cargo_dc": 380}, 60, 60, is_status=True),
    Case(K.COMPARTMENT_LEFT_OPEN, {"compartments_open": 1}, None, {}, 180, 0, is_status=True),
    Case(K.SENSOR_BLOCKED, {"perception": Perception.BLOCKED}, None, {}, 0, 5, is_status=True),
    Case(K.COLLISION, {"acceleration_cm_s2": -3001}, None, {}, 0, 5, is_status=True),
    a_code(K.TANK_FROZEN, 601),
    a_code(K.DOOR_FORCED, 302),
    a_code(K.TIPPED_OVER, 401),
)  # fmt: skip

ELSEWHERE = {
    K.OFFLINE_ON_DUTY: "tests/unit/fleet/telemetry/test_timelines.py",
    K.MAKER_SILENT: "tests/unit/fleet/telemetry/test_silence.py",
    K.AREA_SILENT: "tests/unit/fleet/telemetry/test_silence.py",
    K.TAKEOVER_REQUESTED: "tests/integration/fleet/alarms/test_acting.py",
    K.TAKEOVER_UNANSWERED: "tests/integration/fleet/alarms/test_acting.py",
    K.VEHICLE_FAULT: "tests/integration/fleet/vehicles/test_register.py",
    K.EMERGENCY_STOP: "tests/integration/fleet/incidents/test_incidents.py",
    K.PERMIT_EXPIRING: "tests/integration/fleet/vehicles/test_register.py",
    K.PERMIT_EXPIRED: "tests/integration/fleet/vehicles/test_register.py",
    K.NOBODY_WATCHES: "tests/integration/fleet/people/test_watch.py",
    K.DATA_QUALITY: "tests/integration/fleet/quality/test_keeper.py",
    K.FENCE_CROWDED: "tests/integration/fleet/test_capacity_watch.py",
    K.INCIDENT_OVERDUE: "tests/integration/fleet/incidents/test_overdue.py",
    K.BOOKS_UNBALANCED: "tests/integration/services/settlement/test_books_watch.py",
    K.STREET_BLOCKED: "tests/integration/fleet/feedback/test_feedback.py",
    K.STREET_HELP: "tests/integration/fleet/feedback/test_feedback.py",
    K.CHARGE_STALLED: "tests/integration/services/charging/test_slots.py",
    K.PATROL_MISSED: "tests/integration/services/patrol/test_beats.py",
    K.PATROL_FINDING: "tests/integration/services/patrol/test_beats.py",
    K.WEATHER_LIMIT: "tests/integration/services/weather_recall/test_recall.py",
    K.NEEDS_PERSON: "tests/integration/services/orders/test_order_journey.py",
}
"""Kinds that follow from silence, reports, papers and people, with the test that raises them."""


class Story:
    """One vehicle of a case, told second by second."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.line = Line(*case.fences)
        self.line.under_way(case.to_move, to_move=case.to_move)
        self.now_s = 0

    def show(self, seconds: int, said: dict[str, Any]) -> None:
        for _ in range(seconds):
            self.now_s += 1
            tell = self.line.state if self.case.is_status else self.line.say
            tell(self.now_s, **said)

    @property
    def said(self) -> list[tuple[float, str]]:
        return [(at_s, what) for at_s, what, kind in self.line.signals if kind is self.case.kind]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind.value)
def test_a_cause_is_raised_once_when_it_has_lasted_and_cleared_when_it_has_been_gone(case: Case) -> None:
    story = Story(case)
    story.show(3, case.gone)
    began = story.now_s + 1
    story.show(case.raise_s + 20, case.cause)
    assert story.said == [(began + case.raise_s, "raised")]
    went = story.now_s + 1
    story.show(case.clear_s + 20, case.gone)
    assert story.said[1:] == [(went + case.clear_s, "cleared")]
    again = story.now_s + 1
    story.show(case.raise_s + 2, case.cause)
    assert story.said[2:] == [(again + case.raise_s, "raised")], "the same cause coming back is a new alarm"


@pytest.mark.parametrize("case", [c for c in CASES if c.raise_s], ids=lambda case: case.kind.value)
def test_a_cause_that_comes_and_goes_before_it_has_lasted_raises_nothing(case: Case) -> None:
    story = Story(case)
    for _ in range(3):
        story.show(case.raise_s, case.cause)
        story.show(1, case.gone)
    assert story.said == []


@pytest.mark.parametrize("case", [c for c in CASES if c.clear_s], ids=lambda case: case.kind.value)
def test_a_cause_that_is_away_for_a_moment_is_one_alarm(case: Case) -> None:
    story = Story(case)
    story.show(case.raise_s + 1, case.cause)
    for _ in range(3):
        story.show(case.clear_s, case.gone)
        story.show(1, case.cause)
    assert [what for _, what in story.said] == ["raised"]


@pytest.mark.parametrize("case", [c for c in CASES if c.between], ids=lambda case: case.kind.value)
def test_a_value_between_the_limits_raises_nothing_and_clears_nothing(case: Case) -> None:
    assert case.between is not None
    story = Story(case)
    story.show(case.raise_s + 5, case.between)
    assert story.said == []
    story.show(case.raise_s + 1, case.cause)
    story.show(case.clear_s + 5, case.between)
    assert [what for _, what in story.said] == ["raised"]


def test_every_kind_of_alarm_is_here_or_named_with_its_test() -> None:
    here = {case.kind for case in CASES}
    assert here | set(ELSEWHERE) == set(AlarmKind)
    assert here.isdisjoint(ELSEWHERE)
    assert {kind for kind in ALARM_BITS if kind not in ELSEWHERE} == here
    unnamed = [
        kind for kind, path in ELSEWHERE.items()
        if kind.name not in (text := (ROOT / path).read_text()) and kind.value not in text
    ]  # fmt: skip
    assert unnamed == []


def test_the_page_on_alarms_says_of_every_kind_where_it_comes_from() -> None:
    page = (ROOT / "docs" / "alarms.md").read_text()
    assert [kind for kind in AlarmKind if not re.search(f"`{kind.value}`", page)] == []
