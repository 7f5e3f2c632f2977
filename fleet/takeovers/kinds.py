"""The life of a takeover session, and which alarms ask for one."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from fleet.alarms.kinds import FROM_THE_STREET, AlarmKind


class TakeoverState(StrEnum):
    """Where a takeover session stands (domain.md)."""

    REQUESTED = "requested"
    OFFERED = "offered"
    """To the operator who watches the vehicle; after a while everybody may take it."""
    CLAIMED = "claimed"
    ACTIVE = "active"
    HANDED_OVER = "handed_over"
    """Over for this operator: another session goes on with it."""
    RESOLVED = "resolved"
    EXPIRED = "expired"
    """Its cause went away before anybody took it on."""


class TakeoverEvent(StrEnum):
    """What moves a takeover session; asking makes it."""

    OFFERED = "takeover_offered"
    CLAIMED = "takeover_claimed"
    CLAIM_LAPSED = "claim_lapsed"
    BEGUN = "takeover_begun"
    HANDED_OVER = "takeover_handed_over"
    RESOLVED = "takeover_resolved"
    CAUSE_GONE = "cause_gone"


class TakeoverMode(StrEnum):
    """How the operator helps: assistance is not driving (domain.md)."""

    ASSIST = "assist"
    """Confirm, choose a path, wait, pull over."""
    DRIVE = "drive"
    """In the maker's own console; its start and end are recorded here."""


_S, _E = TakeoverState, TakeoverEvent
TAKEOVER_TRANSITIONS: Final[Mapping[tuple[TakeoverState, TakeoverEvent], TakeoverState]] = {
    (_S.REQUESTED, _E.OFFERED): _S.OFFERED,
    (_S.REQUESTED, _E.CLAIMED): _S.CLAIMED,
    (_S.REQUESTED, _E.CAUSE_GONE): _S.EXPIRED,
    (_S.OFFERED, _E.CLAIMED): _S.CLAIMED,
    (_S.OFFERED, _E.CAUSE_GONE): _S.EXPIRED,
    (_S.CLAIMED, _E.BEGUN): _S.ACTIVE,
    (_S.CLAIMED, _E.CLAIM_LAPSED): _S.REQUESTED,
    (_S.CLAIMED, _E.CAUSE_GONE): _S.EXPIRED,
    (_S.ACTIVE, _E.HANDED_OVER): _S.HANDED_OVER,
    (_S.ACTIVE, _E.RESOLVED): _S.RESOLVED,
}
"""What somebody works on is ended by people, also when its cause has gone away."""
TAKEOVER_TERMINAL: Final = frozenset({_S.HANDED_OVER, _S.RESOLVED, _S.EXPIRED})
WAITING: Final = frozenset({_S.REQUESTED, _S.OFFERED, _S.CLAIMED})
"""States in which nobody helps yet."""

ASKED_BY: Final = frozenset(
    {
        AlarmKind.TAKEOVER_REQUESTED,
        AlarmKind.STUCK,
        AlarmKind.STOPPED_IN_KEEP_CLEAR,
        AlarmKind.NO_GO_ENTRY,
        *FROM_THE_STREET,
    }
)
"""Alarms that a person far away can do something about."""
OFFER_FOR: Final = timedelta(seconds=15)
"""Wall time for which only the operator who watches the vehicle may take it."""
CLAIM_FOR: Final = timedelta(seconds=60)
"""Wall time within which whoever claimed must begin, else others may take it."""
