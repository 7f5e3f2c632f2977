"""Every state machine of the fleet in one list, from which docs/state-machines.md is drawn."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from fleet.alarms.kinds import ALARM_TERMINAL, ALARM_TRANSITIONS, AlarmState
from fleet.area_stops import states as area_stop_states
from fleet.commands.kinds import COMMAND_TERMINAL, COMMAND_TRANSITIONS, CommandState
from fleet.feedback.kinds import FEEDBACK_TERMINAL, FEEDBACK_TRANSITIONS, FeedbackState
from fleet.incidents.kinds import INCIDENT_TRANSITIONS, IncidentState
from fleet.people.duty import SHIFT_TERMINAL, SHIFT_TRANSITIONS, ShiftState
from fleet.takeovers.kinds import TAKEOVER_TERMINAL, TAKEOVER_TRANSITIONS, TakeoverState
from fleet.vehicles.codes import CODE_TERMINAL, CODE_TRANSITIONS, CodeStatus
from fleet.vehicles.duty import DUTY_TRANSITIONS
from fleet.vehicles.kinds import Duty, Lifecycle
from fleet.vehicles.lifecycle import LIFECYCLE_TERMINAL, LIFECYCLE_TRANSITIONS
from fleet.vehicles.mds import MDS_TRANSITIONS, MdsState
from fleet.violations.kinds import VIOLATION_TERMINAL, VIOLATION_TRANSITIONS, ViolationState
from fleet.weather.recall import RECALL_TERMINAL, RECALL_TRANSITIONS, RecallState
from fleet.work_orders.kinds import WORK_TERMINAL, WORK_TRANSITIONS, WorkState


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """One constant table with its name, its first state and the states that nothing leaves."""

    name: str
    zh: str
    table: Mapping[tuple[Any, Any], Any]
    """(state, event) → state; an event is a member of an enum or the type of an event Struct."""
    initial: StrEnum
    terminal: frozenset[StrEnum] = frozenset()
    note: str = ""
    forks: tuple[tuple[Any, Any, Any], ...] = ()
    """(state, event, next state) of events that lead to several states: such a machine is derived."""

    @property
    def rows(self) -> tuple[tuple[Any, Any, Any], ...]:
        """Every step: (state, event, next state)."""
        return (*((before, event, after) for (before, event), after in self.table.items()), *self.forks)


_MDS_ROWS = tuple(
    (before, event, after) for (before, after), events in MDS_TRANSITIONS.items() for event in events
)
_MDS_TARGETS = Counter((before, event) for before, event, _ in _MDS_ROWS)


MACHINES: Final[tuple[Machine, ...]] = (
    Machine(
        name="vehicle code",
        zh="车辆编码",
        table=CODE_TRANSITIONS,
        initial=CodeStatus.DRAFT,
        terminal=frozenset(CODE_TERMINAL),
        note="A revoked code is never used again; it may point to the code that replaced it.",
    ),
    Machine(
        name="vehicle lifecycle",
        zh="车辆生命周期",
        table=LIFECYCLE_TRANSITIONS,
        initial=Lifecycle.REGISTERED,
        terminal=frozenset(LIFECYCLE_TERMINAL),
    ),
    Machine(
        name="vehicle duty",
        zh="车辆任务状态",
        table=DUTY_TRANSITIONS,
        initial=Duty.IDLE,
        note="A fault outlives the task in which it happened.",
    ),
    Machine(
        name="MDS vehicle state",
        zh="MDS 车辆状态",
        table={
            (before, event): after for before, event, after in _MDS_ROWS if _MDS_TARGETS[before, event] == 1
        },
        forks=tuple(row for row in _MDS_ROWS if _MDS_TARGETS[row[0], row[1]] > 1),
        initial=MdsState.REMOVED,
        note="Derived, never set: where an event leads to several states, the other machines decide.",
    ),
    Machine(
        name="command",
        zh="指令",
        table=COMMAND_TRANSITIONS,
        initial=CommandState.QUEUED,
        terminal=frozenset(COMMAND_TERMINAL),
        note="A stop expires by release, not by time.",
    ),
    Machine(
        name="alarm",
        zh="告警",
        table=ALARM_TRANSITIONS,
        initial=AlarmState.OPEN,
        terminal=frozenset(ALARM_TERMINAL),
        note="Two independent flags, acknowledged and cleared; the same cause coming back is a new alarm.",
    ),
    Machine(
        name="violation",
        zh="违规",
        table=VIOLATION_TRANSITIONS,
        initial=ViolationState.SUSPECTED,
        terminal=frozenset(VIOLATION_TERMINAL),
        note="A cause opens it; its interval ends with the cause, whatever people decide meanwhile.",
    ),
    Machine(
        name="incident",
        zh="事故(事件)",
        table=INCIDENT_TRANSITIONS,
        initial=IncidentState.REPORTED,
        note="Evidence is sealed by itself; the state follows when both it and the triage are done.",
    ),
    Machine(
        name="work order",
        zh="现场工单",
        table=WORK_TRANSITIONS,
        initial=WorkState.OPEN,
        terminal=frozenset(WORK_TERMINAL),
        note="Safety work that a crew gives up is opened again at once: its vehicle stays held.",
    ),
    Machine(
        name="weather recall",
        zh="天气召回",
        table=RECALL_TRANSITIONS,
        initial=RecallState.ACTIVE,
        terminal=frozenset(RECALL_TERMINAL),
        note="Weather that nobody knows ends no recall.",
    ),
    Machine(
        name="takeover session",
        zh="接管会话",
        table=TAKEOVER_TRANSITIONS,
        initial=TakeoverState.REQUESTED,
        terminal=frozenset(TAKEOVER_TERMINAL),
        note="What is handed over goes on as another session in the same turn.",
    ),
    Machine(
        name="bystander report",
        zh="市民反馈",
        table=FEEDBACK_TRANSITIONS,
        initial=FeedbackState.RECEIVED,
        terminal=frozenset(FEEDBACK_TERMINAL),
        note="Who said it reads the answer by the token that her page keeps; nobody asks who she is.",
    ),
    Machine(
        name="remote operator's shift",
        zh="远程安全员班次",
        table=SHIFT_TRANSITIONS,
        initial=ShiftState.ON_DUTY,
        terminal=frozenset(SHIFT_TERMINAL),
    ),
    Machine(
        name="area stop",
        zh="划区停车",
        table=area_stop_states.TRANSITIONS,
        initial=area_stop_states.AreaStopState.STANDING,
        terminal=area_stop_states.TERMINAL,
        note="Who may take which step is docs/area-stops.md: a release takes two people.",
    ),
)
