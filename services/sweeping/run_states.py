"""States of a sweeping run, its table and the names of both."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.dispatch.area import OUTSIDE_PERMIT
from services.sweeping.wetness import REASON_NAMES, Reason


class RunKind(StrEnum):
    """What a run sweeps."""

    WHOLE = "whole"
    REPAIR = "repair"
    """What an earlier run missed."""


class RunState(StrEnum):
    """Where a run stands."""

    PLANNING = "planning"
    """A repair's passes are worked out."""
    WAITING = "waiting"
    """For a vehicle."""
    UNDER_WAY = "under_way"
    SWEPT = "swept"
    """The vehicle is done or lost; what it swept is not measured yet."""
    MEASURED = "measured"
    EXCUSED = "excused"
    """Nothing was swept, for a reason that is nobody's fault."""
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    """Its passes cannot be planned."""


class Rest(StrEnum):
    """What becomes of the ground that a run did not sweep."""

    AS_ZONE = ""
    """A repair run where the zone repairs itself."""
    REPAIR = "repair"
    EXCUSED = "excused"
    """Nobody is sent out for it by itself."""


class RunEvent(StrEnum):
    """What moves a run."""

    PLANNED = "planned"
    UNPLANNABLE = "unplannable"
    GIVEN = "given"
    """A vehicle was claimed for it."""
    GIVEN_BACK = "given_back"
    """The vehicle was lost before it swept anything."""
    ENDED = "ended"
    MEASURED = "measured"
    EXCUSED = "excused"
    WITHDRAWN = "withdrawn"
    CALLED_HOME = "called_home"
    """A person took it from its vehicle before anything was swept."""


S, E = RunState, RunEvent
TRANSITIONS: Mapping[tuple[RunState, RunEvent], RunState] = MappingProxyType(
    {
        (S.PLANNING, E.PLANNED): S.WAITING,
        (S.PLANNING, E.UNPLANNABLE): S.FAILED,
        (S.PLANNING, E.WITHDRAWN): S.WITHDRAWN,
        (S.WAITING, E.GIVEN): S.UNDER_WAY,
        (S.WAITING, E.EXCUSED): S.EXCUSED,
        (S.WAITING, E.WITHDRAWN): S.WITHDRAWN,
        (S.UNDER_WAY, E.GIVEN_BACK): S.WAITING,
        (S.UNDER_WAY, E.ENDED): S.SWEPT,
        (S.UNDER_WAY, E.EXCUSED): S.EXCUSED,
        (S.UNDER_WAY, E.CALLED_HOME): S.WITHDRAWN,
        (S.SWEPT, E.MEASURED): S.MEASURED,
    }
)
TERMINAL: frozenset[RunState] = frozenset({S.MEASURED, S.EXCUSED, S.WITHDRAWN, S.FAILED})
OPEN: frozenset[RunState] = frozenset({S.PLANNING, S.WAITING, S.UNDER_WAY})
"""States in which a zone has a run that is not over; the partial unique index names the same three."""

RUN_KIND_NAMES: Mapping[RunKind, tuple[str, str]] = MappingProxyType(
    {RunKind.WHOLE: ("全区清扫", "whole zone"), RunKind.REPAIR: ("补扫", "repair")}
)
STATE_NAMES: Mapping[RunState, tuple[str, str]] = MappingProxyType(
    {
        S.PLANNING: ("规划中", "being planned"),
        S.WAITING: ("待派车", "waiting for a vehicle"),
        S.UNDER_WAY: ("清扫中", "under way"),
        S.SWEPT: ("待核算", "being measured"),
        S.MEASURED: ("已核算", "measured"),
        S.EXCUSED: ("免扫", "excused"),
        S.WITHDRAWN: ("已撤回", "withdrawn"),
        S.FAILED: ("无法规划", "cannot be planned"),
    }
)
REST_NAMES: Mapping[Rest, tuple[str, str]] = MappingProxyType(
    {
        Rest.AS_ZONE: ("按区域设置", "as the zone says"),
        Rest.REPAIR: ("补扫", "swept again"),
        Rest.EXCUSED: ("免扫", "excused"),
    }
)
WEATHER_RECALL: Final = "weather_recall"
RECALLED: Final = "recalled"
NOBODYS_FAULT: Final = frozenset({*(reason.value for reason in Reason if reason), WEATHER_RECALL})
"""Words for which a run that is not swept, and its occurrence, are excused."""
RUN_REASON_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **{reason.value: names for reason, names in REASON_NAMES.items() if reason},
        WEATHER_RECALL: ("天气召回", "called in because of the weather"),
        RECALLED: ("人工召回", "called home by somebody"),
        OUTSIDE_PERMIT: ("不在空闲车辆的许可区域内", "outside the permits of the vehicles that were free"),
        "not_started": ("无车可派", "no vehicle began in time"),
        "withdrawn": ("人工撤回", "taken back by somebody"),
        "schedule_excused": ("排班已免责", "excused on the schedule"),
        "vehicle_silent": ("车辆失联", "the vehicle fell silent"),
        "vehicle_fault": ("车辆故障", "the vehicle broke down"),
        "task_failed": ("任务失败", "the vehicle gave up"),
        "plan_refused": ("车辆拒绝任务", "the vehicle refused the plan"),
        "plan_unanswered": ("车辆未应答", "the vehicle did not answer"),
    }
)
"""Why a run was not done, or not whole; another word is shown as it is."""
