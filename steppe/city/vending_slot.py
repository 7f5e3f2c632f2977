"""vending.toml: what the slots of a city's vending vehicles hold on the first day."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1)]


class VendingSlot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One slot of every vending vehicle; ``keeps_days`` is how long a fresh lot is sold."""

    goods: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    name_zh: Text
    name_en: Text
    price_fen: Annotated[int, Meta(ge=1, le=100_000)]
    capacity: Annotated[int, Meta(ge=1, le=200)]
    temperature: Literal["ambient", "chilled", "warm"]
    keeps_days: Annotated[int, Meta(ge=1)]
    category: str = ""
    """A word that a [[forbidden]] row may name; "" is named by none."""
