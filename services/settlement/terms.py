"""Rates that an operator agreed with a merchant, as data, and what they make of an amount."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import MerchantId, OperatorId, OrderId

BASIS = 10_000
"""Basis points in one."""
BasisPoints = Annotated[int, Meta(ge=0, le=5000)]
Fen = Annotated[int, Meta(ge=0, le=100_000)]


class PaidBy(StrEnum):
    """How an order is paid. Both work without a payment gateway; there is none."""

    BALANCE = "balance"
    """From what the resident paid in; held when the order is placed."""
    AT_PICKUP = "at_pickup"
    """Owed once collected; staff records what was received, outside of this system."""


PAID_BY_NAMES: Mapping[PaidBy, tuple[str, str]] = MappingProxyType(
    {PaidBy.BALANCE: ("余额支付", "balance"), PaidBy.AT_PICKUP: ("取件时支付", "pay at pickup")}
)
"""(zh, en) of every way to pay."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Rates from ``from_at`` on. An empty ``merchant_id`` means every merchant without terms of its own."""

    operator: OperatorId
    merchant_id: MerchantId = MerchantId("")
    from_at: datetime
    platform_fee_bp: BasisPoints = 0
    """Of the goods, in hundredths of a per cent, taken from the merchant."""
    subsidy_fen: Fen = 0
    """What the city adds to each delivered order."""
    keeps_fee_when_missed: bool = False
    """Whether bringing is paid for when nobody came to collect."""


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one order from when it was placed; later rates change nothing about it."""

    order_id: OrderId
    paid_by: PaidBy = PaidBy.AT_PICKUP
    platform_fee_bp: BasisPoints = 0
    subsidy_fen: Fen = 0
    keeps_fee_when_missed: bool = False


def platform_fee_fen(goods_fen: int, basis_points: int) -> int:
    """Return the fee on goods, to the nearest fen, half a fen up.

    >>> platform_fee_fen(2560, 500), platform_fee_fen(1010, 500)
    (128, 51)
    """
    return (goods_fen * basis_points + BASIS // 2) // BASIS
