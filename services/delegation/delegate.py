"""A delegate of one order: who she is, her own code with its own tries, until when it is good."""

from datetime import datetime

import msgspec

from core.errors import Conflict
from core.ids import OrderId, ResidentId
from services.delivery.pickup_code import HOLDER_STEP, PickupCode

MOST_DELEGATES = 9
"""Most that one order may name, one after the other: the numbers of their codes then stay two digits."""


class Delegate(msgspec.Struct, frozen=True, kw_only=True):
    """``number`` counts the delegates of an order; her codes are generations ``10 · number + 1`` to ``+ 3``.

    ``resident_id`` is whose phone she has. ``opened_at`` is when a door was opened with her code.
    """

    order_id: OrderId
    number: int
    version: int = 1
    resident_id: ResidentId
    name: str
    secret: bytes
    generation: int = 1
    tries: dict[int, int] = {}
    is_dead: bool = False
    named_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    opened_at: datetime | None = None

    def __repr__(self) -> str:
        # Neither the name nor the secret reaches a log or a traceback.
        return f"Delegate({self.order_id!r}, {self.number}, generation={self.generation})"

    @property
    def code(self) -> PickupCode:
        """Return her code; it knows no expiry."""
        return PickupCode(
            order_id=self.order_id,
            version=self.version,
            secret=self.secret,
            generation=self.generation,
            tries=self.tries,
            is_dead=self.is_dead,
            opened_at=self.opened_at,
            holder=self.number,
        )

    def is_good(self, at: datetime) -> bool:
        """Return whether her code opens a door at a moment, unless it is locked."""
        return not self.is_dead and at < self.expires_at

    def with_code(self, code: PickupCode) -> "Delegate":
        """Return her with what became of her code."""
        return msgspec.structs.replace(
            self,
            version=code.version,
            generation=code.generation,
            tries=dict(code.tries),
            is_dead=code.is_dead,
            opened_at=code.opened_at,
        )

    def revoke(self, at: datetime) -> "Delegate":
        """Return her without a code, as the customer wants; one that is over stays as it is."""
        if self.is_dead:
            return self
        return msgspec.structs.replace(self.with_code(self.code.die()), revoked_at=at)


def next_number(known: tuple[Delegate, ...]) -> int:
    """Return the number of the next delegate of an order; raise Conflict when there were enough."""
    number = 1 + max((one.number for one in known), default=0)
    if number > MOST_DELEGATES:
        raise Conflict("conflict", "this order has named enough people", limit=MOST_DELEGATES)
    return number


def number_of(generation: int) -> int:
    """Return whose a generation is that a keypad speaks of: 0 the recipient, else the delegate's number."""
    return generation // HOLDER_STEP
