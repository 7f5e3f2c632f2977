"""An incident is opened: by a cause that is one by itself, or by a person, also days later.

Whatever it needs is written in the one transaction: the incident, the legal hold on its history, the word to
the vehicle to keep its recordings, the scene hold. What takes time (the sealing) follows from the row.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.clock import ms_of_moment
from core.database import Database, Transaction
from core.errors import Invalid, NotFound
from core.ids import IncidentId, StaffId, VehicleNo, new_id
from fleet.alarms.alarm import Alarm
from fleet.commands.queue_command import Wish, queue_command
from fleet.history.holds.hold import Hold
from fleet.history.holds.store import HoldStore
from fleet.incidents.hold_scene import set_scene_hold
from fleet.incidents.incident import SYSTEM, Incident, Step, join_cause
from fleet.incidents.kinds import (
    HOLDS_SCENE,
    OF_ALARM,
    IncidentSeverity,
    IncidentState,
    IncidentType,
)
from fleet.incidents.rules import IncidentRules
from fleet.incidents.store import IncidentStore
from fleet.links.wire.commands import CommandKind, PreserveRecording
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle

JOINS_WITHIN: Final = timedelta(seconds=120)
"""Causes of one vehicle this near to each other are one event: it brakes, hits something and tips over."""
LONGEST_TEXT: Final = 4_000
OLDEST: Final = timedelta(days=366)
"""How long ago something may have happened that is reported now."""


class NewIncident(msgspec.Struct, frozen=True, kw_only=True):
    """What a person reports."""

    vehicle_no: VehicleNo
    type: IncidentType
    happened_at: datetime
    description: str
    severity: IncidentSeverity | None = None
    medical_dispatch: bool = False
    report_id: str = ""
    lat: float | None = None
    lng: float | None = None
    hold_scene: bool = False


async def report_incident(
    database: Database,
    principal: Principal,
    new: NewIncident,
    rules: IncidentRules,
    *,
    at: datetime,
) -> Incident:
    """Return the incident after its commit.

    Raises Invalid without words, for a time to come or longer than a year ago, NotFound for a vehicle outside
    the reach.
    """
    check_report(new, at=at)
    async with database.write() as tx:
        return await open_reported(tx, principal, new, rules, at=at)


def check_report(new: NewIncident, *, at: datetime) -> None:
    """Raise Invalid naming the field when a report makes no sense."""
    if not new.description.strip() or len(new.description) > LONGEST_TEXT:
        raise Invalid("invalid-input", "say what happened", field="description", limit=LONGEST_TEXT)
    if new.happened_at.tzinfo is None:
        raise Invalid("invalid-input", "a moment has a time zone", field="happenedAt", limit="RFC 3339")
    if new.happened_at > at:
        raise Invalid("time-out-of-range", "this has not happened yet", field="happenedAt")
    if new.happened_at < at - OLDEST:
        raise Invalid("time-out-of-range", "this is too long ago", field="happenedAt", limit_days=OLDEST.days)


async def open_reported(
    tx: Transaction,
    principal: Principal,
    new: NewIncident,
    rules: IncidentRules,
    *,
    at: datetime,
) -> Incident:
    """Open a checked report in a transaction that somebody else commits."""
    vehicle = await VehicleStore(tx).get(new.vehicle_no, reach_of(principal))
    step = Step(
        event="incident_reported",
        by=StaffId(principal.id),
        by_name=principal.name,
        role=principal.role.value,
        at=at,
        reason=new.description.strip()[:500],
    )
    incident = _incident(vehicle, new, rules, step)
    opened = await _open(tx, incident, rules, at=at)
    if new.hold_scene:
        held = msgspec.structs.replace(step, event="scene_held")
        opened = await set_scene_hold(tx, opened, held, held=True)
    shown = {
        "vehicle_no": vehicle.vehicle_no,
        "type": new.type.value,
        "happened_at": new.happened_at.isoformat(),
        "scene_held": new.hold_scene,
    }
    about = f"incident:{opened.incident_id}"
    await audit.record(tx, principal, "incident.opened", about, shown, step.reason, at=at)
    return opened


class IncidentFollower:
    """Opens incidents from alarms; plugged into the follow-up of alarms. Safe to repeat."""

    def __init__(self, rules: IncidentRules) -> None:
        """Take what the city has set."""
        self._rules = rules

    async def __call__(self, tx: Transaction, alarm: Alarm, *, at: datetime) -> None:
        """Open an incident for a cause that is one by itself, or join it to the one it belongs to."""
        if alarm.kind not in OF_ALARM or await IncidentStore(tx).has_cause(alarm.alarm_id):
            return
        try:
            vehicle = await VehicleStore(tx).get(alarm.vehicle_no, EVERYTHING)
        except NotFound:
            return
        near = await IncidentStore(tx).near(alarm.vehicle_no, alarm.raised_at, JOINS_WITHIN)
        if near is not None:
            incident = await self._join(tx, near, alarm, at)
        else:
            incident = await self._open(tx, vehicle, alarm, at)
        await IncidentStore(tx).add_cause(alarm.alarm_id, incident.incident_id)

    async def _open(self, tx: Transaction, vehicle: Vehicle, alarm: Alarm, at: datetime) -> Incident:
        new = NewIncident(
            vehicle_no=alarm.vehicle_no,
            type=OF_ALARM[alarm.kind],
            happened_at=alarm.raised_at,
            description="",
            lat=alarm.lat,
            lng=alarm.lng,
        )
        step = _by_itself("incident_reported", alarm, at)
        incident = _incident(vehicle, new, self._rules, step)
        opened = await _open(tx, incident, self._rules, at=at)
        shown = {"vehicle_no": vehicle.vehicle_no, "type": new.type.value, "alarm_id": alarm.alarm_id}
        await audit.record(tx, None, "incident.opened", f"incident:{opened.incident_id}", shown, at=at)
        return await self._held(tx, opened, alarm, at)

    async def _join(self, tx: Transaction, near: Incident, alarm: Alarm, at: datetime) -> Incident:
        step = _by_itself("cause_joined", alarm, at)
        joined = join_cause(
            near,
            OF_ALARM[alarm.kind],
            happened_at=alarm.raised_at,
            window=self._rules.window,
            step=step,
        )
        is_wider = (joined.window_from, joined.window_to) != (near.window_from, near.window_to)
        if is_wider:
            await HoldStore(tx).widen(_legal_hold(joined, self._rules, at))
            joined = await _keep_recordings(tx, joined, at=at)
        saved = await IncidentStore(tx).save(near, joined)
        return await self._held(tx, saved, alarm, at)

    async def _held(self, tx: Transaction, incident: Incident, alarm: Alarm, at: datetime) -> Incident:
        if OF_ALARM[alarm.kind] not in HOLDS_SCENE or incident.is_scene_held:
            return incident
        return await set_scene_hold(tx, incident, _by_itself("scene_held", alarm, at), held=True)


async def keep_recordings_again(tx: Transaction, incident: Incident, *, at: datetime) -> Incident:
    """Tell the vehicle once more, because the first time it could not be reached."""
    return await IncidentStore(tx).save(incident, await _keep_recordings(tx, incident, at=at))


async def _open(tx: Transaction, incident: Incident, rules: IncidentRules, *, at: datetime) -> Incident:
    """Write the incident and everything that must stand with it."""
    asked = await _keep_recordings(tx, incident, at=at)
    opened = msgspec.structs.replace(asked, version=1)
    await IncidentStore(tx).add(opened)
    await HoldStore(tx).place(_legal_hold(opened, rules, at))
    return opened


async def _keep_recordings(tx: Transaction, incident: Incident, *, at: datetime) -> Incident:
    body = PreserveRecording(
        incident_id=incident.incident_id,
        from_ms=ms_of_moment(incident.window_from),
        to_ms=ms_of_moment(incident.window_to),
    )
    wish = Wish(
        vehicle_no=incident.vehicle_no,
        kind=CommandKind.PRESERVE_RECORDING,
        body=body,
        reason=f"incident {incident.type.value}",
    )
    # an hour to live: far above the least that a city at 60× needs
    command = await queue_command(tx, wish, at=at, rate=1.0)
    return msgspec.structs.replace(
        incident, recording_command=command.command_id, version=incident.version + 1, changed_at=at
    )


def _incident(vehicle: Vehicle, new: NewIncident, rules: IncidentRules, step: Step) -> Incident:
    return Incident(
        incident_id=IncidentId(new_id()),
        vehicle_no=vehicle.vehicle_no,
        type=new.type,
        district=vehicle.district,
        operator=vehicle.operator,
        happened_at=new.happened_at,
        discovered_at=step.at,
        window_from=new.happened_at - rules.window.before,
        window_to=new.happened_at + rules.window.after,
        severity=new.severity,
        medical_dispatch=new.medical_dispatch,
        description=new.description.strip(),
        report_id=new.report_id.strip(),
        lat=new.lat,
        lng=new.lng,
        opened_by=step.by,
        opened_by_name=step.by_name,
        due_at=step.at + rules.deadlines[IncidentState.REPORTED],
        steps=(step,),
        changed_at=step.at,
    )


def _legal_hold(incident: Incident, rules: IncidentRules, at: datetime) -> Hold:
    about = f"incident:{incident.incident_id}"
    return Hold(
        hold_id=about,
        vehicle_no=incident.vehicle_no,
        from_at=incident.window_from,
        to_at=incident.window_to,
        reason=f"incident {incident.type.value}",
        about=about,
        until=at + rules.keep,
        placed_at=at,
        placed_by=incident.opened_by,
    )


def _by_itself(event: str, alarm: Alarm, at: datetime) -> Step:
    return Step(event=event, by=SYSTEM, by_name="", role=SYSTEM, at=at, reason=f"alarm {alarm.kind.value}")
