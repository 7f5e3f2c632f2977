"""The code of a purchase that somebody without a smartphone collects: typed on the vehicle's keypad."""

from datetime import datetime

import msgspec

from core.ids import OrderId
from services.delivery.pickup_code import PickupCode
from services.settlement.entry import SaleId


class SaleCode(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a sale's code; never the code. It is good until the sale's ``expires_at`` or its door."""

    sale_id: SaleId
    version: int = 1
    secret: bytes
    generation: int = 1
    tries: dict[int, int] = {}
    is_dead: bool = False
    opened_at: datetime | None = None

    def __repr__(self) -> str:
        # The secret never reaches a log or a traceback.
        return f"SaleCode({self.sale_id!r}, generation={self.generation})"

    @property
    def code(self) -> PickupCode:
        """Return it under the rules of every pick-up code; a keypad tells sales and orders apart by id."""
        return PickupCode(
            order_id=OrderId(self.sale_id),
            version=self.version,
            secret=self.secret,
            generation=self.generation,
            tries=self.tries,
            is_dead=self.is_dead,
            opened_at=self.opened_at,
        )

    def with_code(self, code: PickupCode) -> "SaleCode":
        """Return it with what became of the code."""
        return msgspec.structs.replace(
            self,
            version=code.version,
            generation=code.generation,
            tries=dict(code.tries),
            is_dead=code.is_dead,
        )

    def opened(self, at: datetime) -> "SaleCode":
        """Return it used: it opens nothing any more."""
        if self.is_dead:
            return self
        return msgspec.structs.replace(self.with_code(self.code.die()), opened_at=at)
