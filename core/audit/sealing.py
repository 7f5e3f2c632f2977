"""The sealer: one at a time chains committed entries every second and signs the head of each ended day."""

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

import structlog
from msgspec import Struct
from sqlalchemy import Row, delete, insert, select

from core import leases, outbox
from core.audit.chain import GENESIS, Entry, HeadSigner, chain_hash, entry_hash
from core.audit.tables import audit_entries, audit_heads, audit_pending, audit_seals
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import SteppeError
from core.ids import new_id

_log = structlog.get_logger("core.audit.sealing")

HEAD_TOPIC = "audit.head"
"""Outbox topic of a signed head, for the route that takes it out of the operator's hands."""
LEASE = "audit-sealer"
LEASE_S = 10.0
PASS_S = 1.0
BATCH = 500
"""Entries chained in one transaction: it holds SQLite's only writer for some 20 ms."""


class Sealed(Struct, frozen=True, kw_only=True):
    """What one pass did."""

    entries: int
    heads: int


class AuditSealer:
    """Chains entries. Two may run: the lease chooses one, and the chain's numbers refuse a late second."""

    def __init__(self, database: Database, clock: Clock, signer: HeadSigner) -> None:
        self._database = database
        self._clock = clock
        self._signer = signer
        self._lease = leases.Lease(database, LEASE, f"sealer-{os.getpid()}-{new_id()}", clock, LEASE_S)
        self._is_failing = False

    async def run(self, stop: asyncio.Event) -> None:
        """Seal every second until `stop`, then once more so that a clean stop leaves no tail."""
        while not stop.is_set():
            await self._pass()
            try:
                async with asyncio.timeout(PASS_S):
                    await stop.wait()
            except TimeoutError:
                continue
        await self._pass()
        await self._lease.give_back()

    async def seal(self) -> Sealed:
        """Chain everything that is committed and pending; do nothing while another sealer holds the lease."""
        epoch = await self._lease.held()
        entries = heads = 0
        while epoch is not None and await self._has_work():
            async with self._database.write() as tx:
                await leases.fence(tx, LEASE, epoch)
                heads += await self._sign_ended_day(tx)
                done = await _chain(tx, self._clock.wall())
            entries += done
            if done < BATCH:
                break
        return Sealed(entries=entries, heads=heads)

    async def _has_work(self) -> bool:
        """Look without writing: an idle city must not pay a synced write every second."""
        async with self._database.read() as tx:
            pending = await tx.execute(select(audit_pending.c.entry_id).limit(1))
            return pending.one_or_none() is not None or await self._unsigned_day(tx) is not None

    async def _unsigned_day(self, tx: Transaction) -> tuple[str, Row[Any]] | None:
        """Return the ended day whose newest seal has no head yet, and that seal; None when all have."""
        last = await _last_seal(tx)
        if last is None:
            return None
        day = _utc_day(last.sealed_at)
        if day >= _utc_day(self._clock.wall()):
            return None
        signed = await tx.execute(select(audit_heads.c.day).where(audit_heads.c.day == day))
        return None if signed.one_or_none() else (day, last)

    async def _sign_ended_day(self, tx: Transaction) -> int:
        found = await self._unsigned_day(tx)
        if found is None:
            return 0
        day, last = found
        signature = self._signer.sign(day, last.seq, last.chain_hash)
        await tx.execute(
            insert(audit_heads).values(
                day=day,
                seq=last.seq,
                chain_hash=last.chain_hash,
                signed_at=self._clock.wall(),
                public_key=self._signer.public_key,
                signature=signature,
            )
        )
        # The relay sends it to an address that the operator does not control.
        payload = {
            "day": day,
            "seq": last.seq,
            "chainHash": last.chain_hash.hex(),
            "publicKey": self._signer.public_key.hex(),
            "signature": signature.hex(),
        }
        await outbox.emit(tx, HEAD_TOPIC, payload, key="audit-head", at=self._clock.now())
        return 1

    async def _pass(self) -> None:
        try:
            await self.seal()
        except SteppeError as error:
            if not self._is_failing:
                self._is_failing = True
                _log.warning("audit_sealing_stopped", code=error.code)
            return
        if self._is_failing:
            self._is_failing = False
            _log.info("audit_sealing_goes_on")


async def _chain(tx: Transaction, at: datetime) -> int:
    query = (
        select(audit_entries)
        .join(audit_pending, audit_pending.c.entry_id == audit_entries.c.id)
        .order_by(audit_entries.c.id)
        .limit(BATCH)
    )
    rows = (await tx.execute(query)).all()
    if not rows:
        return 0
    last = await _last_seal(tx)
    seq, chain = (last.seq, last.chain_hash) if last is not None else (0, GENESIS)
    seals: list[dict[str, Any]] = []
    for row in rows:
        seq += 1
        hashed = entry_hash(entry_of(row))
        chain = chain_hash(chain, seq, hashed)
        seals.append(
            {"seq": seq, "entry_id": row.id, "entry_hash": hashed, "chain_hash": chain, "sealed_at": at}
        )
    await tx.execute(insert(audit_seals), seals)
    await tx.execute(delete(audit_pending).where(audit_pending.c.entry_id.in_([row.id for row in rows])))
    return len(rows)


def _utc_day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


async def _last_seal(tx: Transaction) -> Row[Any] | None:
    return (await tx.execute(select(audit_seals).order_by(audit_seals.c.seq.desc()).limit(1))).one_or_none()


def entry_of(row: Row[Any]) -> Entry:
    """Return the entry of a row of audit_entries."""
    return Entry(**{name: getattr(row, name) for name in Entry.__struct_fields__})
