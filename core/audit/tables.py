"""The audit: entries as they were written, what still waits for the sealer, the chain, the signed heads."""

from sqlalchemy import DDL, BigInteger, Column, ForeignKey, LargeBinary, String, Table, Text, event

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


_FUNCTION = (
    "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN RAISE EXCEPTION 'the audit is append-only'; END$$"
)


def append_only(table: str, dialect: str) -> tuple[str, ...]:
    """Return the statements that make the database itself refuse to change a table; safe to repeat.

    They stop mistakes and whoever holds only the application's password. Against those who may drop a trigger
    stand the chain and its signed heads.
    """
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        )
    return (
        _FUNCTION,
        f"CREATE OR REPLACE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()",
    )


KEPT = (audit_entries, audit_seals, audit_heads)
"""Tables whose rows are never changed; a migration runs append_only for each."""

for _table in KEPT:
    for _dialect in ("sqlite", "postgresql"):
        for _statement in append_only(_table.name, _dialect):
            refusal = DDL(_statement)  # type: ignore[no-untyped-call]
            event.listen(_table, "after_create", refusal.execute_if(dialect=_dialect))
