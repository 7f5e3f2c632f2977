"""The machine of a call for a vending vehicle: states, events, the one table, and the names on screens."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class CallState(StrEnum):
    """Where a call stands."""

    CREATED = "created"
    ASSIGNED = "assigned"
    ON_THE_WAY = "on_the_way"
    ARRIVED = "arrived"
    SERVED = "served"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    EXPIRED = "expired"


class CallEvent(StrEnum):
    """What moves a call."""

    VEHICLE_ASSIGNED = "vehicle_assigned"
    VEHICLE_STARTED = "vehicle_started"
    VEHICLE_ARRIVED = "vehicle_arrived"
    VEHICLE_LEFT = "vehicle_left"
    VEHICLE_LOST = "vehicle_lost"
    """Its vehicle cannot come: another is looked for."""
    CANCELLED = "cancelled"
    DECLINED = "declined"
    """The operator does not serve it, and says why."""
    EXPIRED = "expired"
    """No vehicle was found in time."""


S, E = CallState, CallEvent
TRANSITIONS: Mapping[tuple[CallState, CallEvent], CallState] = MappingProxyType(
    {
        (S.CREATED, E.VEHICLE_ASSIGNED): S.ASSIGNED,
        (S.CREATED, E.CANCELLED): S.CANCELLED,
        (S.CREATED, E.DECLINED): S.DECLINED,
        (S.CREATED, E.EXPIRED): S.EXPIRED,
        (S.ASSIGNED, E.VEHICLE_STARTED): S.ON_THE_WAY,
        (S.ASSIGNED, E.VEHICLE_LOST): S.CREATED,
        (S.ASSIGNED, E.CANCELLED): S.CANCELLED,
        (S.ASSIGNED, E.DECLINED): S.DECLINED,
        (S.ON_THE_WAY, E.VEHICLE_ARRIVED): S.ARRIVED,
        (S.ON_THE_WAY, E.VEHICLE_LOST): S.CREATED,
        (S.ON_THE_WAY, E.CANCELLED): S.CANCELLED,
        (S.ON_THE_WAY, E.DECLINED): S.DECLINED,
        (S.ARRIVED, E.VEHICLE_LEFT): S.SERVED,
        (S.ARRIVED, E.VEHICLE_LOST): S.SERVED,
    }
)
TERMINAL: frozenset[CallState] = frozenset({S.SERVED, S.CANCELLED, S.DECLINED, S.EXPIRED})
OPEN: frozenset[CallState] = frozenset(CallState) - TERMINAL
CALLED_FOR: frozenset[CallState] = frozenset({S.ASSIGNED, S.ON_THE_WAY, S.ARRIVED})
"""States in which a vehicle has the call."""

STATE_NAMES: Mapping[CallState, tuple[str, str]] = MappingProxyType(
    {
        S.CREATED: ("正在找车", "looking for a vehicle"),
        S.ASSIGNED: ("已派车", "vehicle assigned"),
        S.ON_THE_WAY: ("正在赶来", "on the way"),
        S.ARRIVED: ("已到达", "arrived"),
        S.SERVED: ("已服务", "served"),
        S.CANCELLED: ("已取消", "cancelled"),
        S.DECLINED: ("未受理", "declined"),
        S.EXPIRED: ("已过期", "expired"),
    }
)
"""(zh, en) of every state."""
