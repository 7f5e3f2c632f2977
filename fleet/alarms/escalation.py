"""When an alarm that nobody acknowledged goes to whom: pure, in city time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.auth.roles import Role
from core.settings.tree import AlarmSettings
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import SEVERITY_RANK, WAITING, AlarmLevel, AlarmState, Severity


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long an alarm may wait for its owner, and for the shift lead after that; None for ever."""

    lead_after: timedelta | None
    officer_after: timedelta | None
    """Both count from the moment it was raised."""


def patience_of(settings: AlarmSettings) -> dict[Severity, Patience]:
    """Return how long each severity may wait; 0 means for ever."""

    def after(seconds: float) -> timedelta | None:
        return timedelta(seconds=seconds) if seconds else None

    return {
        Severity.INFO: Patience(lead_after=None, officer_after=None),
        Severity.WARNING: Patience(
            lead_after=after(settings.warning_lead_s), officer_after=after(settings.warning_officer_s)
        ),
        Severity.MAJOR: Patience(
            lead_after=after(settings.major_lead_s), officer_after=after(settings.major_officer_s)
        ),
        Severity.CRITICAL: Patience(
            lead_after=after(settings.critical_lead_s), officer_after=after(settings.critical_officer_s)
        ),
    }


ROLE_OF: Final[Mapping[AlarmLevel, Role]] = {
    AlarmLevel.SHIFT_LEAD: Role.SHIFT_LEAD,
    AlarmLevel.DUTY_OFFICER: Role.DUTY_OFFICER,
}
"""Who is told when an alarm reaches a level; its owner is told by the screens."""


def due_level(alarm: Alarm, patience: Mapping[Severity, Patience], at: datetime) -> AlarmLevel:
    """Return where an alarm stands by now; it never comes down, and stays once it is acknowledged.

    One whose cause is gone by itself goes on only when it is critical: somebody must have looked.
    """
    waits = alarm.state in WAITING
    if alarm.state is AlarmState.CLEARED:
        waits = SEVERITY_RANK[alarm.severity] >= SEVERITY_RANK[Severity.CRITICAL]
    if not waits:
        return alarm.level
    of = patience[alarm.severity]
    waited = at - alarm.raised_at
    level = alarm.level
    if of.lead_after is not None and waited >= of.lead_after and level is AlarmLevel.OWNER:
        level = AlarmLevel.SHIFT_LEAD
    if of.officer_after is not None and waited >= of.officer_after:
        level = AlarmLevel.DUTY_OFFICER
    return level


def escalate(alarm: Alarm, to: AlarmLevel) -> Alarm:
    """Return the alarm at a higher level."""
    return msgspec.structs.replace(alarm, level=to, version=alarm.version + 1)
