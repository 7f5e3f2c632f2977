"""Which vehicle may take which order, and every reason why not, with names for people."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from fleet.names import NAMES
from fleet.vehicles.dispatchable import ReasonCode
from services.delivery.compartments import fitting
from services.dispatch.candidate import Candidate, PairTimes, WaitingOrder
from services.dispatch.energy import battery_needed_ratio
from services.orders.promise import HANDOVER_S, LOAD_S


class Rule(StrEnum):
    """Rules about a pair of order and vehicle; those about the vehicle alone are fleet's ReasonCode."""

    ON_ANOTHER_JOB = "on_another_job"
    NEVER_HEARD = "never_heard"
    REFUSED_LATELY = "refused_lately"
    NO_COMPARTMENT = "no_compartment"
    NO_ROUTE = "no_route"
    BATTERY_FOR_JOB = "battery_for_job"
    AREA_FOR_JOB = "area_for_job"
    HOURS_FOR_JOB = "hours_for_job"


RULE_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **{code.value: (name.zh, name.en) for code, name in NAMES[ReasonCode].items()},
        Rule.ON_ANOTHER_JOB.value: ("正在执行其他任务", "on another job"),
        Rule.NEVER_HEARD.value: ("尚未上报位置", "never heard"),
        Rule.REFUSED_LATELY.value: ("刚刚拒绝了任务", "refused a job a moment ago"),
        Rule.NO_COMPARTMENT.value: ("没有合适的货格", "no compartment that fits"),
        Rule.NO_ROUTE.value: ("道路不可达", "no way on the roads"),
        Rule.BATTERY_FOR_JOB.value: ("电量不足以往返", "battery too low for this job"),
        Rule.AREA_FOR_JOB.value: ("取送点不在许可区域内", "shop or door outside the permitted area"),
        Rule.HOURS_FOR_JOB.value: ("许可时段内送不完", "not done within the permitted hours"),
    }
)
"""(zh, en) of every rule that can exclude a vehicle."""


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Why one vehicle cannot take one order: the rule, the value that decided, the value that was needed."""

    rule: str
    value: str | None = None
    needed: str | None = None


def exclusions(order: WaitingOrder, candidate: Candidate) -> tuple[Exclusion, ...]:
    """Return every reason, before any route is asked for, why the vehicle cannot take the order."""
    return *own_exclusions(candidate), *parcel_exclusions(order, candidate)


def own_exclusions(candidate: Candidate) -> tuple[Exclusion, ...]:
    """Return why the vehicle can take no order at all."""
    found = [Exclusion(rule=r.code.value, value=r.value, needed=r.needed) for r in candidate.reasons]
    if candidate.task_id is not None:
        found.append(Exclusion(rule=Rule.ON_ANOTHER_JOB.value, value=candidate.task_id))
    if candidate.lat is None or candidate.lng is None:
        found.append(Exclusion(rule=Rule.NEVER_HEARD.value))
    if candidate.has_refused:
        found.append(Exclusion(rule=Rule.REFUSED_LATELY.value))
    return tuple(found)


def parcel_exclusions(order: WaitingOrder, candidate: Candidate) -> tuple[Exclusion, ...]:
    """Return why its boxes and areas are not for the order: the same for orders of equal parcel and areas."""
    found = []
    if fitting(candidate.layout, (), order.parcel) is None:
        parcel = order.parcel
        needed = f"{parcel.litres:g} l, {parcel.mass_kg:g} kg, {parcel.temperature.value}"
        found.append(Exclusion(rule=Rule.NO_COMPARTMENT.value, needed=needed))
    outside = _outside(order, candidate)
    return tuple(found) if outside is None else (*found, outside)


def _outside(order: WaitingOrder, candidate: Candidate) -> Exclusion | None:
    """Return the exclusion of an order whose shop or door no permit of the vehicle covers."""
    if order.areas is None or candidate.areas is None:
        return None
    if order.areas and order.areas <= candidate.areas:
        return None
    value, needed = ", ".join(sorted(candidate.areas)), ", ".join(sorted(order.areas)) or None
    return Exclusion(rule=Rule.AREA_FOR_JOB.value, value=value or None, needed=needed)


def _too_late(candidate: Candidate, times: PairTimes) -> Exclusion | None:
    """Return the exclusion of an order that is not handed over before the permitted hours end."""
    left_s = candidate.hours_left_s
    needed_s = (times.pickup_s or 0.0) + LOAD_S + (times.delivery_s or 0.0) + HANDOVER_S
    if left_s is None or left_s >= needed_s:
        return None
    return Exclusion(rule=Rule.HOURS_FOR_JOB.value, value=f"{left_s:.0f} s", needed=f"{needed_s:.0f} s")


def road_exclusions(order: WaitingOrder, candidate: Candidate, times: PairTimes) -> tuple[Exclusion, ...]:
    """Return why the way to the order and home again is none, too far or too long."""
    if times.pickup_m is None or times.delivery_m is None:
        return (Exclusion(rule=Rule.NO_ROUTE.value),)
    out_m = times.pickup_m + times.delivery_m
    # without a depot or charger the way home is taken as long as the way out
    distance_m = out_m + (out_m if order.home_m is None else order.home_m)
    needed = battery_needed_ratio(distance_m, candidate.temperature_c)
    has = candidate.battery_ratio
    late = _too_late(candidate, times)
    found = () if late is None else (late,)
    if has is not None and has >= needed:
        return found
    value = None if has is None else f"{has:.2f}"
    return (
        *found,
        Exclusion(rule=Rule.BATTERY_FOR_JOB.value, value=value, needed=f"{needed:.2f}"),
    )
