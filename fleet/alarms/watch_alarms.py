"""What time does to alarms that nobody acknowledged: they go higher, once, whoever looks."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from core import audit
from core.auth.principal import EVERYTHING
from core.auth.staff_notices import want_staff_notices
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import VersionMismatch
from core.repeating import repeat
from fleet.alarms.alarm import Alarm
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.escalation import ROLE_OF, Patience, due_level, escalate
from fleet.alarms.kinds import AlarmKind, Severity
from fleet.alarms.people import people_for
from fleet.alarms.store import AlarmStore
from fleet.alarms.takeovers import takeover_signals
from fleet.names import name_of
from fleet.vehicles.last_heard import LastHeardReader


class AlarmWatch:
    """Escalates, and follows takeover requests; two may run, the compare-and-set lets one win."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        last_heard: LastHeardReader,
        patience: Mapping[Severity, Patience],
        *,
        unanswered_after: timedelta,
        every_s: float = 5.0,
    ) -> None:
        """Take the stores, how long each severity may wait (city time), and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._last_heard = last_heard
        self._patience = patience
        self._unanswered_after = unanswered_after
        self._every_s = every_s

    async def escalate_once(self) -> int:
        """Move every alarm that waited too long; return how many were moved by us."""
        at = self._clock.now()
        async with self._database.read() as tx:
            waiting = await AlarmStore(tx).below_top()
        due = [alarm for alarm in waiting if due_level(alarm, self._patience, at) is not alarm.level]
        return sum([await self._escalate(alarm, at) for alarm in due])

    async def follow_takeovers(self) -> int:
        """Clear takeover requests that are over and raise those that nobody answers; return what changed."""
        at = self._clock.now()
        async with self._database.read() as tx:
            requests = await AlarmStore(tx).standing_of_kinds([AlarmKind.TAKEOVER_REQUESTED])
        if not requests:
            return 0
        heard = await self._last_heard.last_heard({alarm.vehicle_no for alarm in requests})
        signals = takeover_signals(requests, heard, unanswered_after=self._unanswered_after, at=at)
        async with self._database.write() as tx:
            return await apply_signals(tx, signals)

    async def look_once(self) -> None:
        """Do both."""
        await self.follow_takeovers()
        await self.escalate_once()

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop`, through outages."""
        await repeat("alarms", self.look_once, self._every_s, stop)

    async def _escalate(self, alarm: Alarm, at: datetime) -> bool:
        try:
            async with self._database.write() as tx:
                now = await AlarmStore(tx).get(alarm.alarm_id, EVERYTHING)
                level = due_level(now, self._patience, at)
                if level is now.level:
                    return False
                moved = await AlarmStore(tx).save(now, escalate(now, level))
                await self._tell(tx, moved, at)
        except VersionMismatch:
            return False
        return True

    async def _tell(self, tx: Transaction, alarm: Alarm, at: datetime) -> None:
        people = await people_for(tx, alarm, [ROLE_OF[alarm.level]])
        kind, level = name_of(alarm.kind), name_of(alarm.level)
        minutes = round((at - alarm.raised_at).total_seconds() / 60)
        told = await want_staff_notices(
            tx,
            [person.staff_id for person in people],
            subject=f"alarm:{alarm.alarm_id}",
            reason=alarm.level.value,
            zh=f"告警“{kind.zh}”已 {minutes} 分钟无人确认({level.zh}),车辆号 {alarm.vehicle_no}。",
            en=f"Nobody acknowledged for {minutes} min: {kind.en}, vehicle {alarm.vehicle_no}. {level.en}.",
            at=at,
            wall=self._clock.wall(),
        )
        shown = {"level": alarm.level.value, "told": told}
        await audit.record(tx, None, "alarm.escalated", f"alarm:{alarm.alarm_id}", shown, at=at)
