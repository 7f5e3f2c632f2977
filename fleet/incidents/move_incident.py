"""A person takes an incident on: triage, referral, responsibility, closing, reopening, more evidence."""

from datetime import datetime
from typing import Final

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.database import Database, Transaction
from core.errors import Conflict, Forbidden, Invalid, VersionMismatch
from core.ids import IncidentId, StaffId
from fleet.incidents.incident import Incident, Step, advance, ask_again
from fleet.incidents.kinds import IncidentEvent, IncidentSeverity, IncidentType, Responsibility
from fleet.incidents.rules import IncidentRules
from fleet.incidents.store import IncidentStore

LONGEST_REASON: Final = 4_000
NEEDED: Final = {
    IncidentEvent.TRIAGED: Scope.INCIDENTS_ACT,
    IncidentEvent.REFERRED: Scope.INCIDENTS_JUDGE,
    IncidentEvent.DETERMINED: Scope.INCIDENTS_JUDGE,
    IncidentEvent.CLOSED: Scope.INCIDENTS_JUDGE,
    IncidentEvent.REOPENED: Scope.INCIDENTS_JUDGE,
}
"""What a role must hold for each step that people take."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A step and what it says; None leaves a field as it is."""

    event: IncidentEvent
    reason: str
    version: int | None = None
    type: IncidentType | None = None
    severity: IncidentSeverity | None = None
    medical_dispatch: bool | None = None
    report_id: str | None = None
    responsibility: Responsibility | None = None


async def move_incident(
    database: Database,
    principal: Principal,
    incident_id: IncidentId,
    move: Move,
    rules: IncidentRules,
    *,
    at: datetime,
) -> Incident:
    """Return the incident after the step and its commit.

    Raises Invalid without a reason or, when determining, without a responsibility; Forbidden for a role or a
    party that may not; Conflict when it is closed while the scene is held; NotFound outside the reach;
    VersionMismatch; IllegalTransition.
    """
    _check_move(principal, move)
    async with database.write() as tx:
        incident = await IncidentStore(tx).get(incident_id, reach_of(principal))
        _check_party(principal, incident, move)
        if move.version is not None and move.version != incident.version:
            raise VersionMismatch("version-mismatch", incident_id=incident_id, version=incident.version)
        done = await _moved(tx, principal, incident, move, rules, at)
        shown = {"vehicle_no": incident.vehicle_no, "from": incident.state.value, "to": done.state.value}
        about = f"incident:{incident_id}"
        await audit.record(tx, principal, "incident.moved", about, shown, move.reason.strip(), at=at)
    return done


async def _moved(
    tx: Transaction, principal: Principal, incident: Incident, move: Move, rules: IncidentRules, at: datetime
) -> Incident:
    if move.event is IncidentEvent.CLOSED and incident.is_scene_held:
        raise Conflict(
            "conflict", "the scene is still held; release it first", incident_id=incident.incident_id
        )
    step = _step(move.event.value, principal, move.reason, at)
    said = {
        name: value
        for name in ("type", "severity", "medical_dispatch", "report_id")
        if (value := getattr(move, name)) is not None
    }
    if move.event is IncidentEvent.DETERMINED:
        said |= {"responsibility": move.responsibility, "responsibility_note": move.reason.strip()}
    if move.event is IncidentEvent.REOPENED:
        # What is known by now is sealed once more; who answers for it is open again.
        said |= {"responsibility": None, "evidence_wanted": incident.evidence_edition + 1}
    moved = advance(incident, move.event, step, deadlines=rules.deadlines, **said)
    return await IncidentStore(tx).save(incident, moved)


async def ask_evidence(
    database: Database, principal: Principal, incident_id: IncidentId, *, reason: str, at: datetime
) -> Incident:
    """Return the incident with one more edition of its bundle owed: a vehicle sent what was missing."""
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    async with database.write() as tx:
        incident = await IncidentStore(tx).get(incident_id, reach_of(principal))
        asked = ask_again(incident, _step("evidence_asked", principal, reason, at))
        if asked is not incident:
            await IncidentStore(tx).save(incident, asked)
            about = f"incident:{incident_id}"
            await audit.record(tx, principal, "incident.evidence_asked", about, {}, reason.strip(), at=at)
    return asked


def _check_move(principal: Principal, move: Move) -> None:
    needed = NEEDED.get(move.event)
    if needed is None:
        raise Invalid("invalid-input", f"{move.event.value} is no step that a person takes", field="step")
    if not principal.may(needed):
        raise Forbidden(
            "forbidden",
            f"The role {principal.role.value} does not include {needed.value}.",
            scope=needed.value,
            role=principal.role.value,
        )
    if not move.reason.strip() or len(move.reason) > LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    if move.event is IncidentEvent.DETERMINED and move.responsibility is None:
        raise Invalid("invalid-input", "say who answers for it", field="responsibility")


def _check_party(principal: Principal, incident: Incident, move: Move) -> None:
    """Whoever works for the operator of the vehicle does not judge what happened with it."""
    judges = NEEDED[move.event] is Scope.INCIDENTS_JUDGE
    if judges and principal.operator is not None and principal.operator == incident.operator:
        raise Forbidden("forbidden", "the operator of the vehicle does not judge its incidents")


def _step(event: str, principal: Principal, reason: str, at: datetime) -> Step:
    return Step(
        event=event,
        by=StaffId(principal.id),
        by_name=principal.name,
        role=principal.role.value,
        at=at,
        reason=reason.strip(),
    )
