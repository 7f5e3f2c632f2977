"""What people on the street say of a vehicle: as they say and read it, and as staff see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.ids import FeedbackId
from dashboard.cursors import write_cursor
from fleet.feedback.answer_feedback import LONGEST_ANSWER
from fleet.feedback.feedback import Feedback
from fleet.feedback.kinds import FeedbackKind
from fleet.feedback.take_feedback import LONGEST_WORDS

Token = Annotated[str, Meta(min_length=1, max_length=128)]


class SayFeedback(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The code on the vehicle and what is the matter; nobody is asked who he is.

    `requestId` is drawn at random by the page: the same one again is the same report and not another.
    """

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: FeedbackKind
    words: Annotated[str, Meta(max_length=LONGEST_WORDS)] = ""
    request_id: Annotated[str, Meta(min_length=22, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class OpenFeedback(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The token that saying it gave. It stands in the body, never in an address or a log."""

    token: Token


class FeedbackStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of a report, for whoever made it; `answer` is empty until somebody has answered."""

    token: str
    code: str
    kind: str
    state: str
    outcome: str | None
    received_at: datetime
    looked_into_at: datetime | None
    closed_at: datetime | None
    answer: str


class FeedbackView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A report as staff see it."""

    feedback_id: str
    vehicle_no: int
    code: str
    district: str
    operator: str
    kind: str
    words: str
    lat: float | None
    lng: float | None
    state: str
    outcome: str | None
    received_at: datetime
    looked_into_at: datetime | None
    looked_into_by_name: str | None
    """Who looked into it first."""
    owner_name: str | None
    """Who has its alarm now; null without a standing alarm, and while nobody has it."""
    closed_at: datetime | None
    answer: str
    answered_by_name: str | None


class FeedbackPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of reports, newest first; `nextCursor` is null on the last one."""

    items: tuple[FeedbackView, ...]
    next_cursor: str | None = None


class AnswerFeedback(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What came of it, in words that the bystander reads.

    `withOthers` answers everything of the same kind that waits about the same vehicle.
    """

    outcome: Literal["resolved", "rejected"]
    words: Annotated[str, Meta(min_length=1, max_length=LONGEST_ANSWER)]
    with_others: bool = True


def feedback_status(said: Feedback, token: str) -> FeedbackStatus:
    """Return what the holder of a token reads."""
    return FeedbackStatus(
        token=token,
        code=said.code,
        kind=said.kind.value,
        state=said.state.value,
        outcome=None if said.outcome is None else said.outcome.value,
        received_at=said.received_at,
        looked_into_at=said.looked_into_at,
        closed_at=said.closed_at,
        answer=said.answer,
    )


def feedback_view(said: Feedback, owner_name: str | None = None) -> FeedbackView:
    """Return what staff read; `owner_name` is who has its alarm."""
    told = {"kind", "state", "outcome", "owner_name"}
    same = [name for name in FeedbackView.__struct_fields__ if name not in told]
    return FeedbackView(
        **{name: getattr(said, name) for name in same},
        kind=said.kind.value,
        state=said.state.value,
        outcome=None if said.outcome is None else said.outcome.value,
        owner_name=owner_name,
    )


def feedback_page(
    found: Sequence[Feedback], owners: Mapping[FeedbackId, str | None], limit: int
) -> FeedbackPage:
    """Return a page out of one row more than it shows."""
    shown = found[:limit]
    more = len(found) > limit
    place = (shown[-1].received_at, shown[-1].feedback_id) if more else None
    return FeedbackPage(
        items=tuple(feedback_view(one, owners.get(one.feedback_id)) for one in shown),
        next_cursor=None if place is None else write_cursor(place),
    )
