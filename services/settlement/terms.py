"""Rates agreed with merchants, as data: which of them hold at a moment, and what they make of an amount."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.errors import Invalid
from core.ids import MerchantId, OperatorId, OrderId

BASIS = 10_000
"""Basis points in one."""
BasisPoints = Annotated[int, Meta(ge=0, le=5000)]
Fen = Annotated[int, Meta(ge=0, le=100_000)]
EVERY_MERCHANT: Final = MerchantId("")
"""Terms of a company with every merchant that has none of its own."""
MOST_AHEAD_D: Final = 731
"""Local days ahead that terms are agreed at most, two years: a later day is a slip of the finger."""


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


class Standing(StrEnum):
    """Where terms stand at a moment."""

    PAST = "past"
    """Others hold since; orders of their time keep them."""
    IN_FORCE = "in_force"
    TO_COME = "to_come"
    REPLACED = "replaced"
    """Never held: others were agreed for the same moment before it came."""


STANDING_NAMES: Mapping[Standing, tuple[str, str]] = MappingProxyType(
    {
        Standing.PAST: ("已过期", "past"),
        Standing.IN_FORCE: ("执行中", "in force"),
        Standing.TO_COME: ("待生效", "to come"),
        Standing.REPLACED: ("已被替换", "replaced"),
    }
)
"""(zh, en) of every standing."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Rates from ``from_at`` on. An empty ``merchant_id`` means every merchant without terms of its own.

    Of those that begin at the same moment the last agreed ones count. ``agreed_at`` None: nobody agreed
    anything.
    """

    operator: OperatorId
    merchant_id: MerchantId = EVERY_MERCHANT
    from_at: datetime
    platform_fee_bp: BasisPoints = 0
    """Of the goods, in hundredths of a per cent, taken from the merchant."""
    subsidy_fen: Fen = 0
    """What the city adds to each delivered order."""
    keeps_fee_when_missed: bool = False
    """Whether bringing is paid for when nobody came to collect."""
    agreed_at: datetime | None = None
    agreed_by: str = ""
    reason: str = ""


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one order from when it was placed; later rates change nothing about it."""

    order_id: OrderId
    paid_by: PaidBy = PaidBy.AT_PICKUP
    platform_fee_bp: BasisPoints = 0
    subsidy_fen: Fen = 0
    keeps_fee_when_missed: bool = False


def terms_of(order_id: OrderId, rates: Terms, paid_by: PaidBy) -> OrderTerms:
    """Return what holds for an order that is placed while these rates are in force."""
    return OrderTerms(
        order_id=order_id,
        paid_by=paid_by,
        platform_fee_bp=rates.platform_fee_bp,
        subsidy_fen=rates.subsidy_fen,
        keeps_fee_when_missed=rates.keeps_fee_when_missed,
    )


def platform_fee_fen(goods_fen: int, basis_points: int) -> int:
    """Return the fee on goods, to the nearest fen, half a fen up.

    >>> platform_fee_fen(2560, 500), platform_fee_fen(1010, 500)
    (128, 51)
    """
    return (goods_fen * basis_points + BASIS // 2) // BASIS


def begin_of(day: date, zone: tzinfo, *, at: datetime) -> datetime:
    """Return the midnight from which terms of a local day hold; raise Invalid for today, before, or too far.

    Today has begun: orders were placed under other terms.
    """
    today = at.astimezone(zone).date()
    first, last = today + timedelta(days=1), today + timedelta(days=MOST_AHEAD_D)
    if not first <= day <= last:
        raise Invalid(
            "time-out-of-range", "terms hold from a day to come", field="fromDay", limit=f"{first} to {last}"
        )
    return datetime.combine(day, time(), tzinfo=zone)


def with_standing(terms: Iterable[Terms], at: datetime) -> list[tuple[Terms, Standing]]:
    """Return terms of one company with one merchant, or with every one, and where each stands, newest first.

    With terms of its own a merchant leaves the common ones: given both, the common ones that began before its
    own first did are looked at, later ones are left out.
    """
    counting: dict[datetime, Terms] = {}
    ordered = sorted(_that_concern(list(terms)), key=_turn)
    for one in ordered:
        counting[one.from_at] = one
    begun = [one for one in counting.values() if one.from_at <= at]
    holds = max(begun, key=_turn, default=None)
    found = []
    for one in reversed(ordered):
        if counting[one.from_at] is not one:
            standing = Standing.REPLACED
        elif one is holds:
            standing = Standing.IN_FORCE
        else:
            standing = Standing.TO_COME if one.from_at > at else Standing.PAST
        found.append((one, standing))
    return found


def _that_concern(terms: list[Terms]) -> list[Terms]:
    own = [one.from_at for one in terms if one.merchant_id != EVERY_MERCHANT]
    if not own:
        return terms
    left = min(own)
    return [one for one in terms if one.merchant_id != EVERY_MERCHANT or one.from_at < left]


def _turn(one: Terms) -> tuple[datetime, datetime]:
    return (one.from_at, one.agreed_at or one.from_at)
