"""The same POST with the same Idempotency-Key gives the same answer, whatever happened in between.

Every POST that moves a vehicle, goods or money asks for the key; a test walks the routes and holds it.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.params import HeaderParameter

from core.auth.principal import Principal
from core.database import Database, Transaction
from core.errors import Invalid
from core.idempotency import MAX_KEY_CHARS, StoredAnswer, body_hash, known_answer, once, save

IdempotencyKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=MAX_KEY_CHARS)]
"""Optional for the framework, so that its absence is answered with a code of ours."""
REPEATED = ("idempotency-key-missing", "idempotency-key-reused", "request-in-progress")
"""Problem codes of a route that takes the key."""


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """What makes two requests the same: who, which key, which address and body."""

    principal_key: str
    idempotency_key: str
    request_hash: str

    @classmethod
    async def of(cls, request: Request[Any, Any, Any], principal: Principal, key: str | None) -> "Repeated":
        """Return it for a request; raise Invalid("idempotency-key-missing") without a usable key."""
        if key is None or not 1 <= len(key) <= MAX_KEY_CHARS:
            raise Invalid("idempotency-key-missing", limit=MAX_KEY_CHARS)
        query = request.url.query
        address = f"{request.url.path}?{query}" if query else request.url.path
        return cls(
            principal_key=f"{principal.kind}:{principal.id}",
            idempotency_key=key,
            request_hash=body_hash(request.method, address, await request.body()),
        )


async def answered_before[T](database: Database, repeated: Repeated, kind: type[T]) -> T | None:
    """Return the answer of an earlier request of this key, None for the first. Raises Conflict for another
    body."""
    async with database.read() as tx:
        return await answered_in(tx, repeated, kind)


async def answered_in[T](tx: Transaction, repeated: Repeated, kind: type[T]) -> T | None:
    """Do the same in a transaction that reads more."""
    stored = await known_answer(tx, repeated.principal_key, repeated.idempotency_key, repeated.request_hash)
    return None if stored is None else msgspec.json.decode(stored.body, type=kind)


async def answer_once[T](
    database: Database,
    repeated: Repeated,
    kind: type[T],
    work: Callable[[Transaction], Awaitable[T]],
    *,
    status: int,
    wall: datetime,
) -> T:
    """Return what ``work`` gives the first time and the same body ever after; key and work are one
    transaction.

    What must not be stored (a code, a token) is left out of what ``work`` gives and added by the caller.
    """
    async with database.write() as tx:
        stored = await once(
            tx, repeated.principal_key, repeated.idempotency_key, repeated.request_hash, at=wall
        )
        if stored is not None:
            return msgspec.json.decode(stored.body, type=kind)
        answer = await work(tx)
        body = msgspec.json.encode(answer)
        await save(
            tx, repeated.principal_key, repeated.idempotency_key, StoredAnswer(status=status, body=body)
        )
    return answer
