"""The vehicle state of the Mobility Data Specification: derived from our machines, never set by hand.

Source: MDS 2.0.2, modes/delivery-robots, vehicle states and the transition table of 52 rows. One spelling
follows the specification's own event list and not its table: ``recommission`` (table: ``recommissioned``).
"""

from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from fleet.vehicles.kinds import Connection, Duty, Lifecycle


class MdsState(StrEnum):
    """The nine states of the delivery-robots mode."""

    REMOVED = "removed"
    AVAILABLE = "available"
    NON_OPERATIONAL = "non_operational"
    RESERVED = "reserved"
    ON_TRIP = "on_trip"
    STOPPED = "stopped"
    NON_CONTACTABLE = "non_contactable"
    MISSING = "missing"
    ELSEWHERE = "elsewhere"


class MdsEvent(StrEnum):
    """The event types of the delivery-robots mode that appear in its transition table."""

    COMMS_LOST = "comms_lost"
    COMMS_RESTORED = "comms_restored"
    CUSTOMER_CANCELLATION = "customer_cancellation"
    DECOMMISSIONED = "decommissioned"
    DRIVER_CANCELLATION = "driver_cancellation"
    LOCATED = "located"
    MAINTENANCE = "maintenance"
    MAINTENANCE_END = "maintenance_end"
    MAINTENANCE_PICK_UP = "maintenance_pick_up"
    NOT_LOCATED = "not_located"
    ORDER_DROP_OFF = "order_drop_off"
    ORDER_PICK_UP = "order_pick_up"
    PROVIDER_CANCELLATION = "provider_cancellation"
    RECOMMISSION = "recommission"
    RESERVATION_START = "reservation_start"
    RESERVATION_STOP = "reservation_stop"
    SERVICE_END = "service_end"
    SERVICE_START = "service_start"
    TRIP_END = "trip_end"
    TRIP_ENTER_JURISDICTION = "trip_enter_jurisdiction"
    TRIP_LEAVE_JURISDICTION = "trip_leave_jurisdiction"
    TRIP_PAUSE = "trip_pause"
    TRIP_RESUME = "trip_resume"
    TRIP_START = "trip_start"


class TripPhase(StrEnum):
    """How far a task that counts as a trip has come; return, roaming and advertising trips count as NONE."""

    NONE = "none"
    RESERVED = "reserved"
    UNDER_WAY = "under_way"
    STOPPED = "stopped"


_CANCELLED = (MdsEvent.CUSTOMER_CANCELLATION, MdsEvent.DRIVER_CANCELLATION, MdsEvent.PROVIDER_CANCELLATION)
_FOUND_AGAIN = (
    MdsState.AVAILABLE,
    MdsState.ELSEWHERE,
    MdsState.NON_OPERATIONAL,
    MdsState.ON_TRIP,
    MdsState.REMOVED,
    MdsState.RESERVED,
    MdsState.STOPPED,
)

MDS_TRANSITIONS: Final[Mapping[tuple[MdsState, MdsState], tuple[MdsEvent, ...]]] = {
    (MdsState.AVAILABLE, MdsState.ELSEWHERE): (MdsEvent.TRIP_LEAVE_JURISDICTION,),
    (MdsState.AVAILABLE, MdsState.NON_CONTACTABLE): (MdsEvent.COMMS_LOST,),
    (MdsState.AVAILABLE, MdsState.NON_OPERATIONAL): (MdsEvent.SERVICE_END,),
    (MdsState.AVAILABLE, MdsState.RESERVED): (MdsEvent.RESERVATION_START,),
    (MdsState.RESERVED, MdsState.AVAILABLE): _CANCELLED,
    (MdsState.RESERVED, MdsState.ELSEWHERE): (MdsEvent.TRIP_LEAVE_JURISDICTION,),
    (MdsState.RESERVED, MdsState.NON_CONTACTABLE): (MdsEvent.COMMS_LOST,),
    (MdsState.RESERVED, MdsState.STOPPED): (MdsEvent.RESERVATION_STOP,),
    (MdsState.STOPPED, MdsState.AVAILABLE): (MdsEvent.TRIP_END, *_CANCELLED),
    (MdsState.STOPPED, MdsState.NON_CONTACTABLE): (MdsEvent.COMMS_LOST,),
    (MdsState.STOPPED, MdsState.ON_TRIP): (MdsEvent.TRIP_START, MdsEvent.TRIP_RESUME),
    (MdsState.ON_TRIP, MdsState.ELSEWHERE): (MdsEvent.TRIP_LEAVE_JURISDICTION,),
    (MdsState.ON_TRIP, MdsState.NON_CONTACTABLE): (MdsEvent.COMMS_LOST,),
    (MdsState.ON_TRIP, MdsState.STOPPED): (
        MdsEvent.TRIP_PAUSE,
        MdsEvent.ORDER_PICK_UP,
        MdsEvent.ORDER_DROP_OFF,
    ),
    (MdsState.NON_OPERATIONAL, MdsState.AVAILABLE): (MdsEvent.SERVICE_START,),
    (MdsState.NON_OPERATIONAL, MdsState.ELSEWHERE): (MdsEvent.TRIP_LEAVE_JURISDICTION,),
    (MdsState.NON_OPERATIONAL, MdsState.NON_CONTACTABLE): (MdsEvent.COMMS_LOST,),
    (MdsState.NON_OPERATIONAL, MdsState.NON_OPERATIONAL): (MdsEvent.MAINTENANCE, MdsEvent.MAINTENANCE_END),
    (MdsState.NON_OPERATIONAL, MdsState.REMOVED): (MdsEvent.DECOMMISSIONED, MdsEvent.MAINTENANCE_PICK_UP),
    (MdsState.REMOVED, MdsState.NON_CONTACTABLE): (MdsEvent.COMMS_LOST,),
    (MdsState.REMOVED, MdsState.NON_OPERATIONAL): (MdsEvent.RECOMMISSION, MdsEvent.MAINTENANCE_END),
    (MdsState.ELSEWHERE, MdsState.AVAILABLE): (MdsEvent.TRIP_ENTER_JURISDICTION,),
    (MdsState.ELSEWHERE, MdsState.NON_OPERATIONAL): (MdsEvent.TRIP_ENTER_JURISDICTION,),
    (MdsState.ELSEWHERE, MdsState.ON_TRIP): (MdsEvent.TRIP_ENTER_JURISDICTION,),
    (MdsState.ELSEWHERE, MdsState.RESERVED): (MdsEvent.TRIP_ENTER_JURISDICTION,),
    (MdsState.ELSEWHERE, MdsState.NON_CONTACTABLE): (MdsEvent.COMMS_LOST,),
    **{(MdsState.NON_CONTACTABLE, state): (MdsEvent.COMMS_RESTORED,) for state in _FOUND_AGAIN},
    (MdsState.NON_CONTACTABLE, MdsState.MISSING): (MdsEvent.NOT_LOCATED,),
    **{(MdsState.MISSING, state): (MdsEvent.LOCATED,) for state in _FOUND_AGAIN},
}
"""Every legal step and the events that may explain it; the first is named when nothing says more."""

OUT_OF_SIGHT: Final = frozenset({Connection.OFFLINE, Connection.HIBERNATING})


class MdsFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the derived state is derived from."""

    lifecycle: Lifecycle
    connection: Connection
    duty: Duty
    trip: TripPhase = TripPhase.NONE
    is_inside_jurisdiction: bool = True
    is_given_up_for_lost: bool = False
    """People looked and did not find it; only counts while it cannot be contacted."""


def derive_mds_state(facts: MdsFacts) -> MdsState:
    """Return the MDS state of a vehicle; the first rule that fits decides, from absent to present.

    A vehicle with several trips is ``stopped`` if any is (MDS, delivery-robots, concurrent trips): give the
    tightest phase as ``trip``.
    """
    if facts.lifecycle in {Lifecycle.REGISTERED, Lifecycle.PERMITTED, Lifecycle.DECOMMISSIONED}:
        return MdsState.REMOVED
    if facts.connection in OUT_OF_SIGHT:
        return MdsState.MISSING if facts.is_given_up_for_lost else MdsState.NON_CONTACTABLE
    if not facts.is_inside_jurisdiction:
        return MdsState.ELSEWHERE
    if facts.trip is not TripPhase.NONE:
        return _TRIP_STATES[facts.trip]
    if facts.lifecycle is Lifecycle.SUSPENDED or facts.duty in {Duty.FAULT, Duty.TO_CHARGER, Duty.CHARGING}:
        return MdsState.NON_OPERATIONAL
    return MdsState.AVAILABLE


_TRIP_STATES: Final[Mapping[TripPhase, MdsState]] = {
    TripPhase.RESERVED: MdsState.RESERVED,
    TripPhase.UNDER_WAY: MdsState.ON_TRIP,
    TripPhase.STOPPED: MdsState.STOPPED,
}


class MdsStep(msgspec.Struct, frozen=True, kw_only=True):
    """One legal step and the event that explains it."""

    state: MdsState
    event: MdsEvent


_NOT_ON_THE_WAY: Final = frozenset(
    {MdsState.NON_CONTACTABLE, MdsState.MISSING, MdsState.ELSEWHERE, MdsState.REMOVED}
)
"""Passing through these would report a lost link or a crossed border that never was."""


def mds_path(before: MdsState, after: MdsState) -> tuple[MdsStep, ...]:
    """Return the shortest truthful legal steps from one state to another, empty when nothing changed.

    MDS has no ``on_trip`` → ``available``: the path passes through ``stopped``, as an event with several
    types does. A state of absence is passed through only where there is no other way, such as ``missing``,
    which only ``non_contactable`` reaches.
    """
    if before is after:
        return ()
    return _shortest(before, after, avoid=_NOT_ON_THE_WAY) or _shortest(before, after, avoid=frozenset())


def _shortest(before: MdsState, after: MdsState, *, avoid: frozenset[MdsState]) -> tuple[MdsStep, ...]:
    queue: deque[tuple[MdsState, tuple[MdsStep, ...]]] = deque([(before, ())])
    seen = {before}
    while queue:
        state, path = queue.popleft()
        for target in MdsState:
            events = MDS_TRANSITIONS.get((state, target))
            if events is None or target in seen:
                continue
            longer = (*path, MdsStep(state=target, event=events[0]))
            if target is after:
                return longer
            seen.add(target)
            if target not in avoid:
                queue.append((target, longer))
    return ()
