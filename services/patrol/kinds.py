"""The machines of a patrol run and its checkpoints, what evidence is worth, what is found: words, names."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class RunKind(StrEnum):
    """Why a vehicle goes round."""

    BEAT = "beat"
    LOOK = "look"
    """Somebody wants to see one place now."""


class RunState(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    UNDER_WAY = "under_way"
    SUSPENDED = "suspended"
    DONE = "done"
    DOUBTFUL = "doubtful"
    """Everything was seen, some of it by evidence that the vehicle's own track contradicts."""
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"


class RunEvent(StrEnum):
    """What moves a run."""

    GIVEN = "given"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    PUT_BACK = "put_back"
    """Checkpoints are left: another vehicle, or the same one later, does the rest."""
    DONE = "done"
    ENDED = "ended"
    """Some checkpoints are missed for good, each with its reason."""
    ENDED_IN_DOUBT = "ended_in_doubt"
    """None is missed for good, some are doubtful."""
    CONTRADICTED = "contradicted"
    """The track came later and contradicts evidence."""
    ACCEPTED = "accepted"
    """A person accepted what was doubtful."""
    CANCELLED = "cancelled"


S, E = RunState, RunEvent
RUN_TRANSITIONS: Mapping[tuple[RunState, RunEvent], RunState] = MappingProxyType(
    {
        (S.WAITING, E.GIVEN): S.UNDER_WAY,
        (S.WAITING, E.ENDED): S.INCOMPLETE,
        (S.WAITING, E.ENDED_IN_DOUBT): S.DOUBTFUL,
        (S.WAITING, E.DONE): S.DONE,
        (S.WAITING, E.CANCELLED): S.CANCELLED,
        (S.UNDER_WAY, E.SUSPENDED): S.SUSPENDED,
        (S.UNDER_WAY, E.PUT_BACK): S.WAITING,
        (S.UNDER_WAY, E.DONE): S.DONE,
        (S.UNDER_WAY, E.ENDED): S.INCOMPLETE,
        (S.UNDER_WAY, E.ENDED_IN_DOUBT): S.DOUBTFUL,
        (S.SUSPENDED, E.RESUMED): S.UNDER_WAY,
        (S.SUSPENDED, E.PUT_BACK): S.WAITING,
        (S.SUSPENDED, E.DONE): S.DONE,
        (S.SUSPENDED, E.ENDED): S.INCOMPLETE,
        (S.SUSPENDED, E.ENDED_IN_DOUBT): S.DOUBTFUL,
        (S.DONE, E.CONTRADICTED): S.DOUBTFUL,
        (S.DOUBTFUL, E.ACCEPTED): S.DONE,
    }
)
RUN_OVER: frozenset[RunState] = frozenset({S.DONE, S.DOUBTFUL, S.INCOMPLETE, S.CANCELLED})
"""No vehicle works on it any more."""
RUN_TERMINAL: frozenset[RunState] = frozenset({S.INCOMPLETE, S.CANCELLED})


class PointState(StrEnum):
    """Where a checkpoint of a run stands."""

    DUE = "due"
    INSPECTED = "inspected"
    DOUBTFUL = "doubtful"
    """Its evidence was taken where the vehicle was not: not inspected until a person says so."""
    MISSED = "missed"


class PointEvent(StrEnum):
    """What moves a checkpoint of a run."""

    EVIDENCE_TAKEN = "evidence_taken"
    CONTRADICTED = "contradicted"
    ACCEPTED = "accepted"
    """By a person, with a reason."""
    GIVEN_UP = "given_up"


POINT_TRANSITIONS: Mapping[tuple[PointState, PointEvent], PointState] = MappingProxyType(
    {
        (PointState.DUE, PointEvent.EVIDENCE_TAKEN): PointState.INSPECTED,
        (PointState.DUE, PointEvent.GIVEN_UP): PointState.MISSED,
        (PointState.INSPECTED, PointEvent.CONTRADICTED): PointState.DOUBTFUL,
        (PointState.DOUBTFUL, PointEvent.ACCEPTED): PointState.INSPECTED,
        (PointState.DOUBTFUL, PointEvent.EVIDENCE_TAKEN): PointState.INSPECTED,
    }
)
POINT_TERMINAL: frozenset[PointState] = frozenset({PointState.MISSED})
TO_SEE: frozenset[PointState] = frozenset({PointState.DUE, PointState.DOUBTFUL})
"""What a vehicle is sent to while the run is not over."""


class MissedReason(StrEnum):
    """Why a checkpoint was not inspected."""

    OUT_OF_WINDOW = "out_of_window"
    NOT_REACHED = "not_reached"
    TOO_FAR = "too_far"
    """There was evidence, taken somewhere else."""
    VEHICLE_LOST = "vehicle_lost"
    NOBODY_CAME = "nobody_came"
    """No vehicle had time."""
    CALLED_OFF = "called_off"
    OUTSIDE_PERMIT = "outside_permit"
    """No permit of a vehicle that was free covers the beat."""


class Verdict(StrEnum):
    """What a piece of evidence is worth; only accepted evidence makes a checkpoint inspected."""

    ACCEPTED = "accepted"
    TOO_FAR = "too_far"
    OUT_OF_WINDOW = "out_of_window"


class TrackCheck(StrEnum):
    """What the vehicle's own track says of where evidence was taken."""

    WAITING = "waiting"
    AGREES = "agrees"
    DOUBTFUL = "doubtful"
    """The vehicle was somewhere else then."""
    UNKNOWN = "unknown"
    """There are no positions of that time."""


class FindingKind(StrEnum):
    """What a vehicle can find at a checkpoint; our own list: no standard for patrol robots has one."""

    SMOKE_OR_FIRE = "smoke_or_fire"
    FIRE_LANE_BLOCKED = "fire_lane_blocked"
    ROAD_OBSTRUCTED = "road_obstructed"
    FACILITY_DAMAGED = "facility_damaged"
    DOOR_OPEN = "door_open"
    CROWD = "crowd"
    PERSON_NEEDS_HELP = "person_needs_help"
    WASTE = "waste"
    OTHER = "other"


def finding_of(word: str) -> FindingKind:
    """Return the finding a vehicle named; ``other`` for a word of a newer vehicle that we do not know."""
    try:
        return FindingKind(word)
    except ValueError:
        return FindingKind.OTHER


RUN_KIND_NAMES: Mapping[RunKind, tuple[str, str]] = MappingProxyType(
    {RunKind.BEAT: ("例行巡逻", "beat"), RunKind.LOOK: ("前往查看", "go and look")}
)
RUN_STATE_NAMES: Mapping[RunState, tuple[str, str]] = MappingProxyType(
    {
        S.WAITING: ("待派车", "waiting for a vehicle"),
        S.UNDER_WAY: ("巡逻中", "under way"),
        S.SUSPENDED: ("已暂停", "suspended"),
        S.DONE: ("已完成", "done"),
        S.DOUBTFUL: ("取证存疑", "in doubt"),
        S.INCOMPLETE: ("未巡全", "incomplete"),
        S.CANCELLED: ("已取消", "cancelled"),
    }
)
POINT_STATE_NAMES: Mapping[PointState, tuple[str, str]] = MappingProxyType(
    {
        PointState.DUE: ("待巡", "due"),
        PointState.INSPECTED: ("已巡", "inspected"),
        PointState.DOUBTFUL: ("存疑", "doubtful"),
        PointState.MISSED: ("漏巡", "missed"),
    }
)
MISSED_NAMES: Mapping[MissedReason, tuple[str, str]] = MappingProxyType(
    {
        MissedReason.OUT_OF_WINDOW: ("不在时间窗内", "outside its window"),
        MissedReason.NOT_REACHED: ("未到达", "not reached"),
        MissedReason.TOO_FAR: ("取证位置过远", "evidence from too far away"),
        MissedReason.VEHICLE_LOST: ("车辆中断", "the vehicle was lost"),
        MissedReason.NOBODY_CAME: ("无车可派", "no vehicle had time"),
        MissedReason.CALLED_OFF: ("已取消", "called off"),
        MissedReason.OUTSIDE_PERMIT: (
            "不在空闲车辆的许可区域内",
            "outside the permits of the vehicles that were free",
        ),
    }
)
VERDICT_NAMES: Mapping[Verdict, tuple[str, str]] = MappingProxyType(
    {
        Verdict.ACCEPTED: ("有效", "accepted"),
        Verdict.TOO_FAR: ("位置过远", "too far away"),
        Verdict.OUT_OF_WINDOW: ("不在时间窗内", "outside the window"),
    }
)
TRACK_NAMES: Mapping[TrackCheck, tuple[str, str]] = MappingProxyType(
    {
        TrackCheck.WAITING: ("轨迹待核对", "track not compared yet"),
        TrackCheck.AGREES: ("与轨迹相符", "agrees with the track"),
        TrackCheck.DOUBTFUL: ("存疑：与轨迹不符", "doubtful: not on the track"),
        TrackCheck.UNKNOWN: ("没有当时的轨迹", "no track of that time"),
    }
)
FINDING_NAMES: Mapping[FindingKind, tuple[str, str]] = MappingProxyType(
    {
        FindingKind.SMOKE_OR_FIRE: ("烟火", "smoke or fire"),
        FindingKind.FIRE_LANE_BLOCKED: ("消防通道占用", "fire lane blocked"),
        FindingKind.ROAD_OBSTRUCTED: ("道路受阻", "road obstructed"),
        FindingKind.FACILITY_DAMAGED: ("设施损坏", "facility damaged"),
        FindingKind.DOOR_OPEN: ("门窗未关", "door or window open"),
        FindingKind.CROWD: ("人员聚集", "crowd"),
        FindingKind.PERSON_NEEDS_HELP: ("有人需要帮助", "somebody needs help"),
        FindingKind.WASTE: ("垃圾堆积", "waste dumped"),
        FindingKind.OTHER: ("其他异常", "something else"),
    }
)
