"""What a bystander may say of a vehicle, and the life of what was said (domain.md, Bystander report)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from fleet.alarms.kinds import AlarmKind


class FeedbackKind(StrEnum):
    """What is the matter."""

    BLOCKS_WAY = "blocks_way"
    TOO_CLOSE = "too_close"
    NOISE = "noise"
    HELP = "help"
    """Somebody needs help at the vehicle."""
    DAMAGE = "damage"
    OTHER = "other"


class FeedbackState(StrEnum):
    """Where it stands."""

    RECEIVED = "received"
    LOOKING = "looking"
    RESOLVED = "resolved"
    REJECTED = "rejected"
    ANSWERED = "answered"
    """The bystander can read what came of it."""


class FeedbackEvent(StrEnum):
    """What moves it; saying it makes it."""

    LOOKED_INTO = "feedback_looked_into"
    RESOLVED = "feedback_resolved"
    REJECTED = "feedback_rejected"
    ANSWERED = "feedback_answered"


_S, _E = FeedbackState, FeedbackEvent
FEEDBACK_TRANSITIONS: Final[Mapping[tuple[FeedbackState, FeedbackEvent], FeedbackState]] = {
    (_S.RECEIVED, _E.LOOKED_INTO): _S.LOOKING,
    (_S.RECEIVED, _E.REJECTED): _S.REJECTED,
    (_S.LOOKING, _E.RESOLVED): _S.RESOLVED,
    (_S.LOOKING, _E.REJECTED): _S.REJECTED,
    (_S.RESOLVED, _E.ANSWERED): _S.ANSWERED,
    (_S.REJECTED, _E.ANSWERED): _S.ANSWERED,
}
FEEDBACK_TERMINAL: Final = frozenset({FeedbackState.ANSWERED})
UNANSWERED: Final = frozenset({FeedbackState.RECEIVED, FeedbackState.LOOKING})
"""States in which something is still to be done at the vehicle."""

ALARM_OF: Final[Mapping[FeedbackKind, AlarmKind]] = {
    FeedbackKind.BLOCKS_WAY: AlarmKind.STREET_BLOCKED,
    FeedbackKind.HELP: AlarmKind.STREET_HELP,
}
"""What cannot wait for an answer: an alarm, which goes to the head of the intervention queue."""
KIND_OF: Final[Mapping[AlarmKind, FeedbackKind]] = {alarm: kind for kind, alarm in ALARM_OF.items()}
