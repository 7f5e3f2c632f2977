"""Kinds of work order, the life of one, and which alarms open one by themselves."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from fleet.alarms.kinds import AlarmKind


class WorkKind(StrEnum):
    """What the crew is asked to do (domain.md, Work order)."""

    RESCUE = "rescue"
    TOW = "tow"
    UNLOCK = "unlock"
    RESTOCK = "restock"
    CLEAN = "clean"
    REPAIR = "repair"
    INSPECTION = "inspection"


class WorkState(StrEnum):
    """Where a work order stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    DONE = "done"
    CANNOT = "cannot"
    """Over without being done: the crew could not, it was called off, or its cause went away."""


class WorkEvent(StrEnum):
    """What moves a work order; opening makes it."""

    ASSIGNED = "work_assigned"
    HANDED_BACK = "work_handed_back"
    STARTED = "crew_started"
    ARRIVED = "crew_arrived"
    DONE = "work_done"
    GAVE_UP = "crew_gave_up"
    CALLED_OFF = "work_called_off"
    CAUSE_GONE = "cause_gone"


_S, _E = WorkState, WorkEvent
WORK_TRANSITIONS: Final[Mapping[tuple[WorkState, WorkEvent], WorkState]] = {
    (_S.OPEN, _E.ASSIGNED): _S.ASSIGNED,
    (_S.OPEN, _E.CALLED_OFF): _S.CANNOT,
    (_S.OPEN, _E.CAUSE_GONE): _S.CANNOT,
    (_S.ASSIGNED, _E.ASSIGNED): _S.ASSIGNED,
    (_S.ASSIGNED, _E.HANDED_BACK): _S.OPEN,
    (_S.ASSIGNED, _E.STARTED): _S.EN_ROUTE,
    (_S.ASSIGNED, _E.GAVE_UP): _S.CANNOT,
    (_S.ASSIGNED, _E.CALLED_OFF): _S.CANNOT,
    (_S.ASSIGNED, _E.CAUSE_GONE): _S.CANNOT,
    (_S.EN_ROUTE, _E.ASSIGNED): _S.ASSIGNED,
    (_S.EN_ROUTE, _E.HANDED_BACK): _S.OPEN,
    (_S.EN_ROUTE, _E.ARRIVED): _S.ON_SITE,
    (_S.EN_ROUTE, _E.GAVE_UP): _S.CANNOT,
    (_S.EN_ROUTE, _E.CALLED_OFF): _S.CANNOT,
    (_S.ON_SITE, _E.DONE): _S.DONE,
    (_S.ON_SITE, _E.GAVE_UP): _S.CANNOT,
}
"""A crew that has set out is never sent home by a cause that went away: people decide that. Nobody calls off
work that somebody does at the vehicle."""
WORK_TERMINAL: Final = frozenset({WorkState.DONE, WorkState.CANNOT})


class Opening(msgspec.Struct, frozen=True):
    """The work that an alarm opens."""

    kind: WorkKind
    is_safety: bool
    """Whether the vehicle takes no work until it is closed."""
    ends_with_cause: bool
    """Whether it is over when its cause goes away before anybody set out; else a person must look."""


OF_ALARM: Final[Mapping[AlarmKind, Opening]] = {
    AlarmKind.NEEDS_PERSON: Opening(WorkKind.RESCUE, is_safety=False, ends_with_cause=True),
    AlarmKind.VEHICLE_FAULT: Opening(WorkKind.REPAIR, is_safety=True, ends_with_cause=True),
    AlarmKind.CHARGE_STALLED: Opening(WorkKind.REPAIR, is_safety=True, ends_with_cause=True),
    AlarmKind.SENSOR_BLOCKED: Opening(WorkKind.CLEAN, is_safety=True, ends_with_cause=True),
    AlarmKind.TIPPED_OVER: Opening(WorkKind.RESCUE, is_safety=True, ends_with_cause=False),
    AlarmKind.COLLISION: Opening(WorkKind.RESCUE, is_safety=True, ends_with_cause=False),
    AlarmKind.BATTERY_THERMAL: Opening(WorkKind.TOW, is_safety=True, ends_with_cause=False),
    AlarmKind.DOOR_FORCED: Opening(WorkKind.REPAIR, is_safety=True, ends_with_cause=False),
}
"""A vehicle fault opens one only when it is fatal (opening_of)."""
BATTERY_EMPTY: Final = 101
"""The fault code of an empty battery (docs/wire-protocol.md, 6): a rescue with a fresh pack, no repair."""
