"""The keypad on the vehicle: checks a code with no network, counts wrong tries, locks."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from fleet.links.wire.commands import StopOrder

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


type Tries = dict[str, dict[int, int]]
"""Order id → generation → wrong codes."""


def check_code(key: bytes, orders: Iterable[StopOrder], tries: Tries, code: str) -> KeypadAnswer:
    """Return what the keypad answers to a typed code, and count a wrong one in ``tries``.

    Every generation that is not locked may match: a recipient's fresh code needs no network. A wrong code
    costs every order at this stop a try of its lowest generation that is not locked, so that locking one
    generation gives nobody more guesses at the same one.
    """
    waiting = list(orders)
    if not waiting:
        return KeypadAnswer(result="nothing_here")
    for order in waiting:
        generation = _matching(key, order, tries.get(order.order_id, {}), code)
        if generation is not None:
            return KeypadAnswer(
                result="opened",
                order_id=order.order_id,
                compartment=order.compartment,
                generation=generation,
            )
    counted = [answer for order in waiting if (answer := _count(order, tries)) is not None]
    return counted[0] if counted else KeypadAnswer(result="locked", order_id=waiting[0].order_id)


def digest_of(key: bytes, order_id: str, generation: int, code: str) -> str:
    """Return the verifier of a code (docs/wire-protocol.md, section 5)."""
    return hmac.new(key, f"{order_id}:{generation}:{code}".encode(), hashlib.sha256).hexdigest()


def _matching(key: bytes, order: StopOrder, counts: Mapping[int, int], code: str) -> int | None:
    for verifier in order.verifiers:
        if counts.get(verifier.generation, 0) >= TRIES:
            continue
        if hmac.compare_digest(digest_of(key, order.order_id, verifier.generation, code), verifier.digest):
            return verifier.generation
    return None


def _count(order: StopOrder, tries: Tries) -> KeypadAnswer | None:
    counts = tries.setdefault(order.order_id, {})
    for verifier in sorted(order.verifiers, key=lambda v: v.generation):
        used = counts.get(verifier.generation, 0)
        if used < TRIES:
            counts[verifier.generation] = used + 1
            return KeypadAnswer(
                result="wrong" if used + 1 < TRIES else "locked",
                order_id=order.order_id,
                generation=verifier.generation,
                tries=used + 1,
            )
    return None
