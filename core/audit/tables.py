"""The audit: entries as they were written, what still waits for the sealer, the chain, the signed heads."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Table, Text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(64), nullable=False),
    Column("actor_name", String(128), nullable=False),
    Column("role", String(32), nullable=False),
    Column("agency", String(64)),
    Column("operator", String(64)),
    Column("action", String(64), nullable=False, index=True),
    Column("object", String(160), nullable=False, index=True),
    Column("fields", JsonStruct(dict), nullable=False),
    Column("reason", Text),
)

audit_pending = Table(
    "audit_pending",
    metadata,
    Column("entry_id", String(36), ForeignKey("audit_entries.id"), primary_key=True),
)
"""Entries the sealer has not chained yet, so that finding them costs nothing when there are millions."""

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", String(36), ForeignKey("audit_entries.id"), nullable=False, unique=True),
    Column("entry_hash", LargeBinary(32), nullable=False),
    Column("chain_hash", LargeBinary(32), nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False, index=True),
)
"""The chain. Two sealers cannot fork it: the second finds its next number taken."""

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("chain_hash", LargeBinary(32), nullable=False),
    Column("signed_at", UtcDateTime, nullable=False),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
)
"""The head of the chain at the end of a UTC day, signed with Ed25519 (RFC 8032)."""
