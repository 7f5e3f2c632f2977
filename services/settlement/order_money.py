"""What an order has moved in the ledger by where it stands, and the postings from one stand to the next."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from core.ids import AccountId
from services.orders.order import Order
from services.orders.reasons import NOT_COLLECTED
from services.orders.states import OrderState
from services.settlement.accounts import AccountKind, account
from services.settlement.entry import Posting, PostingKind
from services.settlement.terms import OrderTerms, PaidBy, platform_fee_fen

NOBODY_CAME: Final = frozenset({NOT_COLLECTED, ""})
"""Why goods go back when the vehicle was there and nobody came; orders of earlier days say nothing."""


class Ended(NamedTuple):
    """What an order that is over has come to for its recipient; amounts in fen, zero or above."""

    charged_fen: int
    """What she has paid for it, or owes."""
    back_fen: int
    """What was held of her balance for it and is there again."""


class Way(NamedTuple):
    """From which account to which, and what for."""

    from_account: AccountId
    to_account: AccountId
    kind: PostingKind


type Stand = Mapping[Way, int]
"""How much went each way by now; an amount is above zero."""


def goods_fen(order: Order) -> int:
    """Return what the goods cost without bringing them."""
    return order.total_fen - order.fee_fen


def stand_of(order: Order, terms: OrderTerms) -> Stand:
    """Return everything that the order has moved by now; the sum of its entries is always this.

    Open: what was paid beforehand is held. Delivered: goods to the merchant less the platform fee, bringing
    to the operator with the subsidy. Cancelled, returned or given up before loading: nothing, so that all of
    it goes back; missed and returned may keep the fee by the terms. Lost on board: the operator makes the
    merchant whole, and the recipient pays nothing.
    """
    match order.state:
        case OrderState.DELIVERED:
            ways = _delivered(order, terms)
        case OrderState.RETURNED if terms.keeps_fee_when_missed and order.reason in NOBODY_CAME:
            ways = _brought_in_vain(order, terms)
        case OrderState.FAILED if order.loaded_at is not None:
            merchant = _of(AccountKind.MERCHANT, order.merchant_id)
            ways = {Way(_of(AccountKind.LOSS, order.operator), merchant, PostingKind.LOSS): goods_fen(order)}
        case OrderState.CANCELLED | OrderState.RETURNED | OrderState.FAILED:
            ways = {}
        case _ if terms.paid_by is PaidBy.BALANCE:
            ways = {_payment(order, terms): order.total_fen}
        case _:
            ways = {}
    return {way: amount for way, amount in ways.items() if amount}


def _delivered(order: Order, terms: OrderTerms) -> dict[Way, int]:
    held, merchant = _of(AccountKind.HELD, order.operator), _of(AccountKind.MERCHANT, order.merchant_id)
    fees, platform = (
        _of(AccountKind.DELIVERY_FEES, order.operator),
        _of(AccountKind.PLATFORM_FEES, order.operator),
    )
    return {
        _payment(order, terms): order.total_fen,
        Way(held, merchant, PostingKind.GOODS): goods_fen(order),
        Way(held, fees, PostingKind.DELIVERY_FEE): order.fee_fen,
        Way(merchant, platform, PostingKind.PLATFORM_FEE): platform_fee_fen(
            goods_fen(order), terms.platform_fee_bp
        ),
        Way(_of(AccountKind.SUBSIDY, order.operator), fees, PostingKind.SUBSIDY): terms.subsidy_fen,
    }


def _brought_in_vain(order: Order, terms: OrderTerms) -> dict[Way, int]:
    held, fees = _of(AccountKind.HELD, order.operator), _of(AccountKind.DELIVERY_FEES, order.operator)
    return {
        _payment(order, terms): order.fee_fen,
        Way(held, fees, PostingKind.DELIVERY_FEE): order.fee_fen,
    }


def ended_with(order: Order, terms: OrderTerms) -> Ended | None:
    """Return what an order has come to for its recipient; None while it is under way."""
    if not order.is_terminal:
        return None
    charged_fen = stand_of(order, terms).get(_payment(order, terms), 0)
    held_fen = order.total_fen if terms.paid_by is PaidBy.BALANCE else charged_fen
    return Ended(charged_fen=charged_fen, back_fen=held_fen - charged_fen)


def _payment(order: Order, terms: OrderTerms) -> Way:
    kind = AccountKind.RESIDENT_BALANCE if terms.paid_by is PaidBy.BALANCE else AccountKind.RESIDENT_DUE
    return Way(_of(kind, order.resident_id), _of(AccountKind.HELD, order.operator), PostingKind.PAYMENT)


def _of(kind: AccountKind, owner: str) -> AccountId:
    return account(kind, owner)


def postings_between(before: Stand, after: Stand) -> tuple[Posting, ...]:
    """Return the postings that lead from one stand to the next; a payment that goes back is a refund."""
    found = []
    for way in sorted({*before, *after}):
        more = after.get(way, 0) - before.get(way, 0)
        if more > 0:
            found.append(_posting(way.from_account, way.to_account, way.kind, more))
        elif more < 0:
            kind = PostingKind.REFUND if way.kind is PostingKind.PAYMENT else way.kind
            found.append(_posting(way.to_account, way.from_account, kind, -more))
    return tuple(found)


def netted(moved: Iterable[Posting]) -> Stand:
    """Return what went each way; what went back the same way is taken off."""
    ways: dict[Way, int] = {}
    for posting in moved:
        way = Way(posting.from_account, posting.to_account, posting.kind)
        paid_back = way.kind is PostingKind.REFUND
        kind = PostingKind.PAYMENT if paid_back else way.kind
        back = Way(way.to_account, way.from_account, kind)
        if paid_back or back in ways:
            ways[back] = ways.get(back, 0) - posting.amount_fen
        else:
            ways[way] = ways.get(way, 0) + posting.amount_fen
    return {way: amount for way, amount in ways.items() if amount}


def _posting(giver: AccountId, taker: AccountId, kind: PostingKind, amount_fen: int) -> Posting:
    return Posting(from_account=giver, to_account=taker, kind=kind, amount_fen=amount_fen)


def moves_money(before: Order, after: Order) -> bool:
    """Return whether an event can have changed the stand: it ended the order or changed what it costs."""
    costs = before.total_fen != after.total_fen or before.fee_fen != after.fee_fen
    return after.is_terminal or costs
