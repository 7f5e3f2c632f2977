"""What follows from an alarm besides somebody acting on it: violations and incidents are opened.

A row is written with the alarm, in its transaction, for every kind that something follows from. It is
deleted in the transaction of what follows, so that nothing is lost and nothing happens twice, wherever a
process dies and however many of them work.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog
from sqlalchemy import delete, select

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import NotFound, SteppeError, Unavailable
from core.ids import AlarmId
from core.repeating import repeat
from fleet.alarms.alarm import Alarm
from fleet.alarms.store import AlarmStore
from fleet.alarms.tables import alarm_follow_ups

GROUP: Final = 100
"""Follow-ups of one transaction: it holds SQLite's only writer for some 50 ms."""

_log = structlog.get_logger("fleet.alarms.follow_up")


class Follower(Protocol):
    """What follows from an alarm of some kinds."""

    async def __call__(self, tx: Transaction, alarm: Alarm, *, at: datetime) -> None:
        """Bring what follows to what the alarm says now; safe to repeat, silent for other kinds."""
        ...


class AlarmFollowUp:
    """Works off what alarms left to be done. Two may run: a row is done by whoever deletes it."""

    def __init__(
        self, database: Database, clock: Clock, followers: Sequence[Follower], *, every_s: float = 1.0
    ) -> None:
        """Take what follows, in its order, and how often to look, in wall seconds."""
        self._database = database
        self._clock = clock
        self._followers = followers
        self._every_s = every_s
        self._failing: set[tuple[str, str]] = set()

    async def work_once(self) -> int:
        """Do what is due; return how many follow-ups were done."""
        done = 0
        while due := await self._due():
            try:
                done += await self._do(due)
            except Unavailable:
                raise
            except (SteppeError, ValueError, LookupError):
                # one of them cannot be done: it must not keep the others waiting
                done += await self._one_by_one(due)
            if len(due) < GROUP:
                break
        return done

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; an outage of the database is waited out."""
        await repeat("alarm-follow-up", self.work_once, self._every_s, stop)

    async def _due(self) -> list[tuple[str, str]]:
        columns = (alarm_follow_ups.c.alarm_id, alarm_follow_ups.c.step)
        query = select(*columns).order_by(*columns).limit(GROUP + len(self._failing))
        async with self._database.read() as tx:
            found = [(row.alarm_id, row.step) for row in await tx.execute(query)]
        return [key for key in found if key not in self._failing][:GROUP]

    async def _do(self, due: Sequence[tuple[str, str]]) -> int:
        at = self._clock.now()
        done = 0
        async with self._database.write() as tx:
            for alarm_id, step in due:
                # Deleted before the alarm is read: a step that commits later writes a row of its own.
                gone = await tx.execute(
                    delete(alarm_follow_ups).where(
                        alarm_follow_ups.c.alarm_id == alarm_id, alarm_follow_ups.c.step == step
                    )
                )
                if gone.rowcount:
                    await self._follow(tx, AlarmId(alarm_id), at)
                    done += 1
        return done

    async def _follow(self, tx: Transaction, alarm_id: AlarmId, at: datetime) -> None:
        try:
            alarm = await AlarmStore(tx).get(alarm_id, EVERYTHING)
        except NotFound:
            return
        for follower in self._followers:
            await follower(tx, alarm, at=at)

    async def _one_by_one(self, due: Sequence[tuple[str, str]]) -> int:
        done = 0
        for key in due:
            try:
                done += await self._do([key])
            except Unavailable:
                raise
            except (SteppeError, ValueError, LookupError) as error:
                self._failing.add(key)
                _log.exception("alarm_follow_up_failed", alarm_id=key[0], step=key[1], reason=str(error))
        return done
