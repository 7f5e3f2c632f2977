"""What was told long ago is forgotten: deliveries to webhooks and notices to staff, each class at its age."""

import asyncio
from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import ColumnElement, Table, delete, select

from core.auth.staff_notices import staff_notices
from core.clock import Clock
from core.database import Database
from core.repeating import repeat
from core.settings.tree import NoticeSettings, WebhookSettings
from fleet.webhooks.tables import webhook_deliveries
from fleet.webhooks.webhook import DeliveryStatus

GROUP: Final = 2_000
"""Rows of one transaction: SQLite's only writer is held for some 20 ms."""

_log = structlog.get_logger("fleet.webhooks")


class Ages(msgspec.Struct, frozen=True, kw_only=True):
    """How old what was told may become, in city time since the fact."""

    delivered: timedelta
    undelivered: timedelta
    """What failed, and what waits for an address that is switched off."""
    notices: timedelta


def ages_of(webhooks: WebhookSettings, notices: NoticeSettings) -> Ages:
    """Return what the settings say."""
    return Ages(
        delivered=timedelta(days=webhooks.keep_delivered_days),
        undelivered=timedelta(days=webhooks.keep_undelivered_days),
        notices=timedelta(days=notices.keep_days),
    )


class ToldKeeper:
    """Forgets once an hour, in small transactions. Two may run: they delete the same rows."""

    def __init__(self, database: Database, clock: Clock, ages: Ages, *, every_s: float = 3600.0) -> None:
        """Take the store, the ages and how many wall seconds lie between two passes."""
        self._database = database
        self._clock = clock
        self._ages = ages
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Forget until `stop`; an outage of the database is waited out."""
        await repeat("told", self.forget_once, self._every_s, stop)

    async def forget_once(self) -> dict[str, int]:
        """Delete what is too old; return how many rows went, by class. Notices that are due still stay."""
        now, delivery, notice = self._clock.now(), webhook_deliveries.c, staff_notices.c
        is_delivered = delivery.status == DeliveryStatus.DELIVERED.value
        too_old = {
            "delivered": (
                webhook_deliveries,
                is_delivered & (delivery.at < now - self._ages.delivered),
            ),
            "undelivered": (
                webhook_deliveries,
                ~is_delivered & (delivery.at < now - self._ages.undelivered),
            ),
            "notices": (
                staff_notices,
                notice.due_at.is_(None) & (notice.at < now - self._ages.notices),
            ),
        }
        went = {name: await self._delete(table, where) for name, (table, where) in too_old.items()}
        if any(went.values()):
            _log.info("told_forgotten", **went)
        return went

    async def _delete(self, table: Table, where: ColumnElement[bool]) -> int:
        """Delete in groups, so that nobody waits long for the writer."""
        [key] = table.primary_key.columns
        went = 0
        while True:
            chosen: Any = select(key).where(where).limit(GROUP)
            async with self._database.write() as tx:
                gone = (await tx.execute(delete(table).where(key.in_(chosen)))).rowcount
            went += gone
            if gone < GROUP:
                return went
