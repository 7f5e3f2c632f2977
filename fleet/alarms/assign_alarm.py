"""A person takes an alarm, or gives it to somebody who may act on it."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.staff_notices import want_staff_notices
from core.database import Database
from core.errors import VersionMismatch
from core.ids import AlarmId, StaffId
from fleet.alarms.alarm import Alarm, assign
from fleet.alarms.kinds import ALARM_TERMINAL
from fleet.alarms.people import person_to_act
from fleet.alarms.store import AlarmStore
from fleet.alarms.take_alarm import taken
from fleet.names import name_of


async def assign_alarm(
    database: Database,
    principal: Principal,
    alarm_id: AlarmId,
    *,
    assignee: StaffId | None,
    version: int | None,
    at: datetime,
    wall: datetime,
) -> Alarm:
    """Return the alarm given to somebody (None: to the caller) after the commit; he is told once.

    Who takes what is his already (a watcher owns alarms from the start) says that he is at it now.

    Raises NotFound outside the reach, Invalid for somebody who may not act on it, VersionMismatch when
    `version` is not the present one, IllegalTransition when it is closed.
    """
    async with database.write() as tx:
        store = AlarmStore(tx)
        alarm = await store.get(alarm_id, reach_of(principal))
        to = await person_to_act(tx, alarm, assignee or StaffId(principal.id))
        is_own = to.staff_id == principal.id
        takes_on = is_own and taken(alarm, principal, at=at) is not alarm
        if alarm.assignee == to.staff_id and (not takes_on or alarm.state in ALARM_TERMINAL):
            return alarm
        if version is not None and version != alarm.version:
            raise VersionMismatch("version-mismatch", alarm_id=alarm_id, version=alarm.version)
        assigned = assign(alarm, to)
        given = await store.save(alarm, taken(assigned, principal, at=at) if is_own else assigned)
        if not is_own:
            kind = name_of(alarm.kind)
            await want_staff_notices(
                tx,
                [to.staff_id],
                subject=f"alarm:{alarm_id}",
                reason=f"assigned-{given.version}",
                zh=f"告警“{kind.zh}”交给您处理,车辆号 {alarm.vehicle_no}。",
                en=f"You were given an alarm: {kind.en}, vehicle {alarm.vehicle_no}.",
                at=at,
                wall=wall,
            )
        shown = {"vehicle_no": alarm.vehicle_no, "to": to.staff_id, "from": alarm.assignee}
        await audit.record(tx, principal, "alarm.assigned", f"alarm:{alarm_id}", shown, at=at)
    return given
