"""What time does to incidents: a deadline that has passed is an alarm until the step is taken.

The alarm goes the way of every alarm that nobody acknowledges; a step that the agency takes is said to its
people at once as well, because alarms are not theirs to watch.
"""

import asyncio
from datetime import datetime
from typing import Final

from core.auth.roles import Role
from core.auth.staff_notices import want_staff_notices
from core.clock import Clock
from core.database import Database, Transaction
from core.repeating import repeat
from fleet.alarms.alarm import Alarm, AlarmCleared, AlarmRaised, dedup_key
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.people import people_for
from fleet.alarms.store import AlarmStore
from fleet.incidents.incident import Incident
from fleet.incidents.kinds import IncidentState
from fleet.incidents.store import IncidentStore
from fleet.names import name_of

OF_THE_AGENCY: Final = frozenset(
    {
        IncidentState.EVIDENCE_SEALED,
        IncidentState.RESPONSIBILITY_PENDING,
        IncidentState.RESPONSIBILITY_DETERMINED,
    }
)
"""States that the agency alone leads out of."""


class IncidentWatch:
    """Raises and clears the alarms of passed deadlines. Two may run: one cause is one alarm."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = 30.0) -> None:
        """Take where incidents are, and the pause between two looks in wall seconds."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`; an outage of the database is waited out."""
        await repeat("incidents", self.look_once, self._every_s, stop)

    async def look_once(self) -> int:
        """Raise what is overdue by now and clear what is not any more; return how many alarms changed."""
        at = self._clock.now()
        async with self._database.read() as tx:
            overdue = {dedup_key(_raised(one)): one for one in await IncidentStore(tx).overdue(at)}
            standing = await AlarmStore(tx).standing_of_kinds([AlarmKind.INCIDENT_OVERDUE])
        said = {alarm.dedup_key for alarm in standing}
        changed = 0
        for key in sorted(overdue.keys() - said):
            async with self._database.write() as tx:
                changed += await self._raise(tx, overdue[key], at)
        gone = [_cleared(alarm, at) for alarm in standing if alarm.dedup_key not in overdue]
        if gone:
            async with self._database.write() as tx:
                changed += await apply_signals(tx, gone)
        return changed

    async def _raise(self, tx: Transaction, incident: Incident, at: datetime) -> int:
        signal = _raised(incident)
        changed = await apply_signals(tx, [signal])
        alarm = (await AlarmStore(tx).standing([dedup_key(signal)])).get(dedup_key(signal))
        if changed and alarm is not None and incident.state in OF_THE_AGENCY:
            await self._tell(tx, incident, alarm, at)
        return changed

    async def _tell(self, tx: Transaction, incident: Incident, alarm: Alarm, at: datetime) -> None:
        people = await people_for(tx, alarm, [Role.AGENCY])
        kind, state = name_of(incident.type), name_of(incident.state)
        await want_staff_notices(
            tx,
            [person.staff_id for person in people],
            subject=f"incident:{incident.incident_id}",
            reason=_deadline(incident),
            zh=f"事件“{kind.zh}”(车辆号 {incident.vehicle_no})在“{state.zh}”状态已超过办理期限。",
            en=f"Past its deadline: {kind.en}, vehicle {incident.vehicle_no}, still {state.en.lower()}.",
            at=at,
            wall=self._clock.wall(),
        )


def _deadline(incident: Incident) -> str:
    """Return what one deadline is known by: the state and when it was to be left."""
    due = 0 if incident.due_at is None else int(incident.due_at.timestamp())
    return f"{incident.state.value}-{due}"


def _raised(incident: Incident) -> AlarmRaised:
    return AlarmRaised(
        vehicle_no=incident.vehicle_no,
        kind=AlarmKind.INCIDENT_OVERDUE,
        cause=f"{incident.incident_id}:{_deadline(incident)}",
        at=incident.due_at or incident.changed_at,
        lat=incident.lat,
        lng=incident.lng,
        details={
            "incident_id": incident.incident_id,
            "state": incident.state.value,
            "due_at": None if incident.due_at is None else incident.due_at.isoformat(),
        },
    )


def _cleared(alarm: Alarm, at: datetime) -> AlarmCleared:
    cause = alarm.dedup_key.split(":", 2)[2]
    return AlarmCleared(vehicle_no=alarm.vehicle_no, kind=alarm.kind, cause=cause, at=at)
