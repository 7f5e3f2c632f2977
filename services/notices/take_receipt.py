"""A provider says what became of a message: signed, and taken once however often it is said."""

import hmac
from datetime import datetime
from typing import Final

import msgspec

from core.database import Database
from core.errors import Invalid, Unauthenticated
from core.ids import NoticeId
from fleet.webhooks.webhook import signature
from services.notices.kinds import (
    Channel,
    NoticeEvent,
    NoticeState,
    ReceiptCame,
    ReceiptFailed,
)
from services.notices.notice import Notice
from services.notices.store import NoticeStore

OLDEST_S: Final = 300
"""How far the time of a signature may lie from ours (Standard Webhooks 1)."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the provider says; ``costFen`` when it knows the price only now."""

    notice_id: str
    status: str
    trouble: str = ""
    cost_fen: int | None = None


def read_receipt(body: bytes, headers: dict[str, str], secret: str | None, *, wall: datetime) -> Receipt:
    """Return the receipt of a signed body.

    Raises Invalid when the city has no secret for receipts and for a body that is no receipt, Unauthenticated
    for a wrong or old signature.
    """
    if not secret:
        raise Invalid("invalid-input", "This city takes no receipts: STEPPE_NOTICES__RECEIPT_SECRET is unset")
    told = headers.get("webhook-timestamp", "")
    if not told.isdecimal() or abs(int(told[:12]) - wall.timestamp()) > OLDEST_S:
        raise Unauthenticated("not-authenticated", "The receipt has no time, or one too far from ours")
    expected = signature(secret, headers.get("webhook-id", ""), int(told), body)
    given = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in given):
        raise Unauthenticated("not-authenticated", "The receipt is not signed with the city's secret")
    try:
        receipt = msgspec.json.decode(body, type=Receipt)
    except msgspec.DecodeError as error:
        raise Invalid("invalid-input", str(error), field="body") from error
    if receipt.status not in ("delivered", "undelivered"):
        raise Invalid("invalid-input", "status is delivered or undelivered", field="status")
    if receipt.cost_fen is not None and not 0 <= receipt.cost_fen <= 100_000:
        raise Invalid("invalid-input", "a message costs 0 to 100000 fen", field="costFen", limit=100_000)
    return receipt


async def take_receipt(database: Database, receipt: Receipt, *, at: datetime) -> str:
    """Return what came of a receipt in a word: ``noted``, or ``already`` for one that says nothing new.

    When a text reached nobody the next step of its occasion is due at once. Raises NotFound.
    """
    async with database.write() as tx:
        store = NoticeStore(tx)
        notice = await store.get(NoticeId(receipt.notice_id))
        event: NoticeEvent
        if receipt.status == "delivered":
            event = ReceiptCame(cost_fen=receipt.cost_fen)
        else:
            event = ReceiptFailed(trouble=receipt.trouble[:200], cost_fen=receipt.cost_fen)
        if not _is_news(notice, event):
            return "already"
        await store.move(notice, event, at=at)
        if isinstance(event, ReceiptFailed):
            await _hurry(store, notice, at)
    return "noted"


def _is_news(notice: Notice, event: NoticeEvent) -> bool:
    if notice.channel is Channel.PAGE:
        return False
    if notice.state in (NoticeState.WAITING, NoticeState.SENT):
        return True
    return notice.state is NoticeState.UNDELIVERED and isinstance(event, ReceiptCame)


async def _hurry(store: NoticeStore, failed: Notice, at: datetime) -> None:
    """Make the next steps of the same occasion due: nobody heard the one before."""
    for notice in await store.of_subject(failed.subject, states=[NoticeState.WAITING]):
        if (notice.occasion, notice.turn) == (failed.occasion, failed.turn) and notice.due_at > at:
            await store.note(notice, due_at=at)
