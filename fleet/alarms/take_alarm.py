"""Whose minutes an alarm costs: an operator of a company who takes it on. Pure."""

from datetime import datetime
from typing import Final

from core.auth.principal import Principal
from core.auth.roles import Role
from core.ids import StaffId
from fleet.alarms.alarm import Alarm, take

OPERATES: Final = frozenset({Role.DISPATCHER, Role.SHIFT_LEAD, Role.REMOTE_OPERATOR})
"""Roles of an operating company whose time at the desk is a cost of its vehicles; the city's duty officer and
agencies are none of its cost, a crew's time is counted by its work orders."""


def taken(alarm: Alarm, principal: Principal, *, at: datetime) -> Alarm:
    """Return the alarm taken on by somebody whose minutes count; by anybody else it is as it was."""
    return take(alarm, StaffId(principal.id), at=at) if principal.role in OPERATES else alarm
