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


class Rule(StrEnum):
    """Rules about a pair of order and vehicle; those about the vehicle alone are fleet's ReasonCode."""

    ON_ANOTHER_JOB = "on_another_job"
    NEVER_HEARD = "never_heard"
    REFUSED_LATELY = "refused_lately"
    NO_COMPARTMENT = "no_compartment"
    NO_ROUTE = "no_route"
    BATTERY_FOR_JOB = "battery_for_job"


RULE_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **{code.value: (name.zh, name.en) for code, name in NAMES[ReasonCode].items()},
        Rule.ON_ANOTHER_JOB.value: ("正在执行其他任务", "on another job"),
        Rule.NEVER_HEARD.value: ("尚未上报位置", "never heard"),
        Rule.REFUSED_LATELY.value: ("刚刚拒绝了任务", "refused a job a moment ago"),
        Rule.NO_COMPARTMENT.value: ("没有合适的货格", "no compartment that fits"),
        Rule.NO_ROUTE.value: ("道路不可达", "no way on the roads"),
        Rule.BATTERY_FOR_JOB.value: ("电量不足以往返", "battery too low for this job"),
    }
)
"""(zh, en) of every rule that can exclude a vehicle."""


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Why one vehicle cannot take one order: the rule, the value that decided, the value that was needed."""

    rule: str
    value: str | None = None
    needed: str | None = None


def exclusions(order: WaitingOrder, candidate: Candidate, times: PairTimes | None) -> tuple[Exclusion, ...]:
    """Return every reason why the vehicle cannot take the order; empty means that it can.

    ``times`` is None while no route was asked for, which is so for vehicles that are excluded anyway.
    """
    found = [Exclusion(rule=r.code.value, value=r.value, needed=r.needed) for r in candidate.reasons]
    if candidate.task_id is not None:
        found.append(Exclusion(rule=Rule.ON_ANOTHER_JOB.value, value=candidate.task_id))
    if candidate.lat is None or candidate.lng is None:
        found.append(Exclusion(rule=Rule.NEVER_HEARD.value))
    if candidate.has_refused:
        found.append(Exclusion(rule=Rule.REFUSED_LATELY.value))
    if fitting(candidate.layout, (), order.parcel) is None:
        parcel = order.parcel
        needed = f"{parcel.litres:g} l, {parcel.mass_kg:g} kg, {parcel.temperature.value}"
        found.append(Exclusion(rule=Rule.NO_COMPARTMENT.value, needed=needed))
    return (*found, *(() if times is None else _on_the_road(candidate, times)))


def _on_the_road(candidate: Candidate, times: PairTimes) -> tuple[Exclusion, ...]:
    if times.pickup_m is None or times.delivery_m is None:
        return (Exclusion(rule=Rule.NO_ROUTE.value),)
    # The way home is taken as long as the way out: the depot is in the same town.
    distance_m = 2.0 * (times.pickup_m + times.delivery_m)
    needed = battery_needed_ratio(distance_m, candidate.temperature_c)
    has = candidate.battery_ratio
    if has is not None and has >= needed:
        return ()
    value = None if has is None else f"{has:.2f}"
    return (Exclusion(rule=Rule.BATTERY_FOR_JOB.value, value=value, needed=f"{needed:.2f}"),)
