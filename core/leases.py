"""Exclusive work by a row in SQL with an epoch: whoever acts for a lease shows its epoch.

A lease is wall time and may be lost to a clock jump or a stalled process; the epoch, which only grows, is
what keeps a late holder harmless. Exclusivity never hangs on a Redis time to live (reliability.md).
"""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import BigInteger, Column, String, Table, or_, select, update

from core.clock import Clock
from core.database import Database, Transaction, insert_new, metadata
from core.database.types import UtcDateTime
from core.errors import Conflict, Unavailable

leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)


class HeldLease(msgspec.Struct, frozen=True, kw_only=True):
    """Who held a lease last, with which epoch, until when."""

    name: str
    holder: str
    epoch: int
    expires_at: datetime


async def acquire(tx: Transaction, name: str, holder: str, *, at: datetime, ttl_s: float) -> int | None:
    """Take a lease that is free, run out or the holder's own; return its new epoch, None when it is held.

    The epoch is one more than ever before, also when a holder takes its own lease again after a restart.
    """
    expires_at = at + timedelta(seconds=ttl_s)
    taken = await tx.execute(
        update(leases)
        .where(leases.c.name == name, or_(leases.c.expires_at <= at, leases.c.holder == holder))
        .values(holder=holder, epoch=leases.c.epoch + 1, expires_at=expires_at)
        .returning(leases.c.epoch)
    )
    row = taken.one_or_none()
    if row is not None:
        return int(row.epoch)
    first = {"name": name, "holder": holder, "epoch": 1, "expires_at": expires_at}
    return 1 if await insert_new(tx, leases, first) else None


async def renew(tx: Transaction, name: str, holder: str, epoch: int, *, at: datetime, ttl_s: float) -> bool:
    """Keep a lease that is still ours; False when another epoch has taken over."""
    kept = await tx.execute(
        update(leases)
        .where(leases.c.name == name, leases.c.holder == holder, leases.c.epoch == epoch)
        .values(expires_at=at + timedelta(seconds=ttl_s))
    )
    return kept.rowcount == 1


async def release(tx: Transaction, name: str, holder: str, epoch: int, *, at: datetime) -> bool:
    """Let a lease run out now, so that the next one need not wait; False when it was not ours any more."""
    return await renew(tx, name, holder, epoch, at=at, ttl_s=0)


async def current(tx: Transaction, name: str) -> HeldLease | None:
    """Return the last holder of a lease, None when nobody ever had it."""
    row = (await tx.execute(select(leases).where(leases.c.name == name))).one_or_none()
    if row is None:
        return None
    return HeldLease(name=row.name, holder=row.holder, epoch=row.epoch, expires_at=row.expires_at)


async def fence(tx: Transaction, name: str, epoch: int) -> None:
    """Refuse a write of a late holder: raise Conflict("superseded") unless `epoch` is the present one."""
    held = await current(tx, name)
    if held is None or held.epoch != epoch:
        raise Conflict("superseded", lease=name, epoch=epoch, present=held.epoch if held else None)


class Lease:
    """One holder's view of a lease, which it keeps by calling held() before each piece of work."""

    def __init__(self, database: Database, name: str, holder: str, clock: Clock, ttl_s: float = 6.0) -> None:
        """Take the lease's name, a name of this process that no other has, and how long it lasts."""
        self._database = database
        self._name = name
        self._holder = holder
        self._clock = clock
        self._ttl_s = ttl_s
        self._epoch: int | None = None
        self._asked_s = float("-inf")

    @property
    def epoch(self) -> int | None:
        """Return the epoch held at the last look, None when the lease is somebody else's."""
        return self._epoch

    async def held(self) -> int | None:
        """Return our epoch, or None while another holder has the lease. Touches SQL every third of its life.

        Raises Unavailable when the database does not answer and the lease may have run out meanwhile.
        """
        now_s = self._clock.monotonic_s()
        since_s = now_s - self._asked_s
        if since_s < self._ttl_s / 3:
            return self._epoch
        try:
            epoch = await self._ask()
        except Unavailable:
            if self._epoch is not None and since_s < self._ttl_s:
                return self._epoch
            self._epoch = None
            raise
        self._epoch, self._asked_s = epoch, now_s
        return epoch

    async def _ask(self) -> int | None:
        at = self._clock.wall()
        async with self._database.write() as tx:
            if self._epoch is not None and await renew(
                tx, self._name, self._holder, self._epoch, at=at, ttl_s=self._ttl_s
            ):
                return self._epoch
            return await acquire(tx, self._name, self._holder, at=at, ttl_s=self._ttl_s)

    async def give_back(self) -> None:
        """Release the lease when it is ours; a database that is away is not waited for."""
        if self._epoch is None:
            return
        epoch, self._epoch = self._epoch, None
        try:
            async with self._database.write() as tx:
                await release(tx, self._name, self._holder, epoch, at=self._clock.wall())
        except Unavailable:
            return
