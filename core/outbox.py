"""What a committed fact sets in motion: rows written with the fact, carried on by the relay.

At-least-once and roughly in order: rows of one key keep their order, a route may see a row twice. A route
therefore wakes somebody up or publishes an id; it never decides anything.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from core import metrics
from core.clock import Clock
from core.crashpoints import reach
from core.database import Database, Transaction, metadata
from core.database.kept import append
from core.database.types import JsonStruct, UtcDateTime
from core.errors import Unavailable
from core.leases import Lease
from core.redis import REDIS_DOWN, is_outage

type Payload = Mapping[str, Any]

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("topic", String, nullable=False),
    Column("key", String, nullable=False),
    Column("payload", JsonStruct(dict[str, Any]), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("aside_reason", Text),
)
_waiting = (outbox.c.sent_at.is_(None)) & (outbox.c.aside_reason.is_(None))
Index("ix_outbox_waiting", outbox.c.id, sqlite_where=_waiting, postgresql_where=_waiting)
Index("ix_outbox_sent_at", outbox.c.sent_at)

MAX_TRIES = 12
"""Tries before a row is set aside: with the back-off about five minutes of a failing route."""
BACKOFF_FIRST_S, BACKOFF_MOST_S = 0.2, 60.0
LEASE_S = 3.0
"""How long the relay of a killed process keeps the next one waiting."""
KEEP_SENT_S = 3600.0
"""Sent rows are kept this long for whoever looks into an incident, then deleted."""

_INSERT = insert(outbox)

_log = structlog.get_logger("core.outbox")


class OutboxMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One row on its way."""

    id: int
    topic: str
    key: str
    payload: dict[str, Any]
    at: datetime
    tries: int


type Route = Callable[[OutboxMessage], Awaitable[None]]


async def emit(tx: Transaction, topic: str, payload: Payload, *, key: str, at: datetime) -> None:
    """Write a row that the relay will carry to the route of `topic` after this transaction commits.

    Rows with the same `key` are carried in the order they were written. `at` is city time.
    """
    await append(tx, _INSERT, {"topic": topic, "payload": dict(payload), "key": key, "at": at})


class Relay:
    """Carries outbox rows to their routes; one relay of a city is at work at a time (SQL lease)."""

    def __init__(
        self,
        database: Database,
        routes: Mapping[str, Route],
        clock: Clock,
        *,
        holder: str,
        batch: int = 200,
        poll_s: float = 0.05,
    ) -> None:
        """Take what each topic does, and a name of this process for the lease.

        A row of a topic without a route waits: another version of the scheduler may know it.
        """
        self._database = database
        self._routes = routes
        self._clock = clock
        self._batch = batch
        self._poll_s = poll_s
        self._lease = Lease(database, "relay", holder, clock, LEASE_S)
        self._outage = False
        self._pruned_s = clock.monotonic_s()

    async def run(self, stop: asyncio.Event) -> None:
        """Carry rows until `stop`; lives through outages of the database and of Redis."""
        try:
            while not stop.is_set():
                pause_s = await self._turn()
                await _pause(stop, pause_s)
        finally:
            await self._lease.give_back()

    async def _turn(self) -> float:
        try:
            if await self._lease.held() is None:
                return 1.0
            carried = await self.carry_once()
            await self._prune_now_and_then()
        except Unavailable as error:
            self._outage_is(True, error.code)
            return 0.5
        return 0.0 if carried == self._batch else self._poll_s

    async def carry_once(self) -> int:
        """Carry what is due, at most one batch; return how many rows were sent.

        Raises Unavailable when a route met an outage: the rest waits untouched.
        """
        messages = await self._due()
        if not messages:
            self._outage_is(False)
            return 0
        sent: list[int] = []
        failed: list[tuple[OutboxMessage, str]] = []
        blocked: set[str] = set()
        outage: Exception | None = None
        for message in messages:
            if message.key in blocked:
                continue
            reach("before_enqueue")
            try:
                await self._routes[message.topic](message)
            except Exception as error:  # noqa: BLE001 - one bad row must not stop the others
                if is_outage(error):
                    outage = error
                    break
                blocked.add(message.key)
                failed.append((message, f"{type(error).__name__}: {error}"))
                _log.error("outbox_route_failed", topic=message.topic, row=message.id, exc_info=error)
                continue
            sent.append(message.id)
            metrics.OUTBOX_CARRIED.labels(topic=message.topic).inc()
        reach("after_enqueue")
        await self._record(sent, failed)
        if outage is not None:
            raise Unavailable(f"{_code_of(outage)}", str(outage)) from outage
        self._outage_is(False)
        return len(sent)

    async def _due(self) -> Sequence[OutboxMessage]:
        # a row that waits for its next try holds back the later rows of its key
        now = self._clock.wall()
        held = select(outbox.c.key).where(_waiting, outbox.c.due_at > now)
        query = (
            select(outbox)
            .where(_waiting, outbox.c.topic.in_(list(self._routes)), outbox.c.key.not_in(held))
            .order_by(outbox.c.id)
            .limit(self._batch)
        )
        async with self._database.read() as tx:
            rows = (await tx.execute(query)).all()
        return [
            OutboxMessage(id=r.id, topic=r.topic, key=r.key, payload=r.payload, at=r.at, tries=r.tries)
            for r in rows
        ]

    async def _record(self, sent: list[int], failed: list[tuple[OutboxMessage, str]]) -> None:
        if not sent and not failed:
            return
        now = self._clock.wall()
        async with self._database.write() as tx:
            if sent:
                await tx.execute(update(outbox).where(outbox.c.id.in_(sent)).values(sent_at=now))
            for message, reason in failed:
                tries = message.tries + 1
                wait_s = min(BACKOFF_FIRST_S * 2**tries, BACKOFF_MOST_S)
                values: dict[str, Any] = {"tries": tries, "due_at": now + timedelta(seconds=wait_s)}
                if tries >= MAX_TRIES:
                    values["aside_reason"] = reason[:500]
                    metrics.OUTBOX_ASIDE.labels(topic=message.topic).inc()
                await tx.execute(update(outbox).where(outbox.c.id == message.id).values(**values))

    async def _prune_now_and_then(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._pruned_s < 60:
            return
        self._pruned_s = now_s
        old = self._clock.wall() - timedelta(seconds=KEEP_SENT_S)
        async with self._database.write() as tx:
            await tx.execute(delete(outbox).where(outbox.c.sent_at < old))
        async with self._database.read() as tx:
            waiting = await tx.execute(select(func.count()).select_from(outbox).where(_waiting))
        metrics.OUTBOX_WAITING.set(waiting.scalar_one())

    def _outage_is(self, now: bool, code: str = "") -> None:
        if now and not self._outage:
            _log.warning("outbox_outage_begins", code=code)
        if not now and self._outage:
            _log.info("outbox_outage_ends")
        self._outage = now


def _code_of(error: Exception) -> str:
    if isinstance(error, Unavailable):
        return error.code
    return "redis-unavailable" if isinstance(error, REDIS_DOWN) else "unavailable"


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
