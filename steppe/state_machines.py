"""docs/state-machines.md out of the tables themselves: every machine, its states and every step."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from fleet.machines import MACHINES, Machine
from fleet.names import NAMES
from geofences import publishing
from geofences.fences import FENCE_STATE_NAMES, FenceState
from services.charging import charger as charging
from services.notices import kinds as notice_kinds
from services.orders import states as order_states
from services.patrol import kinds as patrol_kinds
from services.schedules import kinds as schedule_kinds
from services.settlement.clearing import clearing
from services.substitutions import substitution
from services.sweeping import run_states
from services.tasks import states as task_states
from services.vending.calls import states as call_states
from services.vending.sales import states as sale_states
from services.waybills import waybill

SERVICE_MACHINES: Final[tuple[Machine, ...]] = (
    Machine(
        name="order (delivery)",
        zh="配送订单",
        table=order_states.TRANSITIONS,
        initial=order_states.OrderState.CREATED,
        terminal=frozenset(order_states.TERMINAL),
        note="`ready_at` is a time on the order, never a state.",
    ),
    Machine(
        name="task",
        zh="任务",
        table=task_states.TRANSITIONS,
        initial=task_states.TaskState.PENDING,
        terminal=frozenset(task_states.TERMINAL),
        note="A suspended task does not hold its vehicle.",
    ),
    Machine(
        name="stop of a task",
        zh="任务站点",
        table=task_states.STOP_TRANSITIONS,
        initial=task_states.StopState.PLANNED,
        terminal=frozenset({task_states.StopState.DONE, task_states.StopState.SKIPPED}),
    ),
    Machine(
        name="sweeping run",
        zh="清扫作业",
        table=run_states.TRANSITIONS,
        initial=run_states.RunState.WAITING,
        terminal=frozenset(run_states.TERMINAL),
        note="A repair run begins in `planning`, every other one in `waiting` (sweeping.md).",
    ),
    Machine(
        name="vending call",
        zh="售卖车呼叫",
        table=call_states.TRANSITIONS,
        initial=call_states.CallState.CREATED,
        terminal=frozenset(call_states.TERMINAL),
        note="Calls for one stop are served by one vehicle (vending.md).",
    ),
    Machine(
        name="vending sale",
        zh="售卖交易",
        table=sale_states.TRANSITIONS,
        initial=sale_states.SaleState.RESERVED,
        terminal=frozenset(sale_states.TERMINAL),
        note="A released sale is over for its buyer; a late report of its vehicle is booked all the same.",
    ),
    Machine(
        name="charger reservation",
        zh="充电预约",
        table=charging.RESERVATION_TRANSITIONS,
        initial=charging.ReservationState.WAITING,
        terminal=charging.RESERVATION_TERMINAL,
        note="A slot is held while it is reserved and while it is used.",
    ),
    Machine(
        name="occurrence of a schedule",
        zh="排班执行",
        table=schedule_kinds.TRANSITIONS,
        initial=schedule_kinds.OccurrenceState.PLANNED,
        terminal=frozenset(schedule_kinds.TERMINAL),
        note="One row a slot, whatever runs twice (schedules.md). A missed one may still be excused; one "
        "that was met by doubtful evidence is missed until a person accepts it (patrol.md).",
    ),
    Machine(
        name="patrol run",
        zh="巡逻",
        table=patrol_kinds.RUN_TRANSITIONS,
        initial=patrol_kinds.RunState.WAITING,
        terminal=frozenset(patrol_kinds.RUN_TERMINAL),
        note="A look at a place is a run of one checkpoint that begins under way (patrol.md).",
    ),
    Machine(
        name="checkpoint of a patrol run",
        zh="巡逻点",
        table=patrol_kinds.POINT_TRANSITIONS,
        initial=patrol_kinds.PointState.DUE,
        terminal=frozenset(patrol_kinds.POINT_TERMINAL),
    ),
    Machine(
        name="substitution",
        zh="缺货替换",
        table=substitution.TRANSITIONS,
        initial=substitution.SubstitutionState.OFFERED,
        terminal=substitution.TERMINAL,
        note="Nothing of its order is loaded while it is `offered` (delivery.md).",
    ),
    Machine(
        name="waybill",
        zh="运单",
        table=waybill.TRANSITIONS,
        initial=waybill.WaybillState.OFFERED,
        terminal=frozenset(waybill.TERMINAL),
        note="What follows `ordered` is the order's.",
    ),
    Machine(
        name="clearing between companies",
        zh="公司间清分",
        table=clearing.TRANSITIONS,
        initial=clearing.ClearingState.DUE,
        terminal=clearing.TERMINAL,
        note="Derived from what both companies said, which is only added (settlement.md).",
    ),
    Machine(
        name="notice",
        zh="通知",
        table=notice_kinds.TRANSITIONS,
        initial=notice_kinds.NoticeState.WAITING,
        terminal=frozenset(notice_kinds.TERMINAL),
        note="One row for each subject, occasion, turn and channel (notices.md).",
    ),
)
FENCE_MACHINES: Final[tuple[Machine, ...]] = (
    Machine(
        name="fence version",
        zh="围栏版本",
        table=publishing.TRANSITIONS,
        initial=FenceState.DRAFT,
        terminal=frozenset(publishing.TERMINAL),
    ),
)
ALL_MACHINES: Final = (*MACHINES, *SERVICE_MACHINES, *FENCE_MACHINES)

_PAIRS: Final[Mapping[type[StrEnum], Mapping[Any, tuple[str, str]]]] = {
    charging.ReservationState: charging.STATE_NAMES,
    order_states.OrderState: order_states.STATE_NAMES,
    task_states.TaskState: task_states.STATE_NAMES,
    task_states.StopState: task_states.STOP_STATE_NAMES,
    run_states.RunState: run_states.STATE_NAMES,
    call_states.CallState: call_states.STATE_NAMES,
    sale_states.SaleState: sale_states.STATE_NAMES,
    schedule_kinds.OccurrenceState: schedule_kinds.STATE_NAMES,
    patrol_kinds.RunState: patrol_kinds.RUN_STATE_NAMES,
    patrol_kinds.PointState: patrol_kinds.POINT_STATE_NAMES,
    notice_kinds.NoticeState: notice_kinds.STATE_NAMES,
    clearing.ClearingState: clearing.STATE_NAMES,
    substitution.SubstitutionState: substitution.STATE_NAMES,
    waybill.WaybillState: waybill.STATE_NAMES,
    FenceState: FENCE_STATE_NAMES,
}


def state_machines_page(note: str) -> str:
    """Return docs/state-machines.md; `note` is the line that says where it is generated from."""
    out = [
        note,
        "# State machines\n",
        "Each machine is one constant table and one pure function; whatever is not in the table raises "
        "`illegal-transition`. Rows are in the order of the code; **bold** states are final.\n",
    ]
    for machine in ALL_MACHINES:
        out += _section(machine)
    return "\n".join(out)


def _section(machine: Machine) -> list[str]:
    states = list(type(machine.initial))
    out = [f"## {machine.name} {machine.zh}\n"]
    if machine.note:
        out.append(f"{machine.note}\n")
    out += ["| state | 中文 | English |", "|---|---|---|"]
    for state in states:
        zh, en = names_of(state)
        shown = f"**`{state.value}`**" if state in machine.terminal else f"`{state.value}`"
        out.append(f"| {shown}{' (first)' if state is machine.initial else ''} | {zh} | {en} |")
    out += ["", "| from | event | to |", "|---|---|---|"]
    out += [
        f"| `{state.value}` | {event_name(event)} | `{target.value}` |"
        for state, event, target in machine.rows
    ]
    return [*out, "", *_diagram(machine), ""]


def _diagram(machine: Machine) -> list[str]:
    """Return the machine as a Mermaid diagram, steps between the same two states on one arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, event, target in machine.rows:
        arrows.setdefault((state.value, target.value), []).append(event_name(event))
    lines = ["```mermaid", "stateDiagram-v2", f"  [*] --> {machine.initial.value}"]
    lines += [f"  {before} --> {after}: {', '.join(said)}" for (before, after), said in arrows.items()]
    lines += [f"  {state.value} --> [*]" for state in type(machine.initial) if state in machine.terminal]
    return [*lines, "```"]


def event_name(event: Any) -> str:
    """Return the word of an event: the value of an enum's member, or the name of an event's type."""
    return str(event.value) if isinstance(event, StrEnum) else str(event.__name__)


def names_of(state: StrEnum) -> tuple[str, str]:
    """Return the Chinese and the English name of a state; raise KeyError for one that nobody named."""
    kind = type(state)
    if kind in _PAIRS:
        return _PAIRS[kind][state]
    name = NAMES[kind][state]
    return name.zh, name.en
