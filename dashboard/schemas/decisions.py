"""Why an order was given to its vehicle, or why it waits: every dispatch decision as screens show it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.dispatch.cost import CostTerm
from services.dispatch.explanation import CandidateLine
from services.dispatch.joins.lines import JoinLine
from services.dispatch.rules import Exclusion
from services.dispatch.store import Decision


class _View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Common shape of every answer."""


class CostTermView(_View, frozen=True):
    """One term of a cost: ``seconds`` is ``value`` (in ``unit``) times ``weight``.

    Decisions from before the last three were kept have none.
    """

    name: str
    seconds: float
    value: float | None
    unit: str
    weight: float | None


class ExclusionView(_View, frozen=True):
    """Why a vehicle could not go."""

    rule: str
    value: str | None
    needed: str | None


class CandidateView(_View, frozen=True):
    """A vehicle that was looked at and not chosen."""

    vehicle_no: int
    code: str
    cost_s: float | None
    terms: tuple[CostTermView, ...]
    lost_by_s: float | None
    took_order: str | None
    excluded_by: tuple[ExclusionView, ...]


class RuleCountView(_View, frozen=True):
    """How many vehicles a rule excluded."""

    rule: str
    name_zh: str
    name_en: str
    count: int


class OrderDelayView(_View, frozen=True):
    """How much later an order of a run is handed over."""

    order_id: str
    delay_s: float


class JoinView(_View, frozen=True):
    """A run under way that the order could have joined. ``why`` is the rule that kept it out, empty for the
    run that it joins; seconds are from the decision on, None where no place in the run was found."""

    vehicle_no: int
    code: str
    task_id: str
    loaded_s: float | None
    arrival_s: float | None
    detour_s: float | None
    gain_s: float | None
    delays: tuple[OrderDelayView, ...]
    why: str
    text_zh: str
    text_en: str


class DecisionView(_View, frozen=True):
    """Why this vehicle, or why none. ``lastAt`` is when the same reason of waiting was found again;
    ``together`` are the other orders that ride with it, in the order in which they are loaded;
    ``weightsVersion`` names the zone's weights by which it was decided (0: the defaults)."""

    decision_id: str
    at: datetime
    last_at: datetime
    outcome: str
    considered: int
    feasible: int
    chosen: int | None
    chosen_code: str | None
    cost_s: float | None
    terms: tuple[CostTermView, ...]
    together: tuple[str, ...]
    candidates: tuple[CandidateView, ...]
    excluded: tuple[RuleCountView, ...]
    joins: tuple[JoinView, ...]
    text_zh: str
    text_en: str
    weights_version: int
    chosen_by: str
    """The operator who chose the vehicle; empty where the dispatcher did."""


def decision_view(decision: Decision) -> DecisionView:
    """Return a decision as screens show it."""
    said = decision.explanation
    return DecisionView(
        decision_id=decision.decision_id,
        at=decision.at,
        last_at=decision.last_at,
        outcome=decision.outcome,
        considered=said.considered,
        feasible=said.feasible,
        chosen=said.chosen,
        chosen_code=said.chosen_code,
        cost_s=said.cost_s,
        terms=term_views(said.terms),
        together=said.together,
        candidates=tuple(_candidate(line) for line in said.candidates),
        excluded=tuple(
            RuleCountView(rule=r.rule, name_zh=r.name_zh, name_en=r.name_en, count=r.count)
            for r in said.excluded
        ),
        joins=tuple(_join(line) for line in said.joins),
        text_zh=said.text_zh,
        text_en=said.text_en,
        weights_version=said.weights_version,
        chosen_by=said.chosen_by,
    )


def _candidate(line: CandidateLine) -> CandidateView:
    return CandidateView(
        vehicle_no=line.vehicle_no,
        code=line.code,
        cost_s=line.cost_s,
        terms=term_views(line.terms),
        lost_by_s=line.lost_by_s,
        took_order=line.took_order,
        excluded_by=exclusion_views(line.excluded_by),
    )


def _join(line: JoinLine) -> JoinView:
    return JoinView(
        vehicle_no=line.vehicle_no,
        code=line.code,
        task_id=line.task_id,
        loaded_s=line.loaded_s,
        arrival_s=line.arrival_s,
        detour_s=line.detour_s,
        gain_s=line.gain_s,
        delays=tuple(OrderDelayView(order_id=each.order_id, delay_s=each.delay_s) for each in line.delays),
        why=line.why,
        text_zh=line.text_zh,
        text_en=line.text_en,
    )


def exclusion_views(reasons: Sequence[Exclusion]) -> tuple[ExclusionView, ...]:
    """Return reasons as screens show them."""
    return tuple(
        ExclusionView(rule=reason.rule, value=reason.value, needed=reason.needed) for reason in reasons
    )


def term_views(terms: Sequence[CostTerm]) -> tuple[CostTermView, ...]:
    """Return the terms of a cost as screens show them."""
    return tuple(
        CostTermView(
            name=term.name, seconds=term.seconds, value=term.value, unit=term.unit, weight=term.weight
        )
        for term in terms
    )
