"""An operator's own plan: which vehicle takes which orders, judged run by run. Plain values, pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from core.errors import Conflict, Invalid
from core.ids import OrderId, TaskId, VehicleNo
from services.dispatch.cost import CostTerm
from services.dispatch.explanation import Explanation
from services.dispatch.rules import Exclusion
from services.dispatch.runs.problem import MOST_ORDERS_A_RUN

MOST_RUNS = 20
"""Runs of one plan: each takes the roads a few milliseconds."""


class Hindrance(StrEnum):
    """Why a run of the plan is not given; stable words."""

    ZONE_FROZEN = "zone_frozen"
    NOT_OF_ZONE = "not_of_zone"
    ORDER_NOT_WAITING = "order_not_waiting"
    ORDER_CHANGED = "order_changed"
    CANNOT_TAKE = "cannot_take"
    NO_ROOM_TOGETHER = "no_room_together"
    BATTERY_FOR_RUN = "battery_for_run"
    HOURS_FOR_RUN = "hours_for_run"
    NO_WAY = "no_way"
    VEHICLE_TAKEN = "vehicle_taken"


HINDRANCE_NAMES: Mapping[Hindrance, tuple[str, str]] = MappingProxyType(
    {
        Hindrance.ZONE_FROZEN: ("本旗区暂停派车", "dispatch is frozen in this zone"),
        Hindrance.NOT_OF_ZONE: ("车辆不是本旗区的配送车", "no delivery vehicle of this zone"),
        Hindrance.ORDER_NOT_WAITING: ("订单已不在等车", "the order does not wait any more"),
        Hindrance.ORDER_CHANGED: ("订单在预览后有变化", "the order changed after the preview"),
        Hindrance.CANNOT_TAKE: ("车辆不能承接", "the vehicle cannot take it"),
        Hindrance.NO_ROOM_TOGETHER: ("货格装不下全部订单", "the compartments do not hold all of them"),
        Hindrance.BATTERY_FOR_RUN: ("电量不足以跑完全程", "battery too low for the whole run"),
        Hindrance.HOURS_FOR_RUN: ("许可时段内跑不完全程", "the whole run ends past the permitted hours"),
        Hindrance.NO_WAY: ("道路不可达", "no way on the roads"),
        Hindrance.VEHICLE_TAKEN: ("车辆刚被派了其他任务", "the vehicle was given something else"),
    }
)


class OrderWish(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a run; ``version`` is the one that was previewed, None for whatever it is now."""

    order_id: OrderId
    version: int | None = None


class RunWish(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator wants one vehicle to do: load in this order, then hand over in this order."""

    vehicle_no: VehicleNo
    orders: tuple[OrderWish, ...]


class JudgedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a judged run: what it would cost, or why the vehicle cannot take it.

    ``best_code`` is the vehicle that would be cheapest for the order alone, with its ``best_cost_s``.
    """

    order_id: OrderId
    version: int
    state: str
    cost_s: float | None = None
    terms: tuple[CostTerm, ...] = ()
    excluded_by: tuple[Exclusion, ...] = ()
    best_code: str | None = None
    best_cost_s: float | None = None
    pickup_at: datetime | None = None
    eta_at: datetime | None = None


class JudgedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run as it would be given, or what hinders it; ``task_id`` once it was given."""

    vehicle_no: VehicleNo
    code: str
    orders: tuple[JudgedOrder, ...]
    hindrance: Hindrance | None = None
    task_id: TaskId | None = None


def check_plan(wishes: Sequence[RunWish]) -> None:
    """Raise Invalid naming field and limit for a plan that contradicts itself or is too large."""
    if not 1 <= len(wishes) <= MOST_RUNS:
        raise Invalid("invalid-input", "a plan has runs", field="runs", limit=f"1 to {MOST_RUNS}")
    vehicles = [wish.vehicle_no for wish in wishes]
    if len(set(vehicles)) < len(vehicles):
        raise Invalid("invalid-input", "a vehicle has one run", field="runs.vehicleNo", limit="once")
    orders = [order.order_id for wish in wishes for order in wish.orders]
    if len(set(orders)) < len(orders):
        raise Invalid("invalid-input", "an order is in one run", field="runs.orders", limit="once")
    if not all(1 <= len(wish.orders) <= MOST_ORDERS_A_RUN for wish in wishes):
        limit = f"1 to {MOST_ORDERS_A_RUN}"
        raise Invalid("invalid-input", f"a run has {limit} orders", field="runs.orders", limit=limit)


def chosen_by(explanation: Explanation, name: str, reason: str) -> Explanation:
    """Return the explanation of what an operator chose: it says so, and keeps what was found."""
    code, could, all_of_them = explanation.chosen_code, explanation.feasible, explanation.considered
    return msgspec.structs.replace(
        explanation,
        chosen_by=name,
        text_zh=f"{name}指定 {code}：{reason}（{all_of_them} 辆车中 {could} 辆可用）。",
        text_en=f"{name} chose {code}: {reason} ({could} of {all_of_them} vehicles could go).",
    )


def must_be_given(run: JudgedRun) -> None:
    """Raise Conflict that names what hinders the run, and the rules that exclude its vehicle."""
    if run.hindrance is None:
        return
    code = {
        Hindrance.ZONE_FROZEN: "zone-frozen",
        Hindrance.ORDER_NOT_WAITING: "conflict",
        Hindrance.ORDER_CHANGED: "conflict",
    }.get(run.hindrance, "vehicle-not-dispatchable")
    rules = sorted({reason.rule for order in run.orders for reason in order.excluded_by})
    raise Conflict(
        code,
        HINDRANCE_NAMES[run.hindrance][1],
        vehicle_no=run.vehicle_no,
        hindrance=run.hindrance.value,
        reasons=rules,
        state=run.orders[0].state,
    )
