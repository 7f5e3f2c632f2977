"""Calls the handlers of stored reports, in per-vehicle order, exactly once in effect.

A report's effects and its outcome are one savepoint of one transaction. A report that keeps failing is
set aside with its reason; until then it holds back the later reports of its own vehicle and of no other.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import Row, select, update

from core import metrics
from core.clock import Clock
from core.crashpoints import reach
from core.database import Database, Transaction
from core.database.failures import translate
from core.errors import Forbidden, IllegalTransition, Invalid, NotFound, Unavailable
from core.ids import VehicleNo
from core.inbox import InboxItem, inbox, unhandled

GROUP_MOST = 64
"""Reports handled in one transaction: one commit for many, yet the write lock is not held for long."""
MAX_TRIES = 6
BACKOFF_FIRST_S = 0.2
NO_HANDLER = "no-handler"
ASIDE = "set-aside"
FINAL_REFUSALS = (IllegalTransition, Invalid, NotFound, Forbidden)
"""A rule said no: trying again changes nothing. The outcome is the code; the handler's effects are undone."""

_log = structlog.get_logger("core.inbox")


class ReportHandler(Protocol):
    """Applies a report to the facts."""

    async def __call__(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Apply and return the outcome in a word ("applied", "old-epoch", "unknown-task" …).

        Runs in a savepoint: raise and nothing of it stays. Unavailable and a lost connection are tried again
        without end; FINAL_REFUSALS at once become the outcome; any other error is tried a few times,
        then the report is set aside.
        """
        ...


class InboxConsumer:
    """Works through the inbox. Two may run: a report is claimed by compare-and-set with its effects."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, ReportHandler],
        clock: Clock,
        *,
        poll_s: float = 0.05,
    ) -> None:
        """Take the handler of each kind of report; a kind without one gets the outcome "no-handler"."""
        self._database = database
        self._handlers = handlers
        self._clock = clock
        self._poll_s = poll_s
        self._outage = False

    async def run(self, stop: asyncio.Event) -> None:
        """Handle reports until `stop`; lives through outages of the database."""
        while not stop.is_set():
            pause_s = self._poll_s
            try:
                if await self.consume_once() == GROUP_MOST:
                    pause_s = 0.0
                self._outage_is(False)
            except Unavailable as error:
                self._outage_is(True, error.code)
                pause_s = 0.5
            try:
                await asyncio.wait_for(stop.wait(), pause_s)
            except TimeoutError:
                continue

    async def consume_once(self) -> int:
        """Handle one group of due reports; return how many were looked at."""
        rows = await self._due()
        if not rows:
            return 0
        failed: dict[int, tuple[Row[Any], str]] = {}
        outcomes: list[tuple[str, str]] = []
        async with self._database.write() as tx:
            blocked: set[int] = set()
            for row in rows:
                if row.vehicle_no in blocked:
                    continue
                try:
                    outcome = await self._apply(tx, row)
                except FINAL_REFUSALS as error:
                    await self._note(tx, row, outcome=error.code, reason=str(error))
                    outcomes.append((row.kind, error.code))
                    continue
                except Exception as error:
                    if isinstance(error, Unavailable) or isinstance(translate(error), Unavailable):
                        raise
                    blocked.add(row.vehicle_no)
                    failed[row.id] = (row, f"{type(error).__name__}: {error}")
                    _log.error(
                        "report_failed", kind=row.kind, row=row.id, tries=row.tries + 1, exc_info=error
                    )
                    continue
                if outcome is not None:
                    outcomes.append((row.kind, outcome))
            for row, reason in failed.values():
                await self._note_failure(tx, row, reason)
            reach("before_ack")
        for kind, outcome in outcomes:
            metrics.INBOX_HANDLED.labels(kind=kind, outcome=outcome).inc()
        return len(rows)

    async def _due(self) -> list[Row[Any]]:
        held = select(inbox.c.vehicle_no).where(unhandled, inbox.c.due_at > self._clock.wall())
        query = (
            select(inbox)
            .where(unhandled, inbox.c.vehicle_no.not_in(held))
            .order_by(inbox.c.id)
            .limit(GROUP_MOST)
        )
        async with self._database.read() as tx:
            rows = (await tx.execute(query)).all()
        first: dict[int, int] = {}
        for row in rows:
            first.setdefault(row.vehicle_no, row.id)
        return sorted(rows, key=lambda row: (first[row.vehicle_no], row.report_seq))

    async def _apply(self, tx: Transaction, row: Row[Any]) -> str | None:
        """Claim the report and apply it; None when another consumer did."""
        handler = self._handlers.get(row.kind)
        async with tx.begin_nested():
            claimed = await tx.execute(
                update(inbox)
                .where(inbox.c.id == row.id, unhandled)
                .values(outcome=NO_HANDLER, handled_at=self._clock.now())
            )
            if claimed.rowcount != 1:
                return None
            if handler is None:
                return NO_HANDLER
            outcome = await handler(tx, _item(row), at=self._clock.now())
            await tx.execute(update(inbox).where(inbox.c.id == row.id).values(outcome=outcome))
            return outcome

    async def _note_failure(self, tx: Transaction, row: Row[Any], reason: str) -> None:
        tries = row.tries + 1
        if tries >= MAX_TRIES:
            metrics.INBOX_ASIDE.labels(kind=row.kind).inc()
            await self._note(tx, row, outcome=ASIDE, reason=reason, tries=tries)
            return
        due_at = self._clock.wall() + timedelta(seconds=BACKOFF_FIRST_S * 2**tries)
        await self._note(tx, row, outcome=None, reason=reason, tries=tries, due_at=due_at)

    async def _note(
        self, tx: Transaction, row: Row[Any], *, outcome: str | None, reason: str, **values: object
    ) -> None:
        handled_at = None if outcome is None else self._clock.now()
        await tx.execute(
            update(inbox)
            .where(inbox.c.id == row.id, unhandled)
            .values(outcome=outcome, handled_at=handled_at, aside_reason=reason[:500], **values)
        )

    def _outage_is(self, now: bool, code: str = "") -> None:
        if now and not self._outage:
            _log.warning("inbox_outage_begins", code=code)
        if not now and self._outage:
            _log.info("inbox_outage_ends")
        self._outage = now


def _item(row: Row[Any]) -> InboxItem:
    return InboxItem(
        vehicle_no=VehicleNo(row.vehicle_no),
        report_seq=row.report_seq,
        kind=row.kind,
        task_id=row.task_id,
        epoch=row.epoch,
        body=row.body,
        measured_at=row.measured_at,
        received_at=row.received_at,
    )
