"""The kinds of violation, the rule each one breaks, and the life of a violation."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from fleet.alarms.kinds import AlarmKind


class ViolationKind(StrEnum):
    """Which rule was broken."""

    NO_GO_ENTRY = "no_go_entry"
    LEFT_OPERATING_AREA = "left_operating_area"
    STOPPED_IN_KEEP_CLEAR = "stopped_in_keep_clear"
    OVERSPEED = "overspeed"
    SERVICE_REFUSED = "service_refused"
    """It worked where its service is not allowed."""


OF_ALARM: Final[Mapping[AlarmKind, ViolationKind]] = {
    AlarmKind.NO_GO_ENTRY: ViolationKind.NO_GO_ENTRY,
    AlarmKind.LEFT_OPERATING_AREA: ViolationKind.LEFT_OPERATING_AREA,
    AlarmKind.STOPPED_IN_KEEP_CLEAR: ViolationKind.STOPPED_IN_KEEP_CLEAR,
    AlarmKind.OVERSPEED: ViolationKind.OVERSPEED,
    AlarmKind.SERVICE_REFUSED: ViolationKind.SERVICE_REFUSED,
}
"""The violation that a cause opens by itself; an alarm asks somebody to act, this is what is kept of it."""


class ViolationState(StrEnum):
    """How far a violation has come."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    APPEALED = "appealed"
    UPHELD = "upheld"
    OVERTURNED = "overturned"
    CLOSED = "closed"


class ViolationEvent(StrEnum):
    """What people do about a violation; a cause makes it."""

    CONFIRMED = "violation_confirmed"
    DISMISSED = "violation_dismissed"
    APPEALED = "violation_appealed"
    UPHELD = "violation_upheld"
    OVERTURNED = "violation_overturned"
    CLOSED = "violation_closed"


_S, _E = ViolationState, ViolationEvent
VIOLATION_TRANSITIONS: Final[Mapping[tuple[ViolationState, ViolationEvent], ViolationState]] = {
    (_S.SUSPECTED, _E.CONFIRMED): _S.CONFIRMED,
    (_S.SUSPECTED, _E.DISMISSED): _S.DISMISSED,
    (_S.CONFIRMED, _E.APPEALED): _S.APPEALED,
    (_S.APPEALED, _E.UPHELD): _S.UPHELD,
    (_S.APPEALED, _E.OVERTURNED): _S.OVERTURNED,
    (_S.CONFIRMED, _E.CLOSED): _S.CLOSED,
    (_S.DISMISSED, _E.CLOSED): _S.CLOSED,
    (_S.UPHELD, _E.CLOSED): _S.CLOSED,
    (_S.OVERTURNED, _E.CLOSED): _S.CLOSED,
}
VIOLATION_TERMINAL: Final = frozenset({ViolationState.CLOSED})
COUNTED: Final = frozenset({ViolationState.CONFIRMED, ViolationState.APPEALED, ViolationState.UPHELD})
"""Findings under which a violation counts against its vehicle: an appeal alone does not lift it."""
