"""A person takes notice of an alarm, says something about it, or passes it on."""

from datetime import datetime
from typing import Final

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Database
from core.errors import Invalid, VersionMismatch
from core.ids import AlarmId, StaffId
from fleet.alarms.alarm import Alarm, AlarmComment, acknowledge
from fleet.alarms.store import AlarmStore
from fleet.alarms.take_alarm import taken

LONGEST_COMMENT: Final = 1_000


async def acknowledge_alarm(
    database: Database,
    principal: Principal,
    alarm_id: AlarmId,
    *,
    comment: str,
    version: int | None,
    at: datetime,
) -> Alarm:
    """Return the acknowledged alarm after the commit.

    Acknowledging again what the same person acknowledged answers the same; raises IllegalTransition when
    somebody else was first, NotFound outside the reach, VersionMismatch when `version` is not the present one
    (None does not ask), Invalid for a comment that is too long.
    """
    check_comment(comment)
    async with database.write() as tx:
        store = AlarmStore(tx)
        alarm = await store.get(alarm_id, reach_of(principal))
        if alarm.acknowledged_by == principal.id and not comment:
            return alarm
        if version is not None and version != alarm.version:
            raise VersionMismatch("version-mismatch", alarm_id=alarm_id, version=alarm.version)
        done = acknowledge(
            alarm, by=StaffId(principal.id), by_name=principal.name, comment=comment.strip(), at=at
        )
        done = taken(done, principal, at=at)
        await store.save(alarm, done)
        await audit.record(
            tx,
            principal,
            "alarm.acknowledged",
            f"alarm:{alarm_id}",
            {"vehicle_no": alarm.vehicle_no, "kind": alarm.kind.value},
            comment.strip() or None,
            at=at,
        )
    return done


async def comment_alarm(
    database: Database, principal: Principal, alarm_id: AlarmId, *, text: str, at: datetime
) -> Alarm:
    """Return the alarm with one more comment after the commit; changes neither flag."""
    check_comment(text)
    if not text.strip():
        raise Invalid("invalid-input", "a comment has words", field="comment")
    async with database.write() as tx:
        store = AlarmStore(tx)
        alarm = await store.get(alarm_id, reach_of(principal))
        said = AlarmComment(by=StaffId(principal.id), by_name=principal.name, at=at, text=text.strip())
        more = msgspec.structs.replace(alarm, comments=(*alarm.comments, said), version=alarm.version + 1)
        await store.save(alarm, more)
        await audit.record(tx, principal, "alarm.commented", f"alarm:{alarm_id}", {}, said.text, at=at)
    return more


def check_comment(text: str) -> None:
    """Raise Invalid for a comment that is too long."""
    if len(text) > LONGEST_COMMENT:
        raise Invalid("invalid-input", "the comment is too long", field="comment", limit=LONGEST_COMMENT)
