"""Why this vehicle and not another, kept with the decision and shown to people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.ids import OrderId, VehicleNo
from services.dispatch.candidate import Candidate, WaitingOrder
from services.dispatch.cost import CostTerm, total_s
from services.dispatch.joins.lines import JoinLine
from services.dispatch.rules import RULE_NAMES, Exclusion

KEPT_CANDIDATES = 20
"""Lines kept of each sort, best first: enough to judge a decision, bounded at 200 vehicles a zone."""
NAMED_RULES = 3
"""Rules named in the sentence of an order that nobody can take."""


class CandidateLine(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle that was looked at.

    With ``cost_s`` it could have gone: ``lost_by_s`` is how much dearer it was than the chosen one
    (negative: cheaper, but better used for ``took_order``). Without, ``excluded_by`` says why.
    """

    vehicle_no: VehicleNo
    code: str
    cost_s: float | None = None
    terms: tuple[CostTerm, ...] = ()
    battery_ratio: float | None = None
    """Of a vehicle that could have gone; None also in decisions from before it was kept."""
    lost_by_s: float | None = None
    took_order: OrderId | None = None
    excluded_by: tuple[Exclusion, ...] = ()


class RuleCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many vehicles a rule excluded (each counted under its first rule), with names for people."""

    rule: str
    name_zh: str
    name_en: str
    count: int


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The whole reason of one decision about one order."""

    order_id: OrderId
    at: datetime
    considered: int
    feasible: int
    chosen: VehicleNo | None
    chosen_code: str | None
    cost_s: float | None
    terms: tuple[CostTerm, ...] = ()
    battery_ratio: float | None = None
    """Of the chosen vehicle."""
    chosen_by: str = ""
    """The operator who chose the vehicle; empty where the dispatcher did."""
    together: tuple[OrderId, ...] = ()
    """The other orders on the same vehicle, in the order in which they are loaded."""
    candidates: tuple[CandidateLine, ...] = ()
    excluded: tuple[RuleCount, ...] = ()
    reason: str = ""
    """A stable word for an order that waits: no_vehicles, all_excluded, all_taken, nearer_soon; empty
    when one was chosen."""
    text_zh: str
    text_en: str
    weights_version: int = 0
    """Version of the zone's weights by which it was decided; 0 are the defaults."""
    joins: tuple[JoinLine, ...] = ()
    """Runs under way that it could have joined; the one that it joins is without ``why``."""

    @property
    def joined(self) -> JoinLine | None:
        """Return the run that the order joins, None when a free vehicle was chosen or none."""
        return next((line for line in self.joins if not line.why), None)


Costs = Mapping[VehicleNo, tuple[CostTerm, ...]]


def explain(
    order: WaitingOrder,
    candidates: Sequence[Candidate],
    costs: Costs,
    excluded: Mapping[VehicleNo, tuple[Exclusion, ...]],
    rides: Mapping[VehicleNo, tuple[OrderId, ...]],
    *,
    at: datetime,
    weights_version: int = 0,
) -> Explanation:
    """Return the explanation of one order's outcome.

    ``costs`` holds the terms of the feasible vehicles as if each went for this order alone, ``excluded``
    the reasons of the others, ``rides`` the orders that each vehicle was given in this round (also this
    one), in the order in which they are loaded. Pure; texts are complete sentences in
    zh and en.
    """
    codes = {candidate.vehicle_no: candidate.code for candidate in candidates}
    batteries = {candidate.vehicle_no: candidate.battery_ratio for candidate in candidates}
    chosen = next((vehicle for vehicle, taken in rides.items() if order.order_id in taken), None)
    ride = () if chosen is None else rides[chosen]
    chosen_terms = costs[chosen] if chosen is not None else ()
    chosen_cost = total_s(chosen_terms) if chosen is not None else None
    rules = _rule_counts(excluded)
    text_zh, text_en, reason = _sentences(chosen, codes, len(candidates), costs, rides, rules)
    if chosen is not None and len(ride) > 1:
        text_zh, text_en = _shared(order.order_id, ride, codes[chosen], len(candidates), len(costs))
    return Explanation(
        order_id=order.order_id,
        at=at,
        considered=len(candidates),
        feasible=len(costs),
        chosen=chosen,
        chosen_code=codes.get(chosen) if chosen is not None else None,
        cost_s=chosen_cost,
        terms=chosen_terms,
        battery_ratio=None if chosen is None else batteries[chosen],
        together=tuple(other for other in ride if other != order.order_id),
        candidates=(
            *_feasible_lines(codes, batteries, costs, rides, chosen, chosen_cost),
            *_excluded_lines(codes, excluded),
        ),
        excluded=rules,
        reason=reason,
        text_zh=text_zh,
        text_en=text_en,
        weights_version=weights_version,
    )


def _feasible_lines(
    codes: Mapping[VehicleNo, str],
    batteries: Mapping[VehicleNo, float | None],
    costs: Costs,
    rides: Mapping[VehicleNo, tuple[OrderId, ...]],
    chosen: VehicleNo | None,
    chosen_cost: float | None,
) -> list[CandidateLine]:
    lines = []
    for vehicle in sorted(costs, key=lambda v: (total_s(costs[v]), v))[:KEPT_CANDIDATES]:
        if vehicle == chosen:
            continue
        cost = total_s(costs[vehicle])
        lines.append(
            CandidateLine(
                vehicle_no=vehicle,
                code=codes[vehicle],
                cost_s=cost,
                terms=costs[vehicle],
                battery_ratio=batteries[vehicle],
                lost_by_s=None if chosen_cost is None else cost - chosen_cost,
                took_order=next(iter(rides.get(vehicle, ())), None),
            )
        )
    return lines


def _excluded_lines(
    codes: Mapping[VehicleNo, str], excluded: Mapping[VehicleNo, tuple[Exclusion, ...]]
) -> list[CandidateLine]:
    fewest_first = sorted(excluded, key=lambda v: (len(excluded[v]), v))[:KEPT_CANDIDATES]
    return [CandidateLine(vehicle_no=v, code=codes[v], excluded_by=excluded[v]) for v in fewest_first]


def _rule_counts(excluded: Mapping[VehicleNo, tuple[Exclusion, ...]]) -> tuple[RuleCount, ...]:
    counted = Counter(reasons[0].rule for reasons in excluded.values())
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        RuleCount(rule=rule, name_zh=RULE_NAMES[rule][0], name_en=RULE_NAMES[rule][1], count=count)
        for rule, count in ordered
    )


def _shared(
    order: OrderId, ride: tuple[OrderId, ...], code: str, considered: int, feasible: int
) -> tuple[str, str]:
    place, others = ride.index(order) + 1, len(ride) - 1
    return (
        f"{considered} 辆车中 {feasible} 辆可用，选 {code}：与另外 {others} 单同车，第 {place} 个取货。",
        f"{feasible} of {considered} vehicles can go; {code} takes it together with {others} more,"
        f" loaded as number {place}.",
    )


def _sentences(
    chosen: VehicleNo | None,
    codes: Mapping[VehicleNo, str],
    considered: int,
    costs: Costs,
    rides: Mapping[VehicleNo, tuple[OrderId, ...]],
    rules: tuple[RuleCount, ...],
) -> tuple[str, str, str]:
    if chosen is not None:
        minutes = max(1, round(next(t.value or 0.0 for t in costs[chosen] if t.name == "pickup") / 60))
        return (
            f"{considered} 辆车中 {len(costs)} 辆可用，选 {codes[chosen]}：约 {minutes} 分钟到达商户。",
            f"{len(costs)} of {considered} vehicles can go; {codes[chosen]} is there in {minutes} min.",
            "",
        )
    if considered == 0:
        return "本旗区没有配送车。", "No delivery vehicle works in this district.", "no_vehicles"
    if any(vehicle not in rides for vehicle in costs):
        return (
            f"可用的 {len(costs)} 辆车都较远，很快会有更近的车空出；等得越久，越先派车。",
            f"The {len(costs)} vehicles that can go are far; a nearer one comes free soon."
            " The longer the order waits, the sooner one is sent.",
            "nearer_soon",
        )
    if costs:
        return (
            f"可用的 {len(costs)} 辆车已派给更急的订单，请稍候。",
            f"The {len(costs)} vehicles that can go were given to more urgent orders; the next one comes.",
            "all_taken",
        )
    named_zh = "，".join(f"{rule.count} 辆{rule.name_zh}" for rule in rules[:NAMED_RULES])
    named_en = ", ".join(f"{rule.count} {rule.name_en}" for rule in rules[:NAMED_RULES])
    return (
        f"{considered} 辆车都不可用：{named_zh}。",
        f"None of {considered} vehicles can go: {named_en}.",
        "all_excluded",
    )
