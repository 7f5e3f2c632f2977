"""The verifier: reads the whole audit and says what was changed, removed, moved or left unsealed."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Row, func, select

from core.audit.chain import GENESIS, chain_hash, entry_hash, is_signed_by
from core.audit.sealing import entry_of
from core.audit.tables import audit_entries, audit_heads, audit_seals
from core.database import Transaction

_PAGE = 1000
TAIL_S = 60
"""An entry that waits longer for its seal means that no sealer runs, or that somebody keeps it from one."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is not as it was sealed."""

    kind: str
    """entry-changed, entry-missing, chain-broken, number-missing, head-missing-seal, head-changed,
    head-signature, tail-too-old."""
    seq: int | None
    detail: str


class AuditReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the verifier saw."""

    entries: int
    sealed: int
    unsealed: int
    """Entries behind the last seal: normal for a second or two."""
    oldest_unsealed_at: datetime | None
    heads: int
    last_seq: int
    last_chain_hash: str
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Return whether nothing was found."""
        return not self.findings


async def verify(
    tx: Transaction, *, at: datetime, public_key: bytes | None = None, most: int = 100
) -> AuditReport:
    """Return a report on the audit as one snapshot shows it; at most `most` findings are listed.

    `at` is city time, as the entries'. With `public_key` (32 bytes, kept elsewhere) heads must be signed by
    it; without, by the key each names, which proves less. Reads everything.
    """
    findings: list[Finding] = []
    heads = {row.seq: row for row in (await tx.execute(select(audit_heads))).all()}
    previous, last_seq, sealed = GENESIS, 0, 0
    async for row in _seals(tx):
        sealed += 1
        if row.seq != last_seq + 1:
            _find(findings, "number-missing", row.seq, f"after {last_seq} comes {row.seq}")
        _check_entry(findings, row)
        if chain_hash(previous, row.seq, row.entry_hash) != row.chain_hash:
            _find(findings, "chain-broken", row.seq, "the chain does not lead here")
        previous, last_seq = row.chain_hash, row.seq
        head = heads.pop(row.seq, None)
        if head is not None:
            _check_head(findings, head, row.chain_hash, public_key)
    for seq, head in sorted(heads.items()):
        _find(findings, "head-missing-seal", seq, f"the head of {head.day} signs a number that is gone")
    entries = (await tx.execute(select(func.count()).select_from(audit_entries))).scalar_one()
    oldest, unsealed = await _tail(tx)
    if oldest is not None and (at - oldest).total_seconds() > TAIL_S:
        _find(findings, "tail-too-old", None, f"an entry of {oldest.isoformat()} has no seal")
    heads_count = (await tx.execute(select(func.count()).select_from(audit_heads))).scalar_one()
    return AuditReport(
        entries=entries,
        sealed=sealed,
        unsealed=unsealed,
        oldest_unsealed_at=oldest,
        heads=heads_count,
        last_seq=last_seq,
        last_chain_hash=previous.hex(),
        findings=tuple(findings[:most]),
    )


async def _seals(tx: Transaction) -> AsyncIterator[Row[Any]]:
    seq = 0
    joined = audit_seals.outerjoin(audit_entries, audit_entries.c.id == audit_seals.c.entry_id)
    columns = (audit_seals.c.seq, audit_seals.c.entry_id, audit_seals.c.entry_hash, audit_seals.c.chain_hash)
    while True:
        query = (
            select(*columns, audit_entries)
            .select_from(joined)
            .where(audit_seals.c.seq > seq)
            .order_by(audit_seals.c.seq)
            .limit(_PAGE)
        )
        rows = (await tx.execute(query)).all()
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        seq = rows[-1].seq


def _check_entry(findings: list[Finding], row: Row[Any]) -> None:
    if row.id is None:
        _find(findings, "entry-missing", row.seq, f"entry {row.entry_id} was removed")
    elif entry_hash(entry_of(row)) != row.entry_hash:
        _find(findings, "entry-changed", row.seq, f"entry {row.entry_id} is not what was sealed")


def _check_head(findings: list[Finding], head: Row[Any], chain: bytes, public_key: bytes | None) -> None:
    if head.chain_hash != chain:
        _find(findings, "head-changed", head.seq, f"the head of {head.day} is another than the chain's")
    if not is_signed_by(public_key or head.public_key, head.signature, head.day, head.seq, head.chain_hash):
        _find(findings, "head-signature", head.seq, f"the head of {head.day} is not signed by the key")


async def _tail(tx: Transaction) -> tuple[datetime | None, int]:
    # Not by audit_pending: whoever hides an entry from the sealer would empty that table first.
    unsealed = ~select(audit_seals.c.seq).where(audit_seals.c.entry_id == audit_entries.c.id).exists()
    row = (await tx.execute(select(func.min(audit_entries.c.at), func.count()).where(unsealed))).one()
    return row[0], row[1]


def _find(findings: list[Finding], kind: str, seq: int | None, detail: str) -> None:
    findings.append(Finding(kind=kind, seq=seq, detail=detail))


def as_json(report: AuditReport) -> bytes:
    """Return the report as JSON with `holds`, for machines."""
    return msgspec.json.encode({**msgspec.to_builtins(report), "holds": report.holds})
