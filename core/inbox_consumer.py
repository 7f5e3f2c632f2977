"""Calls the handlers of stored reports, in per-vehicle order, exactly once in effect.

A group of reports is one transaction: their effects and their outcomes. When one of them is refused or fails,
nothing of that stays and the group is handled again with a savepoint a report, so that it costs nobody else.
A report that keeps failing is set aside with its reason; until then it holds back the later reports of its
own vehicle and of no other.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import Row, bindparam, select, update

from core import metrics
from core.clock import Clock
from core.crashpoints import reach
from core.database import Database, Transaction
from core.database.failures import translate
from core.database.kept import keep_rows
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

_CLAIM = (
    update(inbox)
    .where(inbox.c.id.in_(bindparam("ids", expanding=True)), unhandled)
    .values(outcome=NO_HANDLER, handled_at=bindparam("now"))
    .returning(inbox.c.id)
)
_OUTCOME = update(inbox).where(inbox.c.id == bindparam("row")).values(outcome=bindparam("said"))

_log = structlog.get_logger("core.inbox")


class ReportHandler(Protocol):
    """Applies a report to the facts."""

    async def __call__(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Apply and return the outcome in a word ("applied", "old-epoch", "unknown-task" …).

        Raise and nothing of it stays; it may be called again for the same report. Unavailable and a lost
        connection are tried again without end; FINAL_REFUSALS at once become the outcome; any other error is
        tried a few times, then the report is set aside.
        """
        ...


class ReadAhead(Protocol):
    """Reads what the handlers of several reports will ask for into what their transaction keeps."""

    async def __call__(self, tx: Transaction, items: Sequence[InboxItem], /) -> None:
        """Read; write nothing. Raises only what a store raises."""
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
        read_ahead: ReadAhead | None = None,
    ) -> None:
        """Take the handler of each kind of report; a kind without one gets the outcome "no-handler".

        ``read_ahead`` reads what the handlers of a group will ask for, all of it at once.
        """
        self._database = database
        self._handlers = handlers
        self._clock = clock
        self._poll_s = poll_s
        self._read_ahead = read_ahead
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
        try:
            outcomes = await self._together(rows)
        except Exception as error:
            if _is_outage(error):
                raise
            outcomes = await self._one_by_one(rows)
        for kind, outcome in outcomes:
            metrics.INBOX_HANDLED.labels(kind=kind, outcome=outcome).inc()
        return len(rows)

    async def _together(self, rows: Sequence[Row[Any]]) -> list[tuple[str, str]]:
        """Claim and apply a group; return kind and outcome of each. Raises whatever a handler raises."""
        async with self._database.write() as tx:
            claim = {"ids": [row.id for row in rows], "now": self._clock.now()}
            claimed = set((await tx.execute(_CLAIM, claim)).scalars())
            ours = [row for row in rows if row.id in claimed]
            keep_rows(tx)
            if self._read_ahead is not None:
                await self._read_ahead(tx, [_item(row) for row in ours])
            said = [(row, await self._handle(tx, row)) for row in ours]
            told = [{"row": row.id, "said": outcome} for row, outcome in said if outcome != NO_HANDLER]
            if told:
                await tx.execute(_OUTCOME, told)
            reach("before_ack")
        return [(row.kind, outcome) for row, outcome in said]

    async def _one_by_one(self, rows: Sequence[Row[Any]]) -> list[tuple[str, str]]:
        """Do so with a savepoint a report; one that is refused or fails costs its own vehicle only."""
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
                    if _is_outage(error):
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
        return outcomes

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
        """Claim one report and apply it; None when another consumer did."""
        async with tx.begin_nested():
            claimed = await tx.execute(_CLAIM, {"ids": [row.id], "now": self._clock.now()})
            if claimed.scalar() is None:
                return None
            outcome = await self._handle(tx, row)
            await tx.execute(_OUTCOME, {"row": row.id, "said": outcome})
            return outcome

    async def _handle(self, tx: Transaction, row: Row[Any]) -> str:
        handler = self._handlers.get(row.kind)
        return NO_HANDLER if handler is None else await handler(tx, _item(row), at=self._clock.now())

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


def _is_outage(error: Exception) -> bool:
    return isinstance(error, Unavailable) or isinstance(translate(error), Unavailable)


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
