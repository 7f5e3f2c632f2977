"""A person answers an alarm with one of the answers that its kind allows."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Database
from core.errors import VersionMismatch
from core.ids import AlarmId, StaffId
from fleet.alarms.acknowledge_alarm import check_comment
from fleet.alarms.advice import NOT_ACKNOWLEDGING, AlarmAnswer
from fleet.alarms.alarm import Alarm, Person, answer
from fleet.alarms.store import AlarmStore
from fleet.alarms.take_alarm import taken


async def answer_alarm(
    database: Database,
    principal: Principal,
    alarm_id: AlarmId,
    *,
    given: AlarmAnswer,
    comment: str,
    version: int | None,
    at: datetime,
) -> Alarm:
    """Return the answered alarm after the commit; the same answer of the same person changes nothing.

    Raises NotFound outside the reach, Invalid for an answer that the kind does not allow or a comment that
    is too long, VersionMismatch when `version` is not the present one, IllegalTransition when it is closed.
    """
    check_comment(comment)
    async with database.write() as tx:
        store = AlarmStore(tx)
        alarm = await store.get(alarm_id, reach_of(principal))
        last = alarm.comments[-1] if alarm.comments else None
        if last is not None and (last.by, last.answer, last.text) == (principal.id, given, comment.strip()):
            return alarm
        if version is not None and version != alarm.version:
            raise VersionMismatch("version-mismatch", alarm_id=alarm_id, version=alarm.version)
        by = Person(staff_id=StaffId(principal.id), name=principal.name)
        done = answer(alarm, given, by=by, text=comment.strip(), at=at)
        if given in NOT_ACKNOWLEDGING:
            done = taken(done, principal, at=at)
        await store.save(alarm, done)
        shown = {"vehicle_no": alarm.vehicle_no, "kind": alarm.kind.value, "answer": given.value}
        reason = comment.strip() or None
        await audit.record(tx, principal, "alarm.answered", f"alarm:{alarm_id}", shown, reason, at=at)
    return done
