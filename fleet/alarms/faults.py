"""Fault codes that have an alarm of their own, whether said by report or in a status."""

from collections.abc import Mapping
from typing import Final

from fleet.alarms.kinds import AlarmKind

FAULT_KINDS: Final[Mapping[int, AlarmKind]] = {
    102: AlarmKind.BATTERY_TOO_COLD,
    103: AlarmKind.BATTERY_THERMAL,
    201: AlarmKind.SENSOR_BLOCKED,
    301: AlarmKind.COMPARTMENT_LEFT_OPEN,
    302: AlarmKind.DOOR_FORCED,
    401: AlarmKind.TIPPED_OVER,
    402: AlarmKind.COLLISION,
    601: AlarmKind.TANK_FROZEN,
}
"""docs/wire-protocol.md, section 6. Every other code is a vehicle fault and comes as a report; low battery
(101) and lost positioning (202) have theirs from the positions."""


def cause_of_fault(code: int) -> tuple[AlarmKind, str]:
    """Return (kind, cause) of a fault code: the cause that the status record of the same fault has too."""
    kind = FAULT_KINDS.get(code)
    return (AlarmKind.VEHICLE_FAULT, f"fault-{code}") if kind is None else (kind, "")
