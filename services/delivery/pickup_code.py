"""Pick-up codes: six digits, shown as often as wanted, stored nowhere, checked by a vehicle without a
network.

A code is HOTP (RFC 4226) over a secret of the order, with the generation as counter. The vehicle is given
keyed verifiers of the first three generations, so a fresh code needs no network either.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

import msgspec

from core.errors import Conflict
from core.ids import OrderId

DIGITS = 6
"""Digits of a code (domain.md, Pick-up)."""
GENERATIONS = 3
"""How many codes an order can have: the vehicle holds verifiers for exactly these."""
TRIES = 5
"""Wrong tries per generation before it locks (domain.md, Pick-up)."""
HOLDER_STEP = 10
"""A delegate's generations are counted from ten times her number, so that a keypad tells them apart."""
SECRET_BYTES = 20
"""Length of an order's secret: that of the HMAC-SHA-1 output (RFC 4226, section 4, R6)."""


def hotp(secret: bytes, counter: int, *, digits: int = DIGITS) -> str:
    """Return the HOTP value of RFC 4226, section 5.3, with leading zeros.

    >>> hotp(b"12345678901234567890", 0)
    '755224'
    """
    mac = hmac.digest(secret, counter.to_bytes(8, "big"), hashlib.sha1)
    offset = mac[-1] & 0x0F
    truncated = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(truncated % 10**digits).zfill(digits)


class Verifier(msgspec.Struct, frozen=True, kw_only=True):
    """What a vehicle holds for one generation: lower-case hex, HMAC-SHA-256 under its keypad key."""

    generation: int
    digest: str
    expires_at: datetime | None = None
    """City time from which the code opens nothing; None lives as long as the order."""


def verifier_digest(keypad_key: bytes, order_id: OrderId, generation: int, code: str) -> str:
    """Return the verifier of one code: HMAC-SHA-256(key, ``order:generation:code``) in hex."""
    message = f"{order_id}:{generation}:{code}".encode()
    return hmac.new(keypad_key, message, hashlib.sha256).hexdigest()


class PickupCode(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an order's code. ``tries`` counts wrong tries by generation; a missing one is 0."""

    order_id: OrderId
    version: int = 1
    secret: bytes
    generation: int = 1
    tries: Mapping[int, int] = {}
    is_dead: bool = False
    opened_at: datetime | None = None
    holder: int = 0
    """0 is the recipient's, n that of the n-th delegate."""

    def __repr__(self) -> str:
        # The secret never reaches a log or a traceback.
        return (
            f"PickupCode(order_id={self.order_id!r}, generation={self.generation}, tries={dict(self.tries)})"
        )

    @property
    def tries_left(self) -> int:
        """Return how many wrong tries the present generation still allows."""
        return max(0, TRIES - self.tries.get(self.generation, 0))

    @property
    def is_locked(self) -> bool:
        """True when the present generation is used up; a fresh code unlocks it while there is one."""
        return self.tries_left == 0

    @property
    def can_refresh(self) -> bool:
        """True while another generation is left that the vehicle has a verifier for."""
        return not self.is_dead and self.generation < GENERATIONS

    def code(self) -> str:
        """Return the present code. Raises Conflict ``gone`` when the order is over, ``pickup-code-locked``
        when locked."""
        self._must_live()
        if self.is_locked:
            raise Conflict("pickup-code-locked", generation=self.generation, can_refresh=self.can_refresh)
        return hotp(self.secret, self.generation)

    def verifiers(self, keypad_key: bytes, *, expires_at: datetime | None = None) -> tuple[Verifier, ...]:
        """Return the verifiers of all three generations under one vehicle's keypad key."""
        return tuple(self._verifier(keypad_key, g, expires_at) for g in range(1, GENERATIONS + 1))

    def _verifier(self, keypad_key: bytes, generation: int, expires_at: datetime | None) -> Verifier:
        told = HOLDER_STEP * self.holder + generation
        code = hotp(self.secret, generation)
        digest = verifier_digest(keypad_key, self.order_id, told, code)
        return Verifier(generation=told, digest=digest, expires_at=expires_at)

    def refresh(self) -> "PickupCode":
        """Return the state with the next generation. Raises Conflict when the order is over or none is
        left."""
        self._must_live()
        if not self.can_refresh:
            raise Conflict(
                "pickup-code-locked",
                "no further code; ask the service line to open the compartment",
                generation=self.generation,
                can_refresh=False,
            )
        return self._next(generation=self.generation + 1)

    def check(self, code: str) -> tuple["PickupCode", bool]:
        """Return the state after a typed code and whether it was right; a wrong one costs a try.

        Compared in constant time. Raises Conflict ``pickup-code-locked`` or ``gone`` as ``code`` does.
        """
        if hmac.compare_digest(self.code().encode(), code.encode()):
            return self, True
        return self.merge_tries(self.generation, self.tries.get(self.generation, 0) + 1), False

    def merge_tries(self, generation: int, tries: int) -> "PickupCode":
        """Return the state with the vehicle's own count merged in: the larger one wins, so a repeat
        changes nothing.

        A generation that does not exist or a count that is not larger gives the same state back.
        """
        known = self.tries.get(generation, 0)
        if not 1 <= generation <= GENERATIONS or tries <= known:
            return self
        return self._next(tries={**self.tries, generation: min(tries, TRIES)})

    def die(self) -> "PickupCode":
        """Return the state of a code whose order is over: nothing shows or refreshes it again."""
        return self if self.is_dead else self._next(is_dead=True)

    def _must_live(self) -> None:
        if self.is_dead:
            raise Conflict("gone", "the order is over and its pick-up code with it")

    def _next(self, **changes: object) -> "PickupCode":
        return msgspec.structs.replace(self, version=self.version + 1, **changes)
