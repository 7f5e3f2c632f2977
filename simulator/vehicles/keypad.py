"""The keypad on the vehicle: checks a code with no network, counts wrong tries, locks."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from fleet.links.wire.commands import AssignTask, OrderCodes, StopOrder, Verifier
from fleet.links.wire.reports import CodeFailed

HOLDER_STEP = 10
"""Generations from ten on are a delegate's (docs/wire-protocol.md, 5)."""
TRIES = 5
"""Wrong codes a generation (domain.md, Pick-up)."""


class KeypadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the keypad shows."""

    result: Literal["opened", "wrong", "locked", "nothing_here", "open_already"]
    order_id: str | None = None
    compartment: int | None = None
    generation: int | None = None
    tries: int = 0
    """Wrong codes of that generation so far, this one included."""
    counted: tuple[CodeFailed, ...] = ()
    """Every code that the wrong one cost a try, to be reported."""


type Tries = dict[str, dict[int, int]]
"""Order id → generation → wrong codes."""


def check_code(
    key: bytes, orders: Iterable[StopOrder], tries: Tries, code: str, at: datetime
) -> KeypadAnswer:
    """Return what the keypad answers to a code typed at a moment, and count a wrong one in ``tries``.

    Every generation that is neither locked nor over may match: a recipient's fresh code needs no network. A
    wrong code is nobody's, so it costs every order at this stop, and there the recipient and her delegate,
    a try of the lowest generation that is not locked: locking one gives nobody more guesses at the same.
    """
    waiting = list(orders)
    if not waiting:
        return KeypadAnswer(result="nothing_here")
    for order in waiting:
        generation = _matching(key, order, tries.get(order.order_id, {}), code, at)
        if generation is not None:
            return KeypadAnswer(
                result="opened",
                order_id=order.order_id,
                compartment=order.compartment,
                generation=generation,
            )
    counted = [wrong for order in waiting for wrong in _count(order, tries)]
    if not counted:
        return KeypadAnswer(result="locked", order_id=waiting[0].order_id)
    first = counted[0]
    return KeypadAnswer(
        result="wrong" if first.tries < TRIES else "locked",
        order_id=first.order_id,
        generation=first.generation,
        tries=first.tries,
        counted=tuple(counted),
    )


def with_codes(plan: AssignTask, codes: Iterable[OrderCodes]) -> AssignTask:
    """Return the plan with these verifiers in place of those it had for the orders."""
    given = {one.order_id: one.verifiers for one in codes}
    replace = msgspec.structs.replace
    stops = tuple(
        replace(
            stop,
            orders=tuple(
                replace(order, verifiers=given.get(order.order_id, order.verifiers)) for order in stop.orders
            ),
        )
        if stop.kind == "handover"
        else stop
        for stop in plan.stops
    )
    return replace(plan, stops=stops)


def digest_of(key: bytes, order_id: str, generation: int, code: str) -> str:
    """Return the verifier of a code (docs/wire-protocol.md, section 5)."""
    return hmac.new(key, f"{order_id}:{generation}:{code}".encode(), hashlib.sha256).hexdigest()


def _matching(key: bytes, order: StopOrder, counts: Mapping[int, int], code: str, at: datetime) -> int | None:
    for verifier in order.verifiers:
        if counts.get(verifier.generation, 0) >= TRIES or not is_good(verifier, at):
            continue
        if hmac.compare_digest(digest_of(key, order.order_id, verifier.generation, code), verifier.digest):
            return verifier.generation
    return None


def is_good(verifier: Verifier, at: datetime) -> bool:
    """Return whether a code opens anything at a moment, unless it is locked."""
    return isinstance(verifier.expires_at, msgspec.UnsetType) or at < verifier.expires_at


def _count(order: StopOrder, tries: Tries) -> list[CodeFailed]:
    counts = tries.setdefault(order.order_id, {})
    failed: dict[int, CodeFailed] = {}
    for generation in sorted(verifier.generation for verifier in order.verifiers):
        holder, used = generation // HOLDER_STEP, counts.get(generation, 0)
        if used < TRIES and holder not in failed:
            counts[generation] = used + 1
            failed[holder] = CodeFailed(order_id=order.order_id, generation=generation, tries=used + 1)
    return list(failed.values())
