"""What an operator's staff takes in at a counter: top-ups, and what is due for goods that are taken."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import DistrictCode, OperatorId, OrderId, ResidentId, new_id
from services.orders.order import Order
from services.orders.store import OrderStore
from services.settlement.accounts import AccountKind, account
from services.settlement.bought import Bought
from services.settlement.entry import EntrySource, PostingKind
from services.settlement.payment_port import Payment, PaymentPort
from services.settlement.store import BookedEntry, Journal, of_bought

MOST_TOP_UP_FEN = 100_000
"""Largest top-up, 1,000 yuan: what a prepaid card without a name may hold in China.

Source: 单用途商业预付卡管理办法（试行）."""
MOST_BALANCE_FEN = 500_000
"""Largest balance, 5,000 yuan: what such a card with a name may hold."""


def own_operator(principal: Principal) -> OperatorId:
    """Return the company whose till it is; raise Forbidden for somebody of no company."""
    if principal.operator is None:
        raise Forbidden("forbidden", "only staff of an operating company handles its money")
    return principal.operator


async def top_up(
    tx: Transaction,
    port: PaymentPort,
    principal: Principal,
    resident_id: ResidentId,
    *,
    amount_fen: int,
    district: DistrictCode,
    note: str,
    at: datetime,
) -> BookedEntry:
    """Take money for a resident's balance and return the receipt.

    Raises Invalid for more than a top-up or a balance may be, NotFound for a district out of reach.
    """
    operator = own_operator(principal)
    if principal.districts is not None and district not in principal.districts:
        raise NotFound("not-found", "there is no such district", district=district)
    if not 1 <= amount_fen <= MOST_TOP_UP_FEN:
        raise Invalid(
            "invalid-input",
            f"1 to {MOST_TOP_UP_FEN} fen at once",
            field="amountFen",
            limit=f"1 to {MOST_TOP_UP_FEN}",
        )
    purse = account(AccountKind.RESIDENT_BALANCE, resident_id)
    balance = await Journal(tx).take_turn(purse, at)
    if balance + amount_fen > MOST_BALANCE_FEN:
        raise Invalid(
            "invalid-input",
            f"a balance holds {MOST_BALANCE_FEN} fen",
            field="amountFen",
            limit=f"{MOST_BALANCE_FEN - balance} more",
        )
    payment = Payment(
        cause=f"top-up:{new_id()}",
        source=EntrySource.TOP_UP,
        kind=PostingKind.TOP_UP,
        from_account=account(AccountKind.TILL, operator),
        to_account=purse,
        amount_fen=amount_fen,
        operator=operator,
        district=district,
        actor=f"staff:{principal.id}",
        note=note,
    )
    return await _settled(tx, port, principal, payment, f"resident:{resident_id}", at)


async def receive_order_due(
    tx: Transaction, port: PaymentPort, principal: Principal, order_id: OrderId, *, note: str, at: datetime
) -> BookedEntry:
    """Take what is still due for an order that was collected; raise NotFound, else as ``receive_due``."""
    own_operator(principal)
    order = await OrderStore(tx).get(order_id, reach_of(principal))
    return await receive_due(tx, port, principal, bought_by_order(order), note=note, at=at)


async def receive_due(
    tx: Transaction, port: PaymentPort, principal: Principal, bought: Bought, *, note: str, at: datetime
) -> BookedEntry:
    """Take what is still due for something, all of it, and return the receipt.

    Raises Conflict ``nothing-due`` when it is paid or nothing was to be paid.
    """
    operator = own_operator(principal)
    due = await due_of(tx, bought, at=at)
    if due == 0:
        raise Conflict("nothing-due", about=bought.about)
    payment = Payment(
        cause=f"receipt:{new_id()}",
        source=EntrySource.RECEIPT,
        kind=PostingKind.RECEIPT,
        from_account=account(AccountKind.TILL, operator),
        to_account=account(AccountKind.RESIDENT_DUE, bought.resident_id),
        amount_fen=due,
        operator=operator,
        district=bought.district,
        order_id=bought.order_id,
        sale_id=bought.sale_id,
        actor=f"staff:{principal.id}",
        note=note,
    )
    return await _settled(tx, port, principal, payment, bought.about, at)


async def due_of(tx: Transaction, bought: Bought, *, at: datetime) -> int:
    """Return what is still to be paid for it; nobody else changes that before this transaction ends."""
    owed = account(AccountKind.RESIDENT_DUE, bought.resident_id)
    await Journal(tx).take_turn(owed, at)
    return -await Journal(tx).net(of_bought(bought), owed)


def bought_by_order(order: Order) -> Bought:
    """Return an order as something bought."""
    return Bought(
        operator=order.operator,
        district=order.district,
        resident_id=order.resident_id,
        vehicle_no=order.vehicle_no,
        order_id=order.order_id,
    )


async def _settled(
    tx: Transaction, port: PaymentPort, principal: Principal, payment: Payment, about: str, at: datetime
) -> BookedEntry:
    receipt = await port.settle(tx, payment, at=at)
    fields = {"amount_fen": payment.amount_fen, "entry_no": receipt.entry_no}
    await audit.record(tx, principal, f"money.{payment.source.value}", about, fields, payment.note, at=at)
    return receipt
