"""What the next edition of a bundle waits for, told alike to who seals and to who looks."""

from datetime import UTC, datetime, timedelta

import pytest

from core.ids import DistrictCode, IncidentId, OperatorId, VehicleNo
from core.settings import JudgingSettings
from fleet.evidence.waiting import Awaited, Waiting, waiting_of
from fleet.incidents.incident import Incident
from fleet.incidents.kinds import IncidentType
from fleet.incidents.rules import rules_of

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
RULES = rules_of(JudgingSettings())
SETTLED = AT + timedelta(seconds=40)
ANSWERED = AT + timedelta(minutes=5)


def an_incident(*, edition: int = 0, wanted: int = 1) -> Incident:
    return Incident(
        incident_id=IncidentId("i-1"),
        vehicle_no=VehicleNo(7),
        type=IncidentType.CRASH,
        district=DistrictCode("KB"),
        operator=OperatorId("op-a"),
        happened_at=AT,
        discovered_at=AT,
        window_from=AT - RULES.window.before,
        window_to=AT + RULES.window.after,
        evidence_edition=edition,
        evidence_wanted=wanted,
        changed_at=AT,
    )


@pytest.mark.parametrize(
    ("after_s", "recording_is_open", "expected"),
    [
        (0, True, Waiting(edition=1, awaits=Awaited.WINDOW, until=SETTLED)),
        (39, False, Waiting(edition=1, awaits=Awaited.WINDOW, until=SETTLED)),
        (40, True, Waiting(edition=1, awaits=Awaited.RECORDING, until=ANSWERED)),
        (40, False, Waiting(edition=1, awaits=Awaited.HISTORY, until=None)),
        (300, True, Waiting(edition=1, awaits=Awaited.HISTORY, until=None)),
    ],
)
def test_a_first_edition_waits_for_its_window_then_the_vehicle_then_the_history(
    after_s: float, recording_is_open: bool, expected: Waiting
) -> None:
    at = AT + timedelta(seconds=after_s)
    assert waiting_of(an_incident(), RULES, recording_is_open=recording_is_open, at=at) == expected


def test_a_further_edition_does_not_wait_for_the_vehicle() -> None:
    owed = an_incident(edition=1, wanted=2)
    assert waiting_of(owed, RULES, recording_is_open=True, at=SETTLED) == Waiting(
        edition=2, awaits=Awaited.HISTORY, until=None
    )


def test_nothing_waits_when_everything_is_sealed() -> None:
    assert waiting_of(an_incident(edition=1), RULES, recording_is_open=True, at=AT) is None
