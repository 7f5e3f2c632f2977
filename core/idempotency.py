"""The same request with the same key gives the same answer; the key with another body is refused.

once() and save() run in the transaction of the business change, so key and change are one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    select,
    tuple_,
    update,
)

from core.database import Transaction, insert_new, metadata
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


async def known_answers(
    tx: Transaction, asked: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str], StoredAnswer | Conflict]:
    """Return what keys were answered before by (principal, key); one that is new is absent.

    ``asked``: (principal_key, idempotency_key, request_hash). A Conflict is what ``known_answer`` raises.
    """
    if not asked:
        return {}
    k = idempotency_keys.c
    is_asked = tuple_(k.principal_key, k.idempotency_key).in_([each[:2] for each in asked])
    hashes = {each[:2]: each[2] for each in asked}
    found: dict[tuple[str, str], StoredAnswer | Conflict] = {}
    for row in await tx.execute(select(idempotency_keys).where(is_asked)):
        name = (row.principal_key, row.idempotency_key)
        if row.body_hash != hashes[name]:
            found[name] = Conflict("idempotency-key-reused", idempotency_key=name[1])
        elif row.status is None:
            found[name] = Conflict("request-in-progress", idempotency_key=name[1])
        else:
            found[name] = StoredAnswer(status=row.status, body=row.body, location=row.location)
    return found


async def once_each(
    tx: Transaction, asked: Sequence[tuple[str, str, str]], *, at: datetime
) -> dict[tuple[str, str], StoredAnswer | Conflict]:
    """Do what ``once`` does for several different keys: return the answers of those that are not new."""
    rows = [
        {"principal_key": who, "idempotency_key": key, "body_hash": request_hash, "at": at}
        for who, key, request_hash in sorted(asked)  # two processes wait for each other's keys in one order
    ]
    new = await insert_new_keys(tx, idempotency_keys, rows)
    return await known_answers(tx, [each for each in asked if each[:2] not in new])


async def save_each(tx: Transaction, answers: Mapping[tuple[str, str], StoredAnswer]) -> None:
    """Keep answers beside their keys, by (principal, key)."""
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


def _is(principal_key: str, idempotency_key: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        idempotency_keys.c.principal_key == principal_key,
        idempotency_keys.c.idempotency_key == idempotency_key,
    )
