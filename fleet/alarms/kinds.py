"""The kinds of alarm, how grave each is, and the two flags that every alarm has."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class AlarmKind(StrEnum):
    """What asks somebody to act (domain.md, Alarm)."""

    NO_GO_ENTRY = "no_go_entry"
    LEFT_OPERATING_AREA = "left_operating_area"
    STOPPED_IN_KEEP_CLEAR = "stopped_in_keep_clear"
    OVERSPEED = "overspeed"
    STUCK = "stuck"
    OFFLINE_ON_DUTY = "offline_on_duty"
    MAKER_SILENT = "maker_silent"
    """Many vehicles of one maker fell silent at once: one alarm with its members."""
    AREA_SILENT = "area_silent"
    """Many vehicles in one place fell silent at once: one alarm with its members."""
    LOW_BATTERY = "low_battery"
    BATTERY_TOO_COLD = "battery_too_cold"
    BATTERY_THERMAL = "battery_thermal"
    TANK_FROZEN = "tank_frozen"
    CARGO_TEMPERATURE = "cargo_temperature"
    COMPARTMENT_LEFT_OPEN = "compartment_left_open"
    DOOR_FORCED = "door_forced"
    SENSOR_BLOCKED = "sensor_blocked"
    WEATHER_LIMIT = "weather_limit"
    TIPPED_OVER = "tipped_over"
    COLLISION = "collision"
    TAKEOVER_REQUESTED = "takeover_requested"
    TAKEOVER_UNANSWERED = "takeover_unanswered"
    PERMIT_EXPIRING = "permit_expiring"
    PERMIT_EXPIRED = "permit_expired"
    POSITIONING_LOST = "positioning_lost"
    DATA_QUALITY = "data_quality"
    VEHICLE_FAULT = "vehicle_fault"
    EMERGENCY_STOP = "emergency_stop"
    NOBODY_WATCHES = "nobody_watches"
    """A vehicle under way whose remote operator was lost and whom nobody could take over."""
    SERVICE_REFUSED = "service_refused"
    """It is where its service is not allowed."""
    FENCE_CROWDED = "fence_crowded"
    """A fence holds more vehicles than it may: an alarm of the fence, of no vehicle."""
    NEEDS_PERSON = "needs_person"
    """A task or an order came to a point where only a person can go on."""
    INCIDENT_OVERDUE = "incident_overdue"
    """An incident stays in a state past its deadline."""
    BOOKS_UNBALANCED = "books_unbalanced"
    """The ledger is not right: an alarm of the platform, of no vehicle."""
    PATROL_FINDING = "patrol_finding"
    """A patrol vehicle found something at a checkpoint."""
    PATROL_MISSED = "patrol_missed"
    """A run of a beat missed checkpoints for good: an alarm of the beat, of no vehicle."""
    CHARGE_STALLED = "charge_stalled"
    """It stands at a charger and its charge does not rise: a pack too cold, a plug, a charger."""
    STREET_BLOCKED = "street_blocked"
    """Somebody on the street says that it blocks the way."""
    STREET_HELP = "street_help"
    """Somebody on the street says that help is needed at it."""


class Severity(StrEnum):
    """How soon somebody must act; the order of the members is from least to gravest."""

    INFO = "info"
    WARNING = "warning"
    MAJOR = "major"
    CRITICAL = "critical"


SEVERITY_RANK: Final[Mapping[Severity, int]] = {severity: rank for rank, severity in enumerate(Severity)}

ASKS: Final = frozenset({Severity.WARNING, Severity.MAJOR, Severity.CRITICAL})
"""Severities that call somebody now: what maps mark and what the city's numbers count. Information waits in
the list until somebody looks."""

DEFAULT_SEVERITY: Final[Mapping[AlarmKind, Severity]] = {
    AlarmKind.NO_GO_ENTRY: Severity.CRITICAL,
    AlarmKind.LEFT_OPERATING_AREA: Severity.MAJOR,
    AlarmKind.STOPPED_IN_KEEP_CLEAR: Severity.MAJOR,
    AlarmKind.OVERSPEED: Severity.WARNING,
    AlarmKind.STUCK: Severity.MAJOR,
    AlarmKind.OFFLINE_ON_DUTY: Severity.MAJOR,
    AlarmKind.MAKER_SILENT: Severity.CRITICAL,
    AlarmKind.AREA_SILENT: Severity.CRITICAL,
    AlarmKind.LOW_BATTERY: Severity.WARNING,
    AlarmKind.BATTERY_TOO_COLD: Severity.WARNING,
    AlarmKind.BATTERY_THERMAL: Severity.CRITICAL,
    AlarmKind.TANK_FROZEN: Severity.WARNING,
    AlarmKind.CARGO_TEMPERATURE: Severity.WARNING,
    AlarmKind.COMPARTMENT_LEFT_OPEN: Severity.WARNING,
    AlarmKind.DOOR_FORCED: Severity.CRITICAL,
    AlarmKind.SENSOR_BLOCKED: Severity.MAJOR,
    AlarmKind.WEATHER_LIMIT: Severity.WARNING,
    AlarmKind.TIPPED_OVER: Severity.CRITICAL,
    AlarmKind.COLLISION: Severity.CRITICAL,
    AlarmKind.TAKEOVER_REQUESTED: Severity.MAJOR,
    AlarmKind.TAKEOVER_UNANSWERED: Severity.CRITICAL,
    AlarmKind.PERMIT_EXPIRING: Severity.INFO,
    AlarmKind.PERMIT_EXPIRED: Severity.MAJOR,
    AlarmKind.POSITIONING_LOST: Severity.MAJOR,
    AlarmKind.DATA_QUALITY: Severity.INFO,
    AlarmKind.VEHICLE_FAULT: Severity.MAJOR,
    AlarmKind.EMERGENCY_STOP: Severity.MAJOR,
    AlarmKind.NOBODY_WATCHES: Severity.CRITICAL,
    AlarmKind.SERVICE_REFUSED: Severity.WARNING,
    AlarmKind.FENCE_CROWDED: Severity.WARNING,
    AlarmKind.NEEDS_PERSON: Severity.MAJOR,
    AlarmKind.INCIDENT_OVERDUE: Severity.MAJOR,
    AlarmKind.BOOKS_UNBALANCED: Severity.MAJOR,
    AlarmKind.PATROL_FINDING: Severity.WARNING,
    AlarmKind.PATROL_MISSED: Severity.WARNING,
    AlarmKind.CHARGE_STALLED: Severity.MAJOR,
    AlarmKind.STREET_BLOCKED: Severity.MAJOR,
    AlarmKind.STREET_HELP: Severity.CRITICAL,
}
"""Our defaults; a city may set others."""


GROUPED: Final = frozenset({AlarmKind.MAKER_SILENT, AlarmKind.AREA_SILENT})
"""Kinds of which one alarm has many vehicles: those of one cause, company and 旗区."""


FOLLOWED: Final = frozenset(
    {
        AlarmKind.NO_GO_ENTRY,
        AlarmKind.LEFT_OPERATING_AREA,
        AlarmKind.STOPPED_IN_KEEP_CLEAR,
        AlarmKind.OVERSPEED,
        AlarmKind.SERVICE_REFUSED,
        AlarmKind.COLLISION,
        AlarmKind.TIPPED_OVER,
        AlarmKind.DOOR_FORCED,
        AlarmKind.BATTERY_THERMAL,
        AlarmKind.EMERGENCY_STOP,
        AlarmKind.NEEDS_PERSON,
        AlarmKind.VEHICLE_FAULT,
        AlarmKind.SENSOR_BLOCKED,
        AlarmKind.CHARGE_STALLED,
        AlarmKind.TAKEOVER_REQUESTED,
        AlarmKind.STUCK,
        AlarmKind.STREET_BLOCKED,
        AlarmKind.STREET_HELP,
    }
)
"""Kinds that a violation, an incident, a work order or a takeover session follows from."""


FROM_THE_STREET: Final = frozenset({AlarmKind.STREET_BLOCKED, AlarmKind.STREET_HELP})
"""Kinds that bystanders raise: a person takes notice within a minute, and they are told."""


class AlarmLevel(StrEnum):
    """Who must act by now; the order of the members is the way an unanswered alarm goes."""

    OWNER = "owner"
    SHIFT_LEAD = "shift_lead"
    DUTY_OFFICER = "duty_officer"


class AlarmState(StrEnum):
    """The two flags as one word: acknowledged by a person, cleared by the cause going away."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    """The cause is gone and nobody has seen the alarm yet."""
    CLOSED = "closed"
    """Acknowledged and cleared."""


class AlarmEvent(StrEnum):
    """What moves an alarm; raising makes it."""

    ACKNOWLEDGED = "alarm_acknowledged"
    CLEARED = "alarm_cleared"


ALARM_TRANSITIONS: Final[Mapping[tuple[AlarmState, AlarmEvent], AlarmState]] = {
    (AlarmState.OPEN, AlarmEvent.ACKNOWLEDGED): AlarmState.ACKNOWLEDGED,
    (AlarmState.OPEN, AlarmEvent.CLEARED): AlarmState.CLEARED,
    (AlarmState.ACKNOWLEDGED, AlarmEvent.CLEARED): AlarmState.CLOSED,
    (AlarmState.CLEARED, AlarmEvent.ACKNOWLEDGED): AlarmState.CLOSED,
}
"""Independent flags: each is set once, in either order. The same cause coming back is a new alarm."""
ALARM_TERMINAL: Final = frozenset({AlarmState.CLOSED})
STANDING: Final = frozenset({AlarmState.OPEN, AlarmState.ACKNOWLEDGED})
"""States in which the cause still stands; at most one standing alarm a cause."""
WAITING: Final = frozenset({AlarmState.OPEN, AlarmState.CLEARED})
"""States in which nobody has acknowledged yet."""
