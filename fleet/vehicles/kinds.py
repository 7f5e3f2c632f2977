"""The states of a vehicle's five machines that other features read.

The machines themselves: ``lifecycle`` and ``duty`` stand beside this file, ``mds`` derives the fifth,
liveness (fleet/telemetry) moves the connection, and the vehicle itself says its control mode.
"""

from enum import StrEnum


class Lifecycle(StrEnum):
    """Whether a vehicle belongs to the fleet and may work; moved by people and by papers running out."""

    REGISTERED = "registered"
    PERMITTED = "permitted"
    IN_SERVICE = "in_service"
    SUSPENDED = "suspended"
    DECOMMISSIONED = "decommissioned"


IN_THE_FLEET = frozenset(Lifecycle) - {Lifecycle.DECOMMISSIONED}
LET_ON_THE_ROAD = IN_THE_FLEET - {Lifecycle.REGISTERED}
"""Vehicles that hold a permit; one that is only registered drives nowhere."""


class Connection(StrEnum):
    """How recently a vehicle was heard; moved by frames and by silence."""

    ONLINE = "online"
    STALE = "stale"
    OFFLINE = "offline"
    HIBERNATING = "hibernating"


class SilenceReason(StrEnum):
    """Why nothing is heard of a vehicle; the order of the members is the number in the state record."""

    NONE = "none"
    NEVER_HEARD = "never_heard"
    SILENT = "silent"
    """It alone, as far as the city knows."""
    HIBERNATING = "hibernating"
    RADIO_HOLE = "radio_hole"
    """Where it was last heard, vehicles have been silent before and came back."""
    MAKER_DOWN = "maker_down"
    AREA_DOWN = "area_down"
    NOT_JUDGED = "not_judged"
    """Our own deafness: nobody judges its silence now."""


SILENCE_REASONS: tuple[SilenceReason, ...] = tuple(SilenceReason)


class ControlMode(StrEnum):
    """Who drives; the order of the members is the number on the wire, 0 for autonomous."""

    AUTONOMOUS = "autonomous"
    REMOTE_ASSIST = "remote_assist"
    REMOTE_DRIVE = "remote_drive"
    ON_SITE_MANUAL = "on_site_manual"
    MINIMAL_RISK = "minimal_risk"
    OFF = "off"


CONTROL_MODES: tuple[ControlMode, ...] = tuple(ControlMode)
"""Control modes by their number on the wire."""


class Duty(StrEnum):
    """What a vehicle is doing; moved by the progress of its task."""

    IDLE = "idle"
    TO_STOP = "to_stop"
    AT_STOP = "at_stop"
    WORKING = "working"
    RETURNING = "returning"
    TO_CHARGER = "to_charger"
    CHARGING = "charging"
    FAULT = "fault"


UNDER_WAY: frozenset[Duty] = frozenset(
    {Duty.TO_STOP, Duty.AT_STOP, Duty.WORKING, Duty.RETURNING, Duty.TO_CHARGER}
)
"""Duties in which a named remote operator must watch the vehicle; idle at depot or charging is none."""


TO_MOVE: frozenset[Duty] = frozenset({Duty.TO_STOP, Duty.RETURNING, Duty.TO_CHARGER})
"""Duties in which a vehicle drives somewhere: standing for long is then being stuck."""


class Condition(StrEnum):
    """The one thing a map shows of a vehicle; the order of the members is the number in the live feed."""

    OFFLINE = "offline"
    IDLE = "idle"
    DRIVING = "driving"
    CHARGING = "charging"
    ALARM = "alarm"


CONDITIONS: tuple[Condition, ...] = tuple(Condition)
"""Conditions by their number in the live feed."""
