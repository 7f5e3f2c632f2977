"""Asking that somebody be told, in the transaction of the fact; and no longer asking, when she reacted."""

from datetime import datetime, timedelta

from core.database import Transaction
from core.ids import NoticeId, new_id
from core.outbox import emit
from services.notices.escalation import Step, steps
from services.notices.kinds import Channel, NoticeState, Occasion, ReceiptCame, StoodDown
from services.notices.notice import Notice, Subject
from services.notices.store import NoticeStore, WishStore

TOPIC = "notice.wanted"


async def want_notices(tx: Transaction, subject: Subject, occasion: Occasion, *, at: datetime) -> int:
    """Ask for every step of an occasion once this transaction is committed; return how many are new.

    The same occasion and turn of one subject is told once by each channel, however often it is asked for.
    """
    wishes = await WishStore(tx).of(subject.resident_id)
    wanted = [_notice(subject, occasion, step, at) for step in steps(occasion, wishes)]
    new = await NoticeStore(tx).add(wanted)
    if new:
        await emit(tx, TOPIC, {}, key=f"notice:{subject.key}", at=at)
    return new


async def stand_down(tx: Transaction, subject: str, *, at: datetime) -> int:
    """Send no more of what waits about a subject: somebody reacted. Return how many were left out."""
    store = NoticeStore(tx)
    waiting = await store.of_subject(subject, states=[NoticeState.WAITING])
    for notice in waiting:
        await store.move(notice, StoodDown(), at=at)
    return len(waiting)


async def page_seen(tx: Transaction, subject: str, *, at: datetime) -> int:
    """Note that the page of a subject was looked at: its notices are received, and nobody need be called.

    Returns how many notices of the page were received by this.
    """
    store = NoticeStore(tx)
    shown = [
        notice
        for notice in await store.of_subject(subject, states=[NoticeState.SENT])
        if notice.channel is Channel.PAGE
    ]
    for notice in shown:
        await store.move(notice, ReceiptCame(), at=at)
    if shown:
        await stand_down(tx, subject, at=at)
    return len(shown)


def _notice(subject: Subject, occasion: Occasion, step: Step, at: datetime) -> Notice:
    on_page = step.channel is Channel.PAGE
    return Notice(
        notice_id=NoticeId(new_id()),
        subject=subject.key,
        turn=subject.turn,
        occasion=occasion,
        channel=step.channel,
        state=NoticeState.SENT if on_page else NoticeState.WAITING,
        resident_id=subject.resident_id,
        district=subject.district,
        operator=subject.operator,
        wanted_at=at,
        due_at=at + timedelta(seconds=step.after_s),
        sent_at=at if on_page else None,
    )
