"""One notice by one channel, and the one pure function that moves it."""

from datetime import datetime

import msgspec

from core.ids import DistrictCode, NoticeId, OperatorId, ResidentId
from core.transitions import advance as next_state
from services.notices.kinds import (
    TRANSITIONS,
    Channel,
    NoticeEvent,
    NoticeState,
    Occasion,
    ReceiptCame,
    ReceiptFailed,
    Refused,
    Taken,
)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a notice is about and whom it concerns. ``turn`` tells two occasions of one kind apart."""

    key: str
    """``kind:id``, such as ``order:0190…``."""
    turn: int
    resident_id: ResidentId
    district: DistrictCode
    operator: OperatorId


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One notice by one channel: never a phone number, never a text, never a code.

    ``due_at`` and the other times are city time; ``held_until`` is wall time: until then a sender has it, or
    a provider that failed is left in peace.
    """

    notice_id: NoticeId
    version: int = 1
    subject: str
    turn: int
    occasion: Occasion
    channel: Channel
    state: NoticeState = NoticeState.WAITING
    resident_id: ResidentId
    district: DistrictCode
    operator: OperatorId
    wanted_at: datetime
    due_at: datetime
    held_until: datetime | None = None
    tries: int = 0
    language: str = ""
    reference: str = ""
    cost_fen: int = 0
    trouble: str = ""
    sent_at: datetime | None = None
    closed_at: datetime | None = None


def advance(notice: Notice, event: NoticeEvent, *, at: datetime) -> Notice:
    """Return the notice after ``event`` at ``at``; version + 1. Raises IllegalTransition."""
    state = next_state(TRANSITIONS, notice.state, type(event))
    moved = msgspec.structs.replace(notice, state=state, version=notice.version + 1, held_until=None)
    match event:
        case Taken(reference=reference, cost_fen=cost_fen):
            return msgspec.structs.replace(moved, reference=reference, cost_fen=cost_fen, sent_at=at)
        case ReceiptCame(cost_fen=cost_fen):
            cost = notice.cost_fen if cost_fen is None else cost_fen
            return msgspec.structs.replace(moved, cost_fen=cost, closed_at=at)
        case ReceiptFailed(trouble=trouble, cost_fen=cost_fen):
            cost = notice.cost_fen if cost_fen is None else cost_fen
            return msgspec.structs.replace(moved, cost_fen=cost, trouble=trouble, closed_at=at)
        case Refused(trouble=trouble):
            return msgspec.structs.replace(moved, trouble=trouble, closed_at=at)
        case _:
            return msgspec.structs.replace(moved, closed_at=at)
