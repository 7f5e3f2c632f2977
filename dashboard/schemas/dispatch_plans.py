"""Orders given by hand, an operator's own plan, and decisions replayed with other weights."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import OrderId, VehicleNo
from dashboard.schemas.decisions import CostTermView, ExclusionView, exclusion_views, term_views
from dashboard.schemas.dispatch_zones import Reason, WeightsBody, weights_body
from services.dispatch.by_hand import MOST_RUNS, JudgedOrder, JudgedRun, OrderWish, RunWish
from services.dispatch.replay import Replayed
from services.dispatch.store import Decision
from services.dispatch.weights import Weights

Number = Annotated[int, Meta(ge=1, le=4_294_967_295)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]


class OrderOfPlan(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One order; `version` is the one that the preview showed, and without it whatever it is now."""

    order_id: Id
    version: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None


class RunOfPlan(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What one vehicle is to do: load the orders in this order, then hand over in this order."""

    vehicle_no: Number
    orders: Annotated[tuple[OrderOfPlan, ...], Meta(min_length=1, max_length=10)]


class DispatchPlan(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which vehicle takes which orders."""

    runs: Annotated[tuple[RunOfPlan, ...], Meta(min_length=1, max_length=MOST_RUNS)]


class CommitPlan(DispatchPlan, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The previewed plan, with the versions that the preview showed, and why."""

    reason: Reason


class NamedVehicle(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The vehicle that an operator chose for an order, and why."""

    vehicle_no: Number
    reason: Reason


class PlannedOrder(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One order of a plan: what it costs on this vehicle alone, or why the vehicle cannot take it.

    `bestCode` is who would be cheapest for it.
    """

    order_id: str
    version: int
    state: str
    cost_s: float | None
    terms: tuple[CostTermView, ...]
    excluded_by: tuple[ExclusionView, ...]
    best_code: str | None
    best_cost_s: float | None
    pickup_at: datetime | None
    eta_at: datetime | None


class PlannedRun(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One run of a plan; `hindrance` says why it is not given, `taskId` that it was."""

    vehicle_no: int
    code: str
    hindrance: str | None
    task_id: str | None
    orders: tuple[PlannedOrder, ...]


class PlanView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A plan run by run, as it would be given or as it was."""

    at: datetime
    runs: tuple[PlannedRun, ...]


class DecisionLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One decision of a zone."""

    decision_id: str
    order_id: str
    at: datetime
    outcome: str
    chosen_code: str | None
    chosen_by: str
    feasible: int
    weights_version: int
    text_zh: str
    text_en: str


class DecisionLines(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The newest decisions of a zone."""

    items: tuple[DecisionLine, ...]


class OtherWeights(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Weights to replay a decision with; what is left out takes its default."""

    weights: WeightsBody


class ReplayedOrderView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One order of the round: who was sent, who goes for it alone by the weights that held (`before`) and by
    the others (`after`)."""

    order_id: str
    given: int | None
    together: tuple[str, ...]
    before: int | None
    after: int | None


class ReplayedVehicleView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One vehicle that could have gone for the order; `terms` by the other weights."""

    vehicle_no: int
    code: str
    before_s: float
    after_s: float
    terms: tuple[CostTermView, ...]


class DecisionReplay(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A decision with other weights: its round, and the vehicles of its order, cheapest first."""

    decision_id: str
    order_id: str
    district: str
    at: datetime
    weights_version: int
    weights: WeightsBody
    """Those that held."""
    winner_before: int | None
    winner_after: int | None
    orders: tuple[ReplayedOrderView, ...]
    vehicles: tuple[ReplayedVehicleView, ...]


def wishes_of(plan: DispatchPlan) -> list[RunWish]:
    """Return a plan in the domain's words."""
    return [
        RunWish(
            vehicle_no=VehicleNo(run.vehicle_no),
            orders=tuple(
                OrderWish(order_id=OrderId(order.order_id), version=order.version) for order in run.orders
            ),
        )
        for run in plan.runs
    ]


def plan_view(runs: Sequence[JudgedRun], at: datetime) -> PlanView:
    """Return judged runs as screens show them."""
    return PlanView(
        at=at,
        runs=tuple(
            PlannedRun(
                vehicle_no=run.vehicle_no,
                code=run.code,
                hindrance=None if run.hindrance is None else run.hindrance.value,
                task_id=run.task_id,
                orders=tuple(_order(order) for order in run.orders),
            )
            for run in runs
        ),
    )


def decision_lines(decisions: Sequence[Decision]) -> DecisionLines:
    """Return decisions as a list shows them."""
    return DecisionLines(
        items=tuple(
            DecisionLine(
                decision_id=each.decision_id,
                order_id=each.order_id,
                at=each.at,
                outcome=each.outcome,
                chosen_code=each.explanation.chosen_code,
                chosen_by=each.explanation.chosen_by,
                feasible=each.explanation.feasible,
                weights_version=each.explanation.weights_version,
                text_zh=each.explanation.text_zh,
                text_en=each.explanation.text_en,
            )
            for each in decisions
        )
    )


def replay_view(decision: Decision, held: Weights, found: Replayed) -> DecisionReplay:
    """Return a replayed decision as screens show it."""
    mine = next((each for each in found.orders if each.order_id == decision.order_id), None)
    return DecisionReplay(
        decision_id=decision.decision_id,
        order_id=decision.order_id,
        district=decision.district,
        at=decision.at,
        weights_version=decision.explanation.weights_version,
        weights=weights_body(held),
        winner_before=None if mine is None else mine.before,
        winner_after=None if mine is None else mine.after,
        orders=tuple(ReplayedOrderView(**msgspec.structs.asdict(each)) for each in found.orders),
        vehicles=tuple(
            ReplayedVehicleView(
                vehicle_no=each.vehicle_no,
                code=each.code,
                before_s=each.before_s,
                after_s=each.after_s,
                terms=term_views(each.terms),
            )
            for each in found.vehicles
        ),
    )


def _order(order: JudgedOrder) -> PlannedOrder:
    told = {"terms", "excluded_by"}
    same = [name for name in PlannedOrder.__struct_fields__ if name not in told]
    return PlannedOrder(
        **{name: getattr(order, name) for name in same},
        terms=term_views(order.terms),
        excluded_by=exclusion_views(order.excluded_by),
    )
