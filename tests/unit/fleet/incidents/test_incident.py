"""The life of an incident: timelines of what people and the sealer do, in either order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import IllegalTransition
from core.ids import DistrictCode, IncidentId, OperatorId, VehicleNo
from fleet.alarms.kinds import FOLLOWED
from fleet.incidents.incident import (
    Incident,
    Step,
    Window,
    advance,
    ask_again,
    graver,
    hold_scene,
    join_cause,
    seal,
)
from fleet.incidents.kinds import HOLDS_SCENE, OF_ALARM, IncidentEvent, IncidentState, IncidentType

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
EVENT, STATE = IncidentEvent, IncidentState
WINDOW = Window(before=timedelta(seconds=90), after=timedelta(seconds=30))
DEADLINES = {STATE.TRIAGED: timedelta(minutes=30), STATE.EVIDENCE_SEALED: timedelta(days=3)}


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def an_incident(**changes: Any) -> Incident:
    values: dict[str, Any] = {
        "incident_id": IncidentId("i-1"),
        "vehicle_no": VehicleNo(7),
        "type": IncidentType.UNPLANNED_STOP,
        "district": DistrictCode("KB"),
        "operator": OperatorId("op-a"),
        "happened_at": AT,
        "discovered_at": AT,
        "window_from": AT - WINDOW.before,
        "window_to": AT + WINDOW.after,
        "changed_at": AT,
    }
    return Incident(**{**values, **changes})


def step(event: str = "x", *, second: float = 0) -> Step:
    return Step(event=event, by="s-1", by_name="甲", role="agency", at=later(second), reason="因为")


def moved(incident: Incident, *events: IncidentEvent) -> Incident:
    for event in events:
        incident = advance(incident, event, step(event.value), deadlines=DEADLINES)
    return incident


def test_evidence_that_was_sealed_before_the_triage_needs_no_second_step() -> None:
    sealed = seal(an_incident(), 1, deadlines=DEADLINES, at=later(45))
    assert (sealed.state, sealed.evidence_edition, sealed.is_sealed) == (STATE.REPORTED, 1, True)
    triaged = advance(sealed, EVENT.TRIAGED, step(second=60), deadlines=DEADLINES)
    assert triaged.state is STATE.EVIDENCE_SEALED
    assert triaged.due_at == later(60) + timedelta(days=3)


def test_a_triage_before_the_sealing_waits_for_it() -> None:
    triaged = advance(an_incident(), EVENT.TRIAGED, step(second=5), deadlines=DEADLINES)
    assert (triaged.state, triaged.due_at) == (STATE.TRIAGED, later(5 + 1800))
    with pytest.raises(IllegalTransition):
        moved(triaged, EVENT.REFERRED)
    assert seal(triaged, 1, deadlines=DEADLINES, at=later(45)).state is STATE.EVIDENCE_SEALED


def test_an_incident_goes_to_its_end_and_is_reopened_for_more_evidence() -> None:
    sealed = seal(an_incident(), 1, deadlines=DEADLINES, at=AT)
    closed = moved(sealed, EVENT.TRIAGED, EVENT.REFERRED, EVENT.DETERMINED, EVENT.CLOSED)
    assert (closed.state, closed.due_at, closed.version) == (STATE.CLOSED, None, 6)
    again = advance(closed, EVENT.REOPENED, step(), deadlines=DEADLINES, evidence_wanted=2)
    assert (again.state, again.is_sealed) == (STATE.REOPENED, False)
    assert moved(again, EVENT.TRIAGED).state is STATE.TRIAGED, "the second edition is owed first"
    assert seal(moved(again, EVENT.TRIAGED), 2, deadlines=DEADLINES, at=AT).state is STATE.EVIDENCE_SEALED


def test_a_later_edition_moves_nothing_that_is_further() -> None:
    pending = moved(seal(an_incident(), 1, deadlines=DEADLINES, at=AT), EVENT.TRIAGED, EVENT.REFERRED)
    asked = ask_again(pending, step())
    assert (asked.evidence_wanted, asked.is_sealed) == (2, False)
    assert ask_again(asked, step()) is asked, "one is owed already"
    assert seal(asked, 2, deadlines=DEADLINES, at=AT).state is STATE.RESPONSIBILITY_PENDING


def test_a_second_cause_widens_the_window_and_the_gravest_names_it() -> None:
    joined = join_cause(
        an_incident(), IncidentType.CRASH, happened_at=later(20), window=WINDOW, step=step("cause_joined")
    )
    assert (joined.type, joined.happened_at) == (IncidentType.CRASH, AT)
    assert (joined.window_from, joined.window_to) == (AT - WINDOW.before, later(50))
    assert joined.evidence_wanted == 1, "the first edition is still owed and covers it"
    sealed = seal(an_incident(), 1, deadlines=DEADLINES, at=AT)
    late = join_cause(sealed, IncidentType.CRASH, happened_at=later(20), window=WINDOW, step=step())
    assert (late.evidence_wanted, late.is_sealed) == (2, False)
    same = join_cause(sealed, IncidentType.CRASH, happened_at=AT, window=WINDOW, step=step())
    assert same.is_sealed, "the window is the same"


def test_a_type_that_a_person_chose_is_not_overruled_by_a_cause() -> None:
    assert graver(IncidentType.VANDALISM, IncidentType.CRASH) is IncidentType.VANDALISM
    assert graver(IncidentType.TIP_OVER, IncidentType.CRASH) is IncidentType.CRASH
    assert graver(IncidentType.CRASH, IncidentType.TIP_OVER) is IncidentType.CRASH


def test_a_hold_is_taken_once_and_released_once() -> None:
    held = hold_scene(an_incident(), step("scene_held"), held=True)
    assert held.is_scene_held
    assert hold_scene(held, step(), held=True) is held
    assert not hold_scene(held, step(), held=False).is_scene_held


def test_every_alarm_that_opens_an_incident_is_followed() -> None:
    assert set(OF_ALARM) <= FOLLOWED
    assert set(OF_ALARM.values()) >= HOLDS_SCENE
