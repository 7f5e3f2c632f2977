"""The same request with the same key gives the same answer; the key with another body is refused.

once() and save() run in the transaction of the business change, so key and change are one.
"""

import hashlib
from datetime import datetime

import msgspec
from sqlalchemy import Column, ColumnElement, Integer, LargeBinary, String, Table, delete, select, update

from core.database import Transaction, insert_new, metadata
from core.database.types import UtcDateTime
from core.errors import Conflict

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("principal_key", String, primary_key=True),
    Column("idempotency_key", String, primary_key=True),
    Column("body_hash", String, nullable=False),
    Column("status", Integer),
    Column("body", LargeBinary),
    Column("location", String),
    Column("at", UtcDateTime, nullable=False, index=True),
)

MAX_KEY_CHARS = 128


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the first request was answered. `body` is the encoded JSON."""

    status: int
    body: bytes
    location: str | None = None


def body_hash(method: str, path: str, body: bytes) -> str:
    """Return what distinguishes one request from another under the same key (SHA-256, hex)."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


async def once(
    tx: Transaction, principal_key: str, idempotency_key: str, request_hash: str, *, at: datetime
) -> StoredAnswer | None:
    """Return None when this is the first request with the key, else the answer that was given.

    A twin in flight on PostgreSQL is waited for by the unique index; on SQLite there is one writer. Raises
    Conflict("idempotency-key-reused") when the key came with another body.
    """
    first = {
        "principal_key": principal_key,
        "idempotency_key": idempotency_key,
        "body_hash": request_hash,
        "at": at,
    }
    if await insert_new(tx, idempotency_keys, first):
        return None
    return await known_answer(tx, principal_key, idempotency_key, request_hash)


async def known_answer(
    tx: Transaction, principal_key: str, idempotency_key: str, request_hash: str
) -> StoredAnswer | None:
    """Return what the key was answered before, None when it is new; writes nothing.

    For looking before slow work that the answer would spare; once() decides. Raises as once() does.
    """
    query = select(idempotency_keys).where(*_is(principal_key, idempotency_key))
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        return None
    if row.body_hash != request_hash:
        raise Conflict("idempotency-key-reused", idempotency_key=idempotency_key)
    if row.status is None:
        raise Conflict("request-in-progress", idempotency_key=idempotency_key)
    return StoredAnswer(status=row.status, body=row.body, location=row.location)


async def save(tx: Transaction, principal_key: str, idempotency_key: str, answer: StoredAnswer) -> None:
    """Keep the answer beside its key, in the transaction in which once() returned None."""
    await tx.execute(
        update(idempotency_keys)
        .where(*_is(principal_key, idempotency_key))
        .values(status=answer.status, body=answer.body, location=answer.location)
    )


async def forget(tx: Transaction, *, before: datetime) -> int:
    """Delete the keys of requests older than `before`; return how many."""
    return int((await tx.execute(delete(idempotency_keys).where(idempotency_keys.c.at < before))).rowcount)


def _is(principal_key: str, idempotency_key: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        idempotency_keys.c.principal_key == principal_key,
        idempotency_keys.c.idempotency_key == idempotency_key,
    )
