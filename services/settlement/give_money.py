"""What an operator gives back or pays out: refunds after delivery, payouts to merchants, corrections."""

from datetime import datetime
from typing import Literal

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict, Invalid, NotFound
from core.ids import AccountId, MerchantId, OperatorId, OrderId, new_id
from services.delivery.catalogue import Merchant
from services.delivery.store import CatalogueStore
from services.orders.order import Order
from services.orders.states import OrderState
from services.orders.store import OrderStore
from services.settlement.accounts import AccountKind, account
from services.settlement.entry import MOST_FEN, Entry, EntrySource, Posting, PostingKind
from services.settlement.payment_port import Payment, PaymentPort
from services.settlement.store import BookedEntry, Journal, TermsStore
from services.settlement.take_money import due_of, own_operator
from services.settlement.terms import PaidBy

BorneBy = Literal["merchant", "operator"]
"""At whose cost a refund is."""


async def refund_order(
    tx: Transaction,
    principal: Principal,
    order_id: OrderId,
    *,
    amount_fen: int,
    borne_by: BorneBy,
    reason: str,
    at: datetime,
) -> BookedEntry:
    """Give back part of what a delivered order cost, the way it was paid, and return the entry.

    A balance gets it back; what is still due becomes less; what was received over the counter goes back over
    it. Raises NotFound, Conflict for an order that was not delivered (everything else went back by itself),
    Invalid for more than was paid and not refunded yet.
    """
    operator = own_operator(principal)
    order = await OrderStore(tx).get(order_id, reach_of(principal))
    kept = (await TermsStore(tx).of_orders([order_id])).get(order_id)
    if order.state is not OrderState.DELIVERED or kept is None:
        raise Conflict("conflict", "only a delivered order is refunded by hand", state=order.state.value)
    due = await due_of(tx, order, at=at)
    refunded = await Journal(tx).moved_for_order(order_id, EntrySource.REFUND, PostingKind.REFUND)
    left = order.total_fen - refunded
    if not 1 <= amount_fen <= left:
        raise Invalid("invalid-input", f"1 to {left} fen", field="amountFen", limit=f"1 to {left}")
    bearer = (
        account(AccountKind.MERCHANT, order.merchant_id)
        if borne_by == "merchant"
        else account(AccountKind.LOSS, order.operator)
    )
    entry = Entry(
        cause=f"refund:{new_id()}",
        source=EntrySource.REFUND,
        at=at,
        operator=order.operator,
        district=order.district,
        order_id=order_id,
        vehicle_no=order.vehicle_no,
        actor=f"staff:{principal.id}",
        note=reason,
        postings=tuple(
            Posting(from_account=bearer, to_account=taker, kind=PostingKind.REFUND, amount_fen=amount)
            for taker, amount in _ways_back(order, kept.paid_by, amount_fen, due, operator)
            if amount
        ),
    )
    await Journal(tx).post(entry)
    fields = {"amount_fen": amount_fen, "borne_by": borne_by}
    await audit.record(tx, principal, "money.refund", f"order:{order_id}", fields, reason, at=at)
    return await Journal(tx).by_cause(entry.cause)


def _ways_back(
    order: Order, paid_by: PaidBy, amount_fen: int, due_fen: int, operator: OperatorId
) -> list[tuple[AccountId, int]]:
    if paid_by is PaidBy.BALANCE:
        return [(account(AccountKind.RESIDENT_BALANCE, order.resident_id), amount_fen)]
    off_due = min(amount_fen, due_fen)
    return [
        (account(AccountKind.RESIDENT_DUE, order.resident_id), off_due),
        (account(AccountKind.TILL, operator), amount_fen - off_due),
    ]


async def pay_merchant(
    tx: Transaction,
    port: PaymentPort,
    principal: Principal,
    merchant_id: MerchantId,
    *,
    amount_fen: int,
    note: str,
    at: datetime,
) -> BookedEntry:
    """Record that a merchant was paid and return the receipt.

    Raises NotFound, and Conflict ``balance-too-low`` for more than this operator owes him.
    """
    operator = own_operator(principal)
    merchant = await _merchant(tx, principal, merchant_id)
    owed = await owed_by(tx, operator, merchant_id, at=at)
    if amount_fen > owed:
        raise Conflict("balance-too-low", balance_fen=owed, needed_fen=amount_fen)
    payment = Payment(
        cause=f"payout:{new_id()}",
        source=EntrySource.PAYOUT,
        kind=PostingKind.PAYOUT,
        from_account=account(AccountKind.MERCHANT, merchant_id),
        to_account=account(AccountKind.PAID_OUT, operator),
        amount_fen=amount_fen,
        operator=operator,
        district=merchant.district,
        actor=f"staff:{principal.id}",
        note=note,
    )
    receipt = await port.settle(tx, payment, at=at)
    fields = {"amount_fen": amount_fen, "entry_no": receipt.entry_no}
    await audit.record(tx, principal, "money.payout", f"merchant:{merchant_id}", fields, note, at=at)
    return receipt


async def correct_merchant(
    tx: Transaction,
    principal: Principal,
    merchant_id: MerchantId,
    *,
    amount_fen: int,
    reason: str,
    at: datetime,
) -> BookedEntry:
    """Put right what an earlier statement says, by an entry that stands on a next one.

    Above zero the merchant gets it, below zero it is taken from him. Raises NotFound, Invalid for 0.
    """
    operator = own_operator(principal)
    merchant = await _merchant(tx, principal, merchant_id)
    if not 1 <= abs(amount_fen) <= MOST_FEN:
        raise Invalid("invalid-input", "not 0", field="amountFen", limit=f"1 to {MOST_FEN}, or below zero")
    giver, taker = account(AccountKind.CORRECTIONS, operator), account(AccountKind.MERCHANT, merchant_id)
    if amount_fen < 0:
        giver, taker = taker, giver
    posting = Posting(
        from_account=giver, to_account=taker, kind=PostingKind.CORRECTION, amount_fen=abs(amount_fen)
    )
    entry = Entry(
        cause=f"correction:{new_id()}",
        source=EntrySource.CORRECTION,
        at=at,
        operator=operator,
        district=merchant.district,
        actor=f"staff:{principal.id}",
        note=reason,
        postings=(posting,),
    )
    await Journal(tx).post(entry)
    fields = {"amount_fen": amount_fen}
    await audit.record(tx, principal, "money.correction", f"merchant:{merchant_id}", fields, reason, at=at)
    return await Journal(tx).by_cause(entry.cause)


async def owed_by(tx: Transaction, operator: OperatorId, merchant_id: MerchantId, *, at: datetime) -> int:
    """Return what an operator owes a merchant; nobody else is paid from it before this transaction ends."""
    theirs = account(AccountKind.MERCHANT, merchant_id)
    await Journal(tx).take_turn(theirs, at)
    return await Journal(tx).net_of_operator(operator, theirs)


async def _merchant(tx: Transaction, principal: Principal, merchant_id: MerchantId) -> Merchant:
    """Return a merchant that has an account with the principal's company."""
    found = (await CatalogueStore(tx).merchants_by_id([merchant_id], reach_of(principal))).get(merchant_id)
    is_within = found is not None and (principal.districts is None or found.district in principal.districts)
    operator = own_operator(principal)
    if found is None or not is_within or not await Journal(tx).has_account_with(operator, merchant_id):
        raise NotFound("not-found", "no such merchant has an account", merchant_id=merchant_id)
    return found
