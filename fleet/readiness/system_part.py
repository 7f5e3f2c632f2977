"""The lines of a daily check that the system answers, from what decides about a vehicle anyway. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import AlarmKind
from fleet.readiness.check import CheckItem, Line
from fleet.vehicles.dispatchable import Reason, ReasonCode
from fleet.vehicles.kinds import Connection
from fleet.vehicles.last_heard import LastHeard

_C = ReasonCode
_REASONS: Final[Mapping[CheckItem, frozenset[ReasonCode]]] = {
    CheckItem.PAPERS: frozenset(
        {
            _C.NO_VALID_CODE,
            _C.NO_PERMIT,
            _C.PERMIT_EXPIRED,
            _C.PERMIT_SERVICE,
            _C.NO_INSURANCE,
            _C.INSURANCE_EXPIRED,
            _C.INSURANCE_TOO_LOW,
        }
    ),
    CheckItem.INSPECTION: frozenset({_C.INSPECTION_OVERDUE}),
    CheckItem.SOFTWARE: frozenset({_C.MODEL_NOT_PERMITTED}),
}
_A = AlarmKind
OF_THE_VEHICLE: Final = frozenset(
    {
        *(_A.VEHICLE_FAULT, _A.SENSOR_BLOCKED, _A.POSITIONING_LOST, _A.BATTERY_THERMAL, _A.DOOR_FORCED),
        *(_A.TIPPED_OVER, _A.COLLISION, _A.EMERGENCY_STOP, _A.NEEDS_PERSON, _A.STUCK),
    }
)
"""Alarms that say something is wrong with the vehicle itself; where it stands and what the weather does to it
is judged with each job."""


def system_lines(
    heard: LastHeard | None,
    reasons: Collection[Reason],
    alarms: Sequence[Alarm],
    *,
    least_battery_ratio: float,
) -> tuple[Line, ...]:
    """Return the system's lines; ``reasons`` are the vehicle's own, ``alarms`` those that stand.

    A vehicle that charges is not failed for its battery: it takes no work before there is enough in it.
    """
    return (
        _battery(heard, least_battery_ratio),
        _line(
            CheckItem.CONNECTION,
            is_ok=heard is not None and heard.connection is Connection.ONLINE,
            value="" if heard is None else heard.connection.value,
        ),
        *(_of_reasons(item, reasons) for item in _REASONS),
        _alarms(alarms),
    )


def _battery(heard: LastHeard | None, least_ratio: float) -> Line:
    ratio = None if heard is None else heard.battery_ratio
    is_charging = heard is not None and heard.is_charging
    is_ok = ratio is not None and (ratio >= least_ratio or is_charging)
    return _line(CheckItem.BATTERY, is_ok=is_ok, value="" if ratio is None else f"{ratio:.2f}")


def _of_reasons(item: CheckItem, reasons: Collection[Reason]) -> Line:
    broken = sorted({reason.code.value for reason in reasons if reason.code in _REASONS[item]})
    return _line(item, is_ok=not broken, value=", ".join(broken))


def _alarms(alarms: Sequence[Alarm]) -> Line:
    kinds = sorted({alarm.kind.value for alarm in alarms if alarm.kind in OF_THE_VEHICLE})
    return _line(CheckItem.ALARMS, is_ok=not kinds, value=", ".join(kinds))


def _line(item: CheckItem, *, is_ok: bool, value: str) -> Line:
    return Line(item=item, is_ok=is_ok, value=value[:200])
