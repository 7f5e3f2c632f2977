"""Types of incident (MDS 2.1), what opens one by itself, and the life of an incident."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from fleet.alarms.kinds import AlarmKind


class IncidentType(StrEnum):
    """What happened: the words of MDS 2.1 `/incidents`; ours begin with ``x_``."""

    UNPLANNED_STOP = "unplanned_stop"
    REMOTE_TAKEOVER = "remote_takeover"
    ADS_ENGAGED = "ads_engaged"
    ADS_DISENGAGED = "ads_disengaged"
    TIP_OVER = "tip_over"
    HARSH_STOPPING = "harsh_stopping"
    HARSH_STARTING = "harsh_starting"
    NEAR_MISS = "near_miss"
    VANDALISM = "vandalism"
    THEFT = "theft"
    VIOLATION = "violation"
    CRASH = "crash"
    X_GEOFENCE_BREACH = "x_geofence_breach"
    X_OVERSPEED = "x_overspeed"
    X_PERMIT_EXPIRED = "x_permit_expired"
    X_DOOR_FORCED = "x_door_forced"
    X_BATTERY_THERMAL = "x_battery_thermal"
    X_POSITIONING_LOST = "x_positioning_lost"
    X_DATA_BREACH = "x_data_breach"


OF_ALARM: Final[Mapping[AlarmKind, IncidentType]] = {
    AlarmKind.COLLISION: IncidentType.CRASH,
    AlarmKind.TIPPED_OVER: IncidentType.TIP_OVER,
    AlarmKind.BATTERY_THERMAL: IncidentType.X_BATTERY_THERMAL,
    AlarmKind.DOOR_FORCED: IncidentType.X_DOOR_FORCED,
    AlarmKind.EMERGENCY_STOP: IncidentType.UNPLANNED_STOP,
}
"""Alarms that open an incident by themselves, the gravest first: of several causes the gravest names it."""
GRAVITY: Final = tuple(OF_ALARM.values())
HOLDS_SCENE: Final = frozenset({IncidentType.CRASH, IncidentType.TIP_OVER, IncidentType.X_BATTERY_THERMAL})
"""Types whose vehicle is held at the scene from the first moment; for others a person decides."""


class IncidentSeverity(StrEnum):
    """The gravest harm that is known."""

    PROPERTY_DAMAGE = "property_damage"
    MINOR_INJURY = "minor_injury"
    SERIOUS_INJURY = "serious_injury"
    FATAL = "fatal"


class Responsibility(StrEnum):
    """Who answers for it."""

    OPERATOR = "operator"
    MAKER = "maker"
    OTHER_PARTY = "other_party"
    SHARED = "shared"
    NOBODY = "nobody"


class IncidentState(StrEnum):
    """How far an incident has come."""

    REPORTED = "reported"
    TRIAGED = "triaged"
    EVIDENCE_SEALED = "evidence_sealed"
    RESPONSIBILITY_PENDING = "responsibility_pending"
    RESPONSIBILITY_DETERMINED = "responsibility_determined"
    CLOSED = "closed"
    REOPENED = "reopened"


class IncidentEvent(StrEnum):
    """What moves an incident."""

    TRIAGED = "incident_triaged"
    EVIDENCE_SEALED = "evidence_sealed"
    REFERRED = "responsibility_referred"
    DETERMINED = "responsibility_determined"
    CLOSED = "incident_closed"
    REOPENED = "incident_reopened"


_S, _E = IncidentState, IncidentEvent
INCIDENT_TRANSITIONS: Final[Mapping[tuple[IncidentState, IncidentEvent], IncidentState]] = {
    (_S.REPORTED, _E.TRIAGED): _S.TRIAGED,
    (_S.TRIAGED, _E.EVIDENCE_SEALED): _S.EVIDENCE_SEALED,
    (_S.EVIDENCE_SEALED, _E.REFERRED): _S.RESPONSIBILITY_PENDING,
    (_S.RESPONSIBILITY_PENDING, _E.DETERMINED): _S.RESPONSIBILITY_DETERMINED,
    (_S.RESPONSIBILITY_DETERMINED, _E.CLOSED): _S.CLOSED,
    (_S.CLOSED, _E.REOPENED): _S.REOPENED,
    (_S.REOPENED, _E.TRIAGED): _S.TRIAGED,
}
"""Evidence is sealed by itself whatever people do; the state follows when both it and the triage are done."""
