"""An incident as a fact, and the steps about it. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from core.ids import CommandId, DistrictCode, IncidentId, OperatorId, StaffId, VehicleNo
from core.transitions import advance as next_state
from fleet.incidents.kinds import (
    GRAVITY,
    INCIDENT_TRANSITIONS,
    IncidentEvent,
    IncidentSeverity,
    IncidentState,
    IncidentType,
    Responsibility,
)

SYSTEM = "system"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done about an incident: who, when and why."""

    event: str
    """A word of IncidentEvent, or scene_held, scene_released, cause_joined, evidence_asked,
    evidence_late."""
    by: StaffId | str
    by_name: str
    role: str
    at: datetime
    reason: str


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """How much around an incident is sealed."""

    before: timedelta
    after: timedelta


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to one vehicle."""

    incident_id: IncidentId
    vehicle_no: VehicleNo
    type: IncidentType
    district: DistrictCode
    operator: OperatorId
    state: IncidentState = IncidentState.REPORTED
    happened_at: datetime
    discovered_at: datetime
    """When it was reported; days after it happened when somebody comes late."""
    window_from: datetime
    window_to: datetime
    severity: IncidentSeverity | None = None
    """None while nobody knows."""
    medical_dispatch: bool = False
    description: str = ""
    report_id: str = ""
    """Number of a police or insurance report."""
    lat: float | None = None
    lng: float | None = None
    opened_by: StaffId | str = SYSTEM
    opened_by_name: str = ""
    is_scene_held: bool = False
    responsibility: Responsibility | None = None
    responsibility_note: str = ""
    recording_command: CommandId | None = None
    """The command by which the vehicle was told to keep its recordings."""
    evidence_wanted: int = 1
    """The edition of the bundle that is owed."""
    evidence_edition: int = 0
    """The newest edition that is sealed; 0 before the first."""
    due_at: datetime | None = None
    """When the present state must be left; None when nothing is owed."""
    steps: tuple[Step, ...] = ()
    changed_at: datetime
    version: int = 1

    @property
    def is_sealed(self) -> bool:
        """Whether everything that is owed of its evidence is sealed."""
        return self.evidence_edition >= self.evidence_wanted

    @property
    def is_preliminary(self) -> bool:
        """Whether MDS calls it preliminary: responsibility is not determined."""
        return self.responsibility is None


type Deadlines = Mapping[IncidentState, timedelta]
"""How long an incident may stay in a state; one that is absent may stay for ever."""


def advance(
    incident: Incident, event: IncidentEvent, step: Step, *, deadlines: Deadlines, **changes: object
) -> Incident:
    """Return the incident after a step; raises IllegalTransition for one the table has not.

    A triage finds the evidence sealed when it is: both steps are then taken at once.
    """
    state = next_state(INCIDENT_TRANSITIONS, incident.state, event)
    if state is IncidentState.TRIAGED and incident.is_sealed:
        state = next_state(INCIDENT_TRANSITIONS, state, IncidentEvent.EVIDENCE_SEALED)
    limit = deadlines.get(state)
    return _noted(
        incident, step, **{**changes, "state": state, "due_at": None if limit is None else step.at + limit}
    )


def seal(incident: Incident, edition: int, *, deadlines: Deadlines, at: datetime) -> Incident:
    """Return the incident with an edition of its bundle sealed; its state follows when it was triaged."""
    sealed = msgspec.structs.replace(incident, evidence_edition=edition)
    step = Step(
        event=IncidentEvent.EVIDENCE_SEALED.value,
        by=SYSTEM,
        by_name="",
        role=SYSTEM,
        at=at,
        reason=f"{edition}",
    )
    if sealed.is_sealed and incident.state is IncidentState.TRIAGED:
        return advance(sealed, IncidentEvent.EVIDENCE_SEALED, step, deadlines=deadlines)
    return _noted(sealed, step)


def ask_again(incident: Incident, step: Step) -> Incident:
    """Return the incident with one more edition of its bundle owed, unless one is owed already."""
    if not incident.is_sealed:
        return incident
    return _noted(incident, step, evidence_wanted=incident.evidence_edition + 1)


def hold_scene(incident: Incident, step: Step, *, held: bool) -> Incident:
    """Return the incident with its scene held or released; unchanged when it is so already."""
    return incident if incident.is_scene_held is held else _noted(incident, step, is_scene_held=held)


def join_cause(
    incident: Incident, kind: IncidentType, *, happened_at: datetime, window: Window, step: Step
) -> Incident:
    """Return the incident with one more cause of the same event in it.

    The gravest cause names it, and the window grows to what surrounds each of them; more evidence is owed
    when it does and the first edition is sealed already.
    """
    begins = min(incident.window_from, happened_at - window.before)
    ends = max(incident.window_to, happened_at + window.after)
    is_wider = (begins, ends) != (incident.window_from, incident.window_to)
    joined = _noted(
        incident,
        step,
        type=graver(incident.type, kind),
        happened_at=min(incident.happened_at, happened_at),
        window_from=begins,
        window_to=ends,
    )
    if not (is_wider and joined.is_sealed):
        return joined
    return msgspec.structs.replace(joined, evidence_wanted=joined.evidence_edition + 1)


def graver(one: IncidentType, other: IncidentType) -> IncidentType:
    """Return the graver of two types that open by themselves; a type that a person chose stays."""
    if one not in GRAVITY or other not in GRAVITY:
        return one
    return min(one, other, key=GRAVITY.index)


def _noted(incident: Incident, step: Step, **changes: object) -> Incident:
    return msgspec.structs.replace(
        incident,
        steps=(*incident.steps, step),
        changed_at=step.at,
        version=incident.version + 1,
        **changes,
    )
