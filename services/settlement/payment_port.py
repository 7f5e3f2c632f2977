"""The payment port: how money comes in from residents and goes out, and the way that works offline."""

from datetime import datetime
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from core.database import Transaction
from core.ids import AccountId, DistrictCode, OperatorId, OrderId
from services.settlement.entry import MOST_FEN, Entry, EntrySource, Posting, PostingKind, SaleId
from services.settlement.store import BookedEntry, Journal


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """Money that changes hands outside of the ledger, between two of its accounts.

    ``cause`` is its identity: the same cause is paid once.
    """

    cause: str
    source: EntrySource
    kind: PostingKind
    from_account: AccountId
    to_account: AccountId
    amount_fen: Annotated[int, Meta(gt=0, le=MOST_FEN)]
    operator: OperatorId
    district: DistrictCode
    order_id: OrderId | None = None
    sale_id: SaleId | None = None
    actor: str
    note: str = ""


class PaymentPort(Protocol):
    """Whoever moves real money. A gateway would answer later; nobody pretends to be one."""

    async def settle(self, tx: Transaction, payment: Payment, /, *, at: datetime) -> BookedEntry:
        """Return the entry that is the receipt, posted in this transaction."""
        ...


class Counter:
    """Cash over a counter or a bank transfer that a person has seen: settled when it is recorded."""

    async def settle(self, tx: Transaction, payment: Payment, /, *, at: datetime) -> BookedEntry:
        """Post the payment once and return its entry, the receipt."""
        posting = Posting(
            from_account=payment.from_account,
            to_account=payment.to_account,
            kind=payment.kind,
            amount_fen=payment.amount_fen,
        )
        entry = Entry(
            cause=payment.cause,
            source=payment.source,
            at=at,
            operator=payment.operator,
            district=payment.district,
            order_id=payment.order_id,
            sale_id=payment.sale_id,
            actor=payment.actor,
            note=payment.note,
            postings=(posting,),
        )
        await Journal(tx).post(entry)
        return await Journal(tx).by_cause(payment.cause)
