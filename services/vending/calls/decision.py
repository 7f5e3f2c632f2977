"""What was decided about a called stop: who comes, what the others would take, which rules kept them away."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from core.ids import VehicleNo
from fleet.vehicles.dispatchable import ReasonCode
from services.dispatch.area import OUTSIDE_PERMIT
from services.dispatch.rules import RULE_NAMES, Exclusion, Rule

NO_VALID_PERMIT: Final = "no_valid_permit"
"""Why a call is declined while the permits of every vehicle of the operator have lapsed."""
NO_PERMIT: Final = frozenset({ReasonCode.NO_PERMIT.value, ReasonCode.PERMIT_EXPIRED.value})
GAIN_S = 180.0
"""So much sooner than the nearest idle vehicle one must be there to leave its round. Every second that the
caller has waited, without the idle one having been sent, is a second less."""


class CallRule(StrEnum):
    """Rules that keep a vending vehicle from a call; those of every vehicle are dispatch's."""

    NEEDS_GOODS = "needs_goods"
    MID_SALE = "mid_sale"
    PLAN_NOT_TAKEN = "plan_not_taken"
    CALLED_AWAY_OFTEN = "called_away_often"
    CHARGING = "charging"


CALL_RULE_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **RULE_NAMES,
        Rule.AREA_FOR_JOB.value: ("停靠点不在许可区域内", "stop outside the permitted area"),
        CallRule.NEEDS_GOODS.value: ("需先补货", "needs goods first"),
        CallRule.MID_SALE.value: ("正在售卖", "in the middle of a sale"),
        CallRule.PLAN_NOT_TAKEN.value: ("尚未接受巡游计划", "has not taken its round yet"),
        CallRule.CALLED_AWAY_OFTEN.value: ("本次巡游已多次应召", "was called away from this round already"),
        CallRule.CHARGING.value: ("正在充电", "charging"),
    }
)
"""(zh, en) of every rule that can keep a vehicle from a call."""


class CallOutcome(StrEnum):
    """What was decided about a called stop."""

    CALLED_AWAY = "called_away"
    """A vehicle leaves its round."""
    IDLE = "idle"
    """The nearest idle vehicle; it is sent as soon as somebody on duty has room for it."""
    NOT_YET = "not_yet"
    """Only vehicles on rounds could come, and the stop is not offered so far away yet."""
    NOBODY = "nobody"


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle that might come: how far away in a straight line, how long by road (None without a way or
    unasked), and every rule that excludes it."""

    vehicle_no: VehicleNo
    code: str
    is_on_round: bool
    away_m: float | None = None
    way_s: float | None = None
    rules: tuple[Exclusion, ...] = ()


class CallDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes to a stop, and why. ``gain_s`` is how much sooner than the nearest idle vehicle the chosen
    one is there, None without an idle one; ``needed_s`` what was needed then."""

    at: datetime
    outcome: CallOutcome
    vehicle_no: VehicleNo | None = None
    gain_s: float | None = None
    needed_s: float = GAIN_S
    reach_m: float = 0.0
    sellers: tuple[Seller, ...] = ()

    def says_the_same(self, other: "CallDecision | None") -> bool:
        """Return whether another decision names the same outcome, vehicle and rules."""
        return other is not None and _words(self) == _words(other)

    def refusal(self) -> str:
        """Return why waiting would not help, a stable word: no vehicle has a valid permit, or none of the
        permits covers the stop; empty while somebody may come."""
        if self._keeps_all(NO_PERMIT):
            return NO_VALID_PERMIT
        return OUTSIDE_PERMIT if self._keeps_all({Rule.AREA_FOR_JOB.value}) else ""

    def _keeps_all(self, rules: Collection[str]) -> bool:
        return bool(self.sellers) and all(any(r.rule in rules for r in one.rules) for one in self.sellers)


def told(decision: CallDecision) -> tuple[str, str]:
    """Return the decision as a sentence, (zh, en)."""
    code = next((one.code for one in decision.sellers if one.vehicle_no == decision.vehicle_no), "–")
    if decision.outcome is CallOutcome.CALLED_AWAY:
        if decision.gain_s is None:
            return (
                f"没有空闲车辆可来，{code} 暂停巡游前往。",
                f"No idle vehicle can come; {code} leaves its round.",
            )
        gain, needed = round(decision.gain_s), round(decision.needed_s)
        return (
            f"{code} 暂停巡游前往：比最近的空闲车辆早到 {gain} 秒（需要 {needed} 秒）。",
            f"{code} leaves its round: there {gain} s sooner than the nearest idle one ({needed} s needed).",
        )
    if decision.outcome is CallOutcome.IDLE:
        return (f"空闲车辆 {code} 前往。", f"{code}, which is idle, comes.")
    if decision.outcome is CallOutcome.NOT_YET:
        return (
            f"没有空闲车辆；巡游车辆都在 {decision.reach_m:.0f} 米以外，等待越久范围越大。",
            f"No vehicle is idle; those on rounds are more than {decision.reach_m:.0f} m away."
            " The longer the caller waits, the farther one may come from.",
        )
    refusal = decision.refusal()
    if refusal == NO_VALID_PERMIT:
        return ("没有车辆持有有效的许可。", "No vehicle has a valid permit.")
    if refusal == OUTSIDE_PERMIT:
        return ("停靠点不在任何车辆的许可区域内。", "The stop lies outside what any vehicle's permit covers.")
    return ("没有车辆可来。", "No vehicle can come.")


def _words(decision: CallDecision) -> tuple[object, ...]:
    rules = frozenset((one.vehicle_no, tuple(rule.rule for rule in one.rules)) for one in decision.sellers)
    return decision.outcome, decision.vehicle_no, rules
