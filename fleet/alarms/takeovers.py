"""Requests for a person that were answered by somebody at the wheel, and those that nobody answered."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from core.ids import VehicleNo
from fleet.alarms.alarm import Alarm, AlarmCleared, AlarmRaised, AlarmSignal
from fleet.alarms.kinds import WAITING, AlarmKind
from fleet.vehicles.kinds import ControlMode
from fleet.vehicles.last_heard import LastHeard

ANSWERED_IN: Final = frozenset(
    {ControlMode.REMOTE_ASSIST, ControlMode.REMOTE_DRIVE, ControlMode.ON_SITE_MANUAL}
)
"""Modes in which a person helps the vehicle."""
MOVES_MPS: Final = 0.5


def takeover_signals(
    requests: Collection[Alarm],
    heard: Mapping[VehicleNo, LastHeard],
    *,
    unanswered_after: timedelta,
    at: datetime,
) -> list[AlarmSignal]:
    """Return what standing takeover requests say by now.

    A request is over when a person drives or assists, or when the vehicle goes on by itself. One that nobody
    acknowledged for so long is unanswered, until it is acknowledged or over.
    """
    said: list[AlarmSignal] = []
    for alarm in requests:
        last = heard.get(alarm.vehicle_no)
        is_over = last is not None and last.measured_at > alarm.raised_at and _goes_on(last)
        if is_over:
            said.append(AlarmCleared(vehicle_no=alarm.vehicle_no, kind=alarm.kind, at=at))
        if is_over or alarm.state not in WAITING:
            unanswered = AlarmKind.TAKEOVER_UNANSWERED
            said.append(AlarmCleared(vehicle_no=alarm.vehicle_no, kind=unanswered, at=at))
        elif at - alarm.raised_at >= unanswered_after:
            said.append(_unanswered(alarm, at))
    return said


def _goes_on(last: LastHeard) -> bool:
    drives = last.control_mode is ControlMode.AUTONOMOUS and last.speed_mps >= MOVES_MPS
    return drives or last.control_mode in ANSWERED_IN


def _unanswered(alarm: Alarm, at: datetime) -> AlarmRaised:
    waited_s = round((at - alarm.raised_at).total_seconds())
    return AlarmRaised(
        vehicle_no=alarm.vehicle_no,
        kind=AlarmKind.TAKEOVER_UNANSWERED,
        at=at,
        lat=alarm.lat,
        lng=alarm.lng,
        details={"reason": alarm.details.get("reason"), "waited_s": waited_s},
    )
