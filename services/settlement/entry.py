"""A journal entry and its postings: each names both of its accounts, so no entry can be out of balance."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from core.errors import Invalid
from core.ids import AccountId, DistrictCode, OperatorId, OrderId, VehicleNo

SaleId = NewType("SaleId", str)
"""A purchase at a vending vehicle."""

MOST_FEN = 1_000_000_000
"""Largest amount of one posting, ten million yuan: more is a slip of the finger."""


class PostingKind(StrEnum):
    """What money moved for."""

    PAYMENT = "payment"
    GOODS = "goods"
    DELIVERY_FEE = "delivery_fee"
    PLATFORM_FEE = "platform_fee"
    SUBSIDY = "subsidy"
    REFUND = "refund"
    LOSS = "loss"
    TOP_UP = "top_up"
    RECEIPT = "receipt"
    PAYOUT = "payout"
    CORRECTION = "correction"
    CLEARING = "clearing"


EARNED_BY_BRINGING = frozenset({PostingKind.DELIVERY_FEE, PostingKind.SUBSIDY})
"""Whoever brings an order earns these, whosever order it is."""
POSTING_NAMES: Mapping[PostingKind, tuple[str, str]] = MappingProxyType(
    {
        PostingKind.PAYMENT: ("付款", "payment"),
        PostingKind.GOODS: ("货款", "goods"),
        PostingKind.DELIVERY_FEE: ("配送费", "delivery fee"),
        PostingKind.PLATFORM_FEE: ("平台服务费", "platform fee"),
        PostingKind.SUBSIDY: ("补贴", "subsidy"),
        PostingKind.REFUND: ("退款", "refund"),
        PostingKind.LOSS: ("货损赔付", "loss"),
        PostingKind.TOP_UP: ("充值", "top-up"),
        PostingKind.RECEIPT: ("线下收款", "received"),
        PostingKind.PAYOUT: ("结算付款", "payout"),
        PostingKind.CORRECTION: ("更正", "correction"),
        PostingKind.CLEARING: ("公司间清分", "clearing"),
    }
)
"""(zh, en) of every kind of posting."""


class EntrySource(StrEnum):
    """What caused an entry."""

    ORDER = "order"
    SALE = "sale"
    GOODS_LOSS = "goods_loss"
    TOP_UP = "top_up"
    RECEIPT = "receipt"
    REFUND = "refund"
    PAYOUT = "payout"
    CORRECTION = "correction"
    CLEARING = "clearing"


SOURCE_NAMES: Mapping[EntrySource, tuple[str, str]] = MappingProxyType(
    {
        EntrySource.ORDER: ("订单", "order"),
        EntrySource.SALE: ("售卖", "vending sale"),
        EntrySource.GOODS_LOSS: ("货品损耗", "goods lost from a vehicle"),
        EntrySource.TOP_UP: ("充值", "top-up"),
        EntrySource.RECEIPT: ("线下收款", "received at pickup"),
        EntrySource.REFUND: ("退款", "refund after delivery"),
        EntrySource.PAYOUT: ("结算付款", "payout"),
        EntrySource.CORRECTION: ("更正", "correction"),
        EntrySource.CLEARING: ("公司间清分", "clearing between companies"),
    }
)
"""(zh, en) of every source."""


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """``amount_fen`` goes from one account to another; one account falls by what the other rises."""

    from_account: AccountId
    to_account: AccountId
    kind: PostingKind
    amount_fen: Annotated[int, Meta(gt=0, le=MOST_FEN)]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one cause did to the ledger. ``cause`` is unique: the same cause posts once.

    ``at`` is when it happened, city time; a vehicle's late report is posted after others with a later one.
    """

    cause: str
    source: EntrySource
    at: datetime
    operator: OperatorId
    district: DistrictCode
    order_id: OrderId | None = None
    sale_id: SaleId | None = None
    vehicle_no: VehicleNo | None = None
    """Which vehicle brought, sold or lost it, where one did."""
    carrier: OperatorId | None = None
    """Whose vehicle brought it, where that is another company than ``operator``."""
    actor: str
    note: str = ""
    postings: tuple[Posting, ...]


def checked(entry: Entry) -> Entry:
    """Return the entry; raise Invalid when a posting moves nothing, too much, or between one account."""
    for posting in entry.postings:
        if not 0 < posting.amount_fen <= MOST_FEN:
            raise Invalid(
                "invalid-input", f"1 to {MOST_FEN} fen", field="amountFen", limit=f"1 to {MOST_FEN}"
            )
        if posting.from_account == posting.to_account:
            raise Invalid(
                "invalid-input", "money goes to another account", field="toAccount", limit="two accounts"
            )
    return entry


def changes(postings: Iterable[Posting]) -> Counter[AccountId]:
    """Return by how much each account rises (below zero: falls); the sum over all accounts is zero."""
    by_account: Counter[AccountId] = Counter()
    for posting in postings:
        by_account[posting.from_account] -= posting.amount_fen
        by_account[posting.to_account] += posting.amount_fen
    return by_account
