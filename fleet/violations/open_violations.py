"""A cause that breaks a rule opens a violation by itself, and its going away closes the interval."""

from datetime import datetime, timedelta
from typing import Final

from core.database import Transaction
from core.ids import ViolationId, new_id
from fleet.alarms.alarm import Alarm
from fleet.alarms.store import AlarmStore
from fleet.vehicles.paper_store import PaperStore
from fleet.violations.kinds import OF_ALARM
from fleet.violations.store import ViolationStore
from fleet.violations.violation import end, open_violation, widened

MERGE_WITHIN: Final = timedelta(seconds=30)


async def follow_alarm(
    tx: Transaction, alarm: Alarm, *, at: datetime, merge: timedelta = MERGE_WITHIN
) -> None:
    """Bring the violation of a cause to what the alarm says; safe to repeat, whatever came before.

    One that breaks the rule of the same fence again within ``merge`` widens the violation that nobody has
    judged yet, and so does one of before that became known late. A cause whose last crossing lay within the
    accuracy of a border (``border_uncertain``) opens none.
    """
    if alarm.kind not in OF_ALARM:
        return
    store = ViolationStore(tx)
    known = await store.of_alarm(alarm.alarm_id)
    if known is None:
        await _open(tx, store, alarm, at, merge)
    elif known.ended_at is None and alarm.cleared_at is not None:
        await store.save(known, end(known, at=alarm.cleared_at), at=at)


async def _open(tx: Transaction, store: ViolationStore, alarm: Alarm, at: datetime, merge: timedelta) -> None:
    fence_id = alarm.details.get("fence_id")
    if isinstance(fence_id, str) and await store.is_border_uncertain(
        alarm.vehicle_no, fence_id, alarm.raised_at
    ):
        return
    near = await store.near(alarm, merge)
    if near is not None:
        stands = await AlarmStore(tx).standing([alarm.dedup_key])
        wider = widened(near, alarm, is_over=not stands)
        if wider is not near:
            await store.save(near, wider, at=at)
        return
    permit_no = await _permit_in_force(tx, alarm)
    await store.add(open_violation(alarm, violation_id=ViolationId(new_id()), permit_no=permit_no, at=at))


async def _permit_in_force(tx: Transaction, alarm: Alarm) -> str | None:
    permits = (await PaperStore(tx).permits_of([alarm.vehicle_no])).get(alarm.vehicle_no, ())
    in_force = [permit for permit in permits if permit.valid_from <= alarm.raised_at < permit.valid_to]
    return in_force[0].permit_no if in_force else None
