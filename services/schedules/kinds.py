"""What schedules start, on which days, what becomes of an occurrence: kinds, machine, names."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from core.kinds import ServiceKind


class WorkKind(StrEnum):
    """What an occurrence starts; a service plugs in what that means (services.schedules.port)."""

    SWEEPING_RUN = "sweeping_run"
    PATROL_BEAT = "patrol_beat"
    VENDING_ROUND = "vending_round"
    RESTOCK = "restock"


SERVICE_OF: Mapping[WorkKind, ServiceKind] = MappingProxyType(
    {
        WorkKind.SWEEPING_RUN: ServiceKind.SWEEPING,
        WorkKind.PATROL_BEAT: ServiceKind.PATROL,
        WorkKind.VENDING_ROUND: ServiceKind.VENDING,
        WorkKind.RESTOCK: ServiceKind.VENDING,
    }
)
"""Whose vehicles do what."""


class DayRule(StrEnum):
    """Days on which a calendar's times count, by the city's holidays."""

    EVERY_DAY = "every_day"
    WORKING_DAYS = "working_days"
    """Monday to Friday without public holidays, and the weekends that are worked for them (调休)."""
    REST_DAYS = "rest_days"
    """Every day that is not a working day."""
    NO_HOLIDAYS = "no_holidays"
    HOLIDAYS = "holidays"


class Misfire(StrEnum):
    """What becomes of occurrences that nobody started in time, because everything was down."""

    SKIP = "skip"
    RUN_ONCE = "run_once"
    """The latest of them within the grace runs, the others are skipped."""
    RUN_ALL = "run_all"
    """Each within the grace runs."""


class OccurrenceState(StrEnum):
    """Where one occurrence stands."""

    PLANNED = "planned"
    DUE = "due"
    STARTED = "started"
    MET = "met"
    MISSED = "missed"
    EXCUSED = "excused"
    SKIPPED = "skipped"


class OccurrenceEvent(StrEnum):
    """What moves an occurrence; planning makes it."""

    CAME_DUE = "came_due"
    STARTED = "started"
    GIVEN_BACK = "given_back"
    """Its vehicle was lost: another may start it."""
    DONE = "done"
    DOUBTED = "doubted"
    """What it was met by turned out to be doubtful."""
    ACCEPTED = "accepted"
    """A person accepted what was doubtful."""
    MADE_GOOD = "made_good"
    """Another vehicle did what the lost one had left."""
    MISSED = "missed"
    EXCUSED = "excused"
    SKIPPED = "skipped"


S, E = OccurrenceState, OccurrenceEvent
TRANSITIONS: Mapping[tuple[OccurrenceState, OccurrenceEvent], OccurrenceState] = MappingProxyType(
    {
        (S.PLANNED, E.CAME_DUE): S.DUE,
        (S.PLANNED, E.SKIPPED): S.SKIPPED,
        (S.PLANNED, E.EXCUSED): S.EXCUSED,
        (S.DUE, E.STARTED): S.STARTED,
        (S.DUE, E.DONE): S.MET,
        (S.DUE, E.MISSED): S.MISSED,
        (S.DUE, E.EXCUSED): S.EXCUSED,
        (S.STARTED, E.DONE): S.MET,
        (S.STARTED, E.GIVEN_BACK): S.DUE,
        (S.STARTED, E.MISSED): S.MISSED,
        (S.STARTED, E.EXCUSED): S.EXCUSED,
        (S.MET, E.DOUBTED): S.MISSED,
        (S.MISSED, E.ACCEPTED): S.MET,
        (S.MISSED, E.MADE_GOOD): S.MET,
        (S.MISSED, E.EXCUSED): S.EXCUSED,
    }
)
TERMINAL: frozenset[OccurrenceState] = frozenset({S.EXCUSED, S.SKIPPED})
"""A missed occurrence may still be excused; one that was met may turn out not to be."""
OVER: frozenset[OccurrenceState] = frozenset({S.MET, S.MISSED, S.EXCUSED, S.SKIPPED})

WORK_KIND_NAMES: Mapping[WorkKind, tuple[str, str]] = MappingProxyType(
    {
        WorkKind.SWEEPING_RUN: ("清扫作业", "sweeping run"),
        WorkKind.PATROL_BEAT: ("巡逻任务", "patrol beat"),
        WorkKind.VENDING_ROUND: ("巡游售卖", "vending round"),
        WorkKind.RESTOCK: ("补货", "restock"),
    }
)
DAY_RULE_NAMES: Mapping[DayRule, tuple[str, str]] = MappingProxyType(
    {
        DayRule.EVERY_DAY: ("每天", "every day"),
        DayRule.WORKING_DAYS: ("工作日（含调休上班）", "working days"),
        DayRule.REST_DAYS: ("休息日", "days off"),
        DayRule.NO_HOLIDAYS: ("节假日除外", "not on public holidays"),
        DayRule.HOLIDAYS: ("仅节假日", "public holidays only"),
    }
)
MISFIRE_NAMES: Mapping[Misfire, tuple[str, str]] = MappingProxyType(
    {
        Misfire.SKIP: ("错过即跳过", "skip"),
        Misfire.RUN_ONCE: ("补执行一次", "run once"),
        Misfire.RUN_ALL: ("限时内全部补执行", "run all within the grace"),
    }
)
STATE_NAMES: Mapping[OccurrenceState, tuple[str, str]] = MappingProxyType(
    {
        S.PLANNED: ("已计划", "planned"),
        S.DUE: ("待执行", "due"),
        S.STARTED: ("执行中", "started"),
        S.MET: ("已完成", "met"),
        S.MISSED: ("已错过", "missed"),
        S.EXCUSED: ("已说明免责", "excused"),
        S.SKIPPED: ("已跳过", "skipped"),
    }
)
