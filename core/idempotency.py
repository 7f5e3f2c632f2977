"""The same request with the same key gives the same answer; the key with another body is refused.

once() and save() run in the transaction of the business change, so key and change are one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    bindparam,
    delete,
    select,
    tuple_,
    update,
)

from core.database import Transaction, metadata
from core.database.statements import insert_new_keys
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


type Asked = tuple[str, str, str]
"""(principal_key, idempotency_key, request_hash)."""
type Said = StoredAnswer | Conflict | None
"""What a request was answered before: None when its key is new."""


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
    [said] = await once_each(tx, [(principal_key, idempotency_key, request_hash)], at=at)
    return _or_raise(said)


async def once_each(tx: Transaction, asked: Sequence[Asked], *, at: datetime) -> list[Said]:
    """Do so for several requests of different keys, in order; a Conflict is what ``once`` raises."""
    rows = [
        {"principal_key": who, "idempotency_key": key, "body_hash": request_hash, "at": at}
        for who, key, request_hash in sorted(asked)  # two processes wait for each other's keys in one order
    ]
    new = await insert_new_keys(tx, idempotency_keys, rows)
    known = iter(await known_answers(tx, [each for each in asked if each[:2] not in new]))
    return [None if each[:2] in new else next(known) for each in asked]


async def known_answer(
    tx: Transaction, principal_key: str, idempotency_key: str, request_hash: str
) -> StoredAnswer | None:
    """Return what the key was answered before, None when it is new; writes nothing.

    For looking before slow work that the answer would spare; once() decides. Raises as once() does.
    """
    [said] = await known_answers(tx, [(principal_key, idempotency_key, request_hash)])
    return _or_raise(said)


async def known_answers(tx: Transaction, asked: Sequence[Asked]) -> list[Said]:
    """Do so for several requests, in order, also of one key; a Conflict is what ``known_answer`` raises."""
    if not asked:
        return []
    k = idempotency_keys.c
    is_asked = tuple_(k.principal_key, k.idempotency_key).in_(sorted({each[:2] for each in asked}))
    rows = await tx.execute(select(idempotency_keys).where(is_asked))
    by_key = {(row.principal_key, row.idempotency_key): row for row in rows}
    return [_said(by_key.get(each[:2]), each[2]) for each in asked]


def _said(row: Row[Any] | None, request_hash: str) -> Said:
    if row is None:
        return None
    if row.body_hash != request_hash:
        return Conflict("idempotency-key-reused", idempotency_key=row.idempotency_key)
    if row.status is None:
        return Conflict("request-in-progress", idempotency_key=row.idempotency_key)
    return StoredAnswer(status=row.status, body=row.body, location=row.location)


def _or_raise(said: Said) -> StoredAnswer | None:
    if isinstance(said, Conflict):
        raise said
    return said


async def save(tx: Transaction, principal_key: str, idempotency_key: str, answer: StoredAnswer) -> None:
    """Keep the answer beside its key, in the transaction in which once() returned None."""
    await save_each(tx, {(principal_key, idempotency_key): answer})


async def save_each(tx: Transaction, answers: Mapping[tuple[str, str], StoredAnswer]) -> None:
    """Do so with several, by (principal, key)."""
    if not answers:
        return
    k = idempotency_keys.c
    one = update(idempotency_keys).where(
        k.principal_key == bindparam("who"), k.idempotency_key == bindparam("name")
    )
    await tx.execute(
        one.values(status=bindparam("said"), body=bindparam("told"), location=bindparam("lies_at")),
        [
            {"who": who, "name": name, "said": said.status, "told": said.body, "lies_at": said.location}
            for (who, name), said in answers.items()
        ],
    )


async def take_back(tx: Transaction, keys: Sequence[tuple[str, str]]) -> None:
    """Forget keys of this transaction whose requests were refused: the same may be asked again."""
    k = idempotency_keys.c
    if keys:
        await tx.execute(delete(idempotency_keys).where(tuple_(k.principal_key, k.idempotency_key).in_(keys)))


async def forget(tx: Transaction, *, before: datetime) -> int:
    """Delete the keys of requests older than `before`; return how many."""
    return int((await tx.execute(delete(idempotency_keys).where(idempotency_keys.c.at < before))).rowcount)
