"""What a recipient is told, as a wish in the transaction of the fact; who sends it is plugged in above."""

from datetime import datetime
from enum import StrEnum

from core.database import Transaction
from core.outbox import emit
from services.orders.order import Order

TOPIC = "notice.wanted"


class NoticeKind(StrEnum):
    """Why somebody is told something about an order."""

    ARRIVED = "arrived"
    REMINDER = "reminder"
    DELAYED = "delayed"
    MISSED = "missed"
    CANCELLED = "cancelled"
    DELIVERED = "delivered"


async def want_notice(tx: Transaction, order: Order, kind: NoticeKind, *, at: datetime) -> None:
    """Ask for a notice about the order once this transaction is committed; the code is never part of it."""
    payload = {"kind": kind.value, "order_id": order.order_id, "resident_id": order.resident_id}
    await emit(tx, TOPIC, payload, key=f"notice:{order.order_id}", at=at)
