"""What residents still owe, and purchases in money, as the counter reads them."""

from datetime import datetime
from typing import Literal

import msgspec


class DueView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is still to be paid for an order or a purchase. ``phone`` is masked, null for one who left."""

    about: Literal["order", "sale"]
    id: str
    district: str
    name_zh: str
    """The merchant of an order, the goods of a purchase."""
    name_en: str
    vehicle_code: str | None
    phone: str | None
    since: datetime
    due_fen: int


class SaleInMoney(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A purchase at a vending vehicle of which something was taken."""

    sale_id: str
    district: str
    name_zh: str
    name_en: str
    vehicle_code: str | None
    phone: str | None
    sold: int
    sold_fen: int
    paid_by: str
    closed_at: datetime
