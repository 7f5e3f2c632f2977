"""What is kept of a run that an order could have joined, with a sentence for people. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from core.ids import OrderId, TaskId, VehicleNo
from services.dispatch.rules import RULE_NAMES

ORDER_JOINS = "order_joins"
"""Reason of the command that brings a vehicle its plan with one order more."""


class JoinRule(StrEnum):
    """Why an order does not join a run that comes near; beside the rules of ``services.dispatch.rules``."""

    RUN_NOT_OPEN = "run_not_open"
    RUN_FULL = "run_full"
    DELAYS_OTHERS = "delays_others"
    GAINS_TOO_LITTLE = "gains_too_little"
    ANOTHER_JOINS = "another_joins"


JOIN_RULE_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **RULE_NAMES,
        JoinRule.RUN_NOT_OPEN.value: ("行程此刻不能加单", "nothing can join it at this moment"),
        JoinRule.RUN_FULL.value: ("本趟订单已满", "it has as many orders as a run may have"),
        JoinRule.DELAYS_OTHERS.value: (
            "会使车上订单晚于承诺",
            "an order of the run would come past its promise",
        ),
        JoinRule.GAINS_TOO_LITTLE.value: ("比另派车早得不够多", "not sooner enough than another vehicle"),
        JoinRule.ANOTHER_JOINS.value: ("本轮已加另一订单", "another order joins it in this round"),
    }
)
"""(zh, en) of every rule that can keep an order out of a run."""


class OrderDelay(msgspec.Struct, frozen=True, kw_only=True):
    """How much later an order of the run is handed over, in seconds."""

    order_id: OrderId
    delay_s: float


class JoinLine(msgspec.Struct, frozen=True, kw_only=True):
    """One run that the order could have joined.

    ``why`` is the rule that kept it out, empty for the run that it joins. Seconds are from the decision on
    and None where no place in the run was found: ``loaded_s`` until the goods are on board, ``arrival_s``
    until the door, ``detour_s`` of driving more, ``gain_s`` by which it is loaded sooner than by the best
    free vehicle, or by the next to come free.
    """

    vehicle_no: VehicleNo
    code: str
    task_id: TaskId
    loaded_s: float | None = None
    arrival_s: float | None = None
    detour_s: float | None = None
    gain_s: float | None = None
    delays: tuple[OrderDelay, ...] = ()
    why: str = ""
    text_zh: str = ""
    text_en: str = ""


def told(line: JoinLine) -> JoinLine:
    """Return the line with its sentence in zh and en."""
    if line.why:
        zh, en = JOIN_RULE_NAMES[line.why]
        return msgspec.structs.replace(
            line,
            text_zh=f"未加入 {line.code} 的行程：{zh}。",
            text_en=f"Not on the run of {line.code}: {en}.",
        )
    minutes = max(1, round((line.loaded_s or 0.0) / 60))
    late = [each for each in line.delays if each.delay_s >= 1.0]
    named_zh = "，".join(f"订单 {short(each.order_id)} 晚 {each.delay_s:.0f} 秒" for each in late)
    named_en = ", ".join(f"+{each.delay_s:.0f} s for order {short(each.order_id)}" for each in late)
    return msgspec.structs.replace(
        line,
        text_zh=f"加入 {line.code} 的行程，约 {minutes} 分钟后装货：{named_zh or '车上订单不受影响'}。",
        text_en=f"Joins the run of {line.code}, loaded in {minutes} min:"
        f" {named_en or 'no order of it is delayed'}.",
    )


def short(order_id: OrderId) -> str:
    """Return the end of an order's id, as screens show it."""
    return order_id[-6:].upper()
