"""The same POST with the same Idempotency-Key gives the same answer, whatever happened in between.

Every POST that moves a vehicle, goods or money asks for the key; a test walks the routes and holds it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.params import HeaderParameter

from core.auth.principal import Principal
from core.database import Database, Transaction
from core.errors import Conflict, Invalid, SteppeError
from core.idempotency import (
    MAX_KEY_CHARS,
    StoredAnswer,
    body_hash,
    known_answer,
    known_answers,
    once,
    once_each,
    save,
    save_each,
    take_back,
)

IdempotencyKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=MAX_KEY_CHARS)]
"""Optional for the framework, so that its absence is answered with a code of ours."""
REPEATED = ("idempotency-key-missing", "idempotency-key-reused", "request-in-progress")
"""Problem codes of a route that takes the key."""


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """What makes two requests the same: who, which key, which address and body."""

    principal_key: str
    idempotency_key: str
    request_hash: str

    @property
    def key(self) -> tuple[str, str]:
        """Return by what it is known."""
        return self.principal_key, self.idempotency_key

    @property
    def triple(self) -> tuple[str, str, str]:
        """Return that with what it asks."""
        return *self.key, self.request_hash

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


async def answered_each_in[T](
    tx: Transaction, asked: Sequence[Repeated], kind: type[T]
) -> list[T | Conflict | None]:
    """Do the same for several requests, in order; a Conflict is what ``answered_in`` would raise."""
    return [_read(said, kind) for said in await known_answers(tx, [each.triple for each in asked])]


async def answer_each_once[T](
    database: Database,
    asked: Sequence[Repeated],
    kind: type[T],
    work: Callable[[Transaction, Sequence[int]], Awaitable[Sequence[T | SteppeError]]],
    *,
    status: int,
    wall: datetime,
) -> list[T | SteppeError]:
    """Do what ``answer_once`` does for several requests in one transaction, in order.

    ``work`` gets the numbers of those that are new and gives an answer or a refusal for each; a refusal is
    not stored. Of several of one key the first decides, and the others are answered by what it left.
    """
    first = {each.key: number for number, each in reversed(list(enumerate(asked)))}
    leaders = sorted(first.values())
    others = [number for number in range(len(asked)) if number not in set(leaders)]
    async with database.write() as tx:
        known = await once_each(tx, [asked[number].triple for number in leaders], at=wall)
        answers = {n: _read(said, kind) for n, said in zip(leaders, known, strict=True) if said is not None}
        fresh = [number for number in leaders if number not in answers]
        made = dict(zip(fresh, await work(tx, fresh), strict=True)) if fresh else {}
        kept = {
            asked[number].key: StoredAnswer(status=status, body=msgspec.json.encode(answer))
            for number, answer in made.items()
            if not isinstance(answer, SteppeError)
        }
        await save_each(tx, kept)
        await take_back(tx, [asked[number].key for number in fresh if asked[number].key not in kept])
        left = await known_answers(tx, [asked[number].triple for number in others])
    answers |= made
    for number, said in zip(others, left, strict=True):
        each, leader = asked[number], first[asked[number].key]
        in_progress = Conflict("request-in-progress", idempotency_key=each.idempotency_key)
        refused = answers[leader] if each.request_hash == asked[leader].request_hash else in_progress
        answers[number] = refused if said is None else _read(said, kind)
    return [answers[number] for number in range(len(asked))]


def _read[T](said: StoredAnswer | Conflict | None, kind: type[T]) -> Any:
    return msgspec.json.decode(said.body, type=kind) if isinstance(said, StoredAnswer) else said


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
