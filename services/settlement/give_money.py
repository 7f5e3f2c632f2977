"""What an operator gives back or pays out: refunds after delivery, payouts to merchants, corrections."""

from datetime import datetime
from typing import Literal

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict, Invalid, NotFound
from core.ids import AccountId, MerchantId, OperatorId, OrderId, new_id
from services.delivery.catalogue import Merchant
from services.delivery.store import CatalogueStore
from services.orders.states import OrderState
from services.orders.store import OrderStore
from services.settlement.accounts import AccountKind, account
from services.settlement.bought import Bought
from services.settlement.entry import MOST_FEN, Entry, EntrySource, Posting, PostingKind
from services.settlement.payment_port import Payment, PaymentPort
from services.settlement.store import BookedEntry, Journal, TermsStore, of_bought, of_operator
from services.settlement.take_money import bought_by_order, due_of, own_operator
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
    """Give back part of what a delivered order cost at the merchant's or the operator's cost.

    Raises NotFound, Conflict for an order that was not delivered (everything else went back by itself), else
    as ``give_back``.
    """
    own_operator(principal)
    order = await OrderStore(tx).get(order_id, reach_of(principal))
    kept = (await TermsStore(tx).of_orders([order_id])).get(order_id)
    if order.state is not OrderState.DELIVERED or kept is None:
        raise Conflict("conflict", "only a delivered order is refunded by hand", state=order.state.value)
    bearer = (
        account(AccountKind.MERCHANT, order.merchant_id)
        if borne_by == "merchant"
        else account(AccountKind.LOSS, order.operator)
    )
    wanted = Refund(
        bought=bought_by_order(order),
        paid_by=kept.paid_by,
        cost_fen=order.total_fen,
        amount_fen=amount_fen,
        bearer=bearer,
        reason=reason,
    )
    return await give_back(tx, principal, wanted, at=at)


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money to give back for something that cost ``cost_fen``, out of the account ``bearer``."""

    bought: Bought
    paid_by: PaidBy
    cost_fen: int
    amount_fen: int
    bearer: AccountId
    reason: str


async def give_back(tx: Transaction, principal: Principal, wanted: Refund, *, at: datetime) -> BookedEntry:
    """Give money back the way it was paid, and return the entry.

    A balance gets it back; what is still due becomes less; what was received over the counter goes back over
    it. Raises Invalid for more than it cost and was not refunded yet.
    """
    operator, bought = own_operator(principal), wanted.bought
    due = await due_of(tx, bought, at=at)
    left = wanted.cost_fen - await Journal(tx).refunded(of_bought(bought))
    if not 1 <= wanted.amount_fen <= left:
        raise Invalid("invalid-input", f"1 to {left} fen", field="amountFen", limit=f"1 to {left}")
    entry = Entry(
        cause=f"refund:{new_id()}",
        source=EntrySource.REFUND,
        at=at,
        operator=bought.operator,
        district=bought.district,
        order_id=bought.order_id,
        sale_id=bought.sale_id,
        vehicle_no=bought.vehicle_no,
        actor=f"staff:{principal.id}",
        note=wanted.reason,
        postings=tuple(
            Posting(from_account=wanted.bearer, to_account=taker, kind=PostingKind.REFUND, amount_fen=fen)
            for taker, fen in _ways_back(wanted, due, operator)
            if fen
        ),
    )
    await Journal(tx).post(entry)
    fields = {"amount_fen": wanted.amount_fen, "borne_by": wanted.bearer}
    await audit.record(tx, principal, "money.refund", bought.about, fields, wanted.reason, at=at)
    return await Journal(tx).by_cause(entry.cause)


def _ways_back(wanted: Refund, due_fen: int, operator: OperatorId) -> list[tuple[AccountId, int]]:
    off_due = min(wanted.amount_fen, due_fen)
    purse = account(AccountKind.RESIDENT_BALANCE, wanted.bought.resident_id)
    way = purse if wanted.paid_by is PaidBy.BALANCE else account(AccountKind.TILL, operator)
    return [
        (account(AccountKind.RESIDENT_DUE, wanted.bought.resident_id), off_due),
        (way, wanted.amount_fen - off_due),
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
    return await Journal(tx).net(of_operator(operator), theirs)


async def _merchant(tx: Transaction, principal: Principal, merchant_id: MerchantId) -> Merchant:
    """Return a merchant that has an account with the principal's company."""
    found = (await CatalogueStore(tx).merchants_by_id([merchant_id], reach_of(principal))).get(merchant_id)
    is_within = found is not None and (principal.districts is None or found.district in principal.districts)
    operator = own_operator(principal)
    if found is None or not is_within or not await Journal(tx).has_account_with(operator, merchant_id):
        raise NotFound("not-found", "no such merchant has an account", merchant_id=merchant_id)
    return found
