"""Facts from vehicles: stored once by (vehicle_no, report_seq), acknowledged after the commit, then handled.

The gateway submits; the scheduler's consumer calls the handlers in per-vehicle order, each report's
effects and its outcome in one transaction.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
    update,
)

from core import metrics
from core.clock import Clock
from core.database import Database, Transaction, metadata
from core.database.types import UtcDateTime
from core.errors import Unavailable
from core.ids import VehicleNo

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("report_seq", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("task_id", String),
    Column("epoch", BigInteger),
    Column("body", LargeBinary, nullable=False),
    Column("measured_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcDateTime),
    Column("outcome", String),
    Column("handled_at", UtcDateTime),
    Column("aside_reason", Text),
    UniqueConstraint("vehicle_no", "report_seq"),
)
unhandled = inbox.c.outcome.is_(None)
Index("ix_inbox_unhandled", inbox.c.id, sqlite_where=unhandled, postgresql_where=unhandled)

GROUP_MOST = 500
"""Reports in one commit: 9 values each stay far under SQLite's 32,766 and PostgreSQL's 32,767 parameters."""
WAITING_MOST = 20_000
"""Reports that may wait for their commit; more are refused, so that memory stays bounded."""

type Stored = Literal["stored", "duplicate"]


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """One report. `body` is JSON; `task_id` and `epoch` are None for a report that belongs to no task."""

    vehicle_no: VehicleNo
    report_seq: int
    kind: str
    task_id: str | None
    epoch: int | None
    body: bytes
    measured_at: datetime
    received_at: datetime


_GIVEN: Final = {name: inbox.c[name].type for name in InboxItem.__struct_fields__}
_PARTS: Final = (64, 16, 4, 1)
"""Rows of one statement: so few different ones that each is compiled once."""


@cache
def _insert_new(count: int) -> TextClause:
    """Return the statement that stores ``count`` reports (values: ``{column}_{row}``) and tells the new ones.

    In words that both dialects know: their ``on_conflict_do_nothing`` is compiled anew at each call.
    """
    rows = ", ".join(f"({', '.join(f':{name}_{k}' for name in _GIVEN)})" for k in range(count))
    head = f"{insert(inbox).compile(column_keys=list(_GIVEN))}".partition("VALUES")[0]
    return text(f"{head} VALUES {rows} ON CONFLICT DO NOTHING RETURNING vehicle_no, report_seq").bindparams(
        *(bindparam(f"{name}_{k}", type_=kind) for k in range(count) for name, kind in _GIVEN.items())
    )


def _parts(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    at = 0
    for size in _PARTS:
        while len(rows) - at >= size:
            yield rows[at : at + size]
            at += size


async def handle_again(
    tx: Transaction, vehicle_no: VehicleNo, outcome: str, *, concerns: Callable[[bytes], bool], newest: int
) -> int:
    """Have the consumer handle reports once more that came before what they are about; return how many.

    Of the ``newest`` reports of a vehicle those with an outcome whose body ``concerns`` picks.
    """
    query = select(inbox.c.id, inbox.c.outcome, inbox.c.body).where(inbox.c.vehicle_no == vehicle_no)
    found = await tx.execute(query.order_by(inbox.c.report_seq.desc()).limit(newest))
    early = [row.id for row in found if row.outcome == outcome and concerns(row.body)]
    if early:
        await tx.execute(update(inbox).where(inbox.c.id.in_(early)).values(outcome=None, handled_at=None))
    return len(early)


class _Waiting(msgspec.Struct):
    item: InboxItem
    answer: asyncio.Future[Stored]


class InboxWriter:
    """Stores reports of many links in one commit at a time.

    While a commit is under way the next group gathers, so an idle writer answers at once and a busy one
    commits hundreds together. One per process; submit() and run() belong to one event loop.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take where to store, and the clock that commits are timed with."""
        self._database = database
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._closed = False

    async def submit(self, item: InboxItem) -> Stored:
        """Return after the commit that holds the report: "stored", or "duplicate" when it was there before.

        Raises Unavailable when the database is away or too many wait; the vehicle sends it again.
        """
        if self._closed:
            raise Unavailable("shutting-down", retry_after_s=1)
        if len(self._waiting) >= WAITING_MOST:
            raise Unavailable("database-busy", "Too many reports wait to be stored", retry_after_s=1)
        answer: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item, answer))
        self._arrived.set()
        return await answer

    async def run(self, stop: asyncio.Event) -> None:
        """Commit what arrives until `stop`, then what still waits."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                arrived = asyncio.ensure_future(self._arrived.wait())
                await asyncio.wait({arrived, stopping}, return_when=asyncio.FIRST_COMPLETED)
                arrived.cancel()
                await self._commit_group()
            self._closed = True
            while self._waiting:
                await self._commit_group()
        finally:
            self._closed = True
            stopping.cancel()
            self._refuse(self._waiting, Unavailable("shutting-down", retry_after_s=1))

    async def _commit_group(self) -> None:
        group, self._waiting = self._waiting[:GROUP_MOST], self._waiting[GROUP_MOST:]
        if not self._waiting:
            self._arrived.clear()
        group = [waiting for waiting in group if not waiting.answer.done()]
        if not group:
            return
        began_s = self._clock.monotonic_s()
        try:
            new = await self._store([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001 - every submitter gets its own answer
            self._refuse(group, error)
            return
        except BaseException:
            self._refuse(group, Unavailable("shutting-down", retry_after_s=1))
            raise
        metrics.INBOX_COMMIT_SECONDS.observe(self._clock.monotonic_s() - began_s)
        self._answer(group, new)

    async def _store(self, items: list[InboxItem]) -> set[tuple[int, int]]:
        rows: dict[tuple[int, int], dict[str, Any]] = {}
        for item in items:
            rows.setdefault((item.vehicle_no, item.report_seq), msgspec.structs.asdict(item))
        stored: set[tuple[int, int]] = set()
        async with self._database.write() as tx:
            for part in _parts(list(rows.values())):
                values = {f"{name}_{k}": value for k, row in enumerate(part) for name, value in row.items()}
                found = await tx.execute(_insert_new(len(part)), values)
                stored.update((row.vehicle_no, row.report_seq) for row in found)
        return stored

    def _answer(self, group: list[_Waiting], new: set[tuple[int, int]]) -> None:
        for waiting in group:
            name = (waiting.item.vehicle_no, waiting.item.report_seq)
            result: Stored = "stored" if name in new else "duplicate"
            new.discard(name)
            metrics.INBOX_STORED.labels(result=result).inc()
            if not waiting.answer.done():
                waiting.answer.set_result(result)

    @staticmethod
    def _refuse(group: list[_Waiting], error: Exception) -> None:
        for waiting in group:
            if not waiting.answer.done():
                waiting.answer.set_exception(error)
