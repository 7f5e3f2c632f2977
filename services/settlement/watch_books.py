"""The scheduled check of the books: an alarm of the platform while anything is wrong."""

import asyncio
from datetime import datetime
from typing import Final

import msgspec

from core.clock import Clock
from core.database import Database, Transaction
from core.ids import AlarmId, DistrictCode, OperatorId, new_id
from core.repeating import repeat
from fleet.alarms.alarm import NO_VEHICLE, AlarmRaised, clear, raise_alarm
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.store import AlarmStore
from services.settlement.check_books import BooksReport, check_books

EVERY_S: Final = 900.0
"""Wall seconds between two checks: one reads the whole ledger in a snapshot."""
KEY: Final = "platform:books_unbalanced"


class BooksWatch:
    """Checks the books now and then. Two may run: the alarm is one, by its key."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = EVERY_S) -> None:
        """Take where the ledger is and the pause between two checks in wall seconds."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def check_once(self) -> bool:
        """Check, raise or clear; return whether the books balance. Raises Unavailable."""
        async with self._database.read() as tx:
            report = await check_books(tx)
            stands = bool(await AlarmStore(tx).standing([KEY]))
        if report.is_balanced == stands:
            async with self._database.write() as tx:
                await _say(tx, report, at=self._clock.now())
        return report.is_balanced

    async def run(self, stop: asyncio.Event) -> None:
        """Check until `stop`; an outage of the database is waited out."""
        await repeat("books", self.check_once, self._every_s, stop)


async def _say(tx: Transaction, report: BooksReport, *, at: datetime) -> None:
    store = AlarmStore(tx)
    standing = (await store.standing([KEY])).get(KEY)
    if report.is_balanced:
        if standing is not None:
            await store.save(standing, clear(standing, at=max(at, standing.raised_at)))
        return
    if standing is not None:
        return
    first = report.findings[0]
    signal = AlarmRaised(
        vehicle_no=NO_VEHICLE,
        kind=AlarmKind.BOOKS_UNBALANCED,
        at=at,
        details={
            "findings": len(report.findings),
            "first_rule": first.rule,
            "first_about": first.about,
            "first_detail": first.detail,
        },
    )
    alarm = raise_alarm(
        signal, alarm_id=AlarmId(new_id()), district=DistrictCode(""), operator=OperatorId("")
    )
    await store.add(msgspec.structs.replace(alarm, dedup_key=KEY))
