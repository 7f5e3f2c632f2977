"""Dispatch by hand: an operator's own plan looked at and given, decisions replayed with other weights."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import DecisionId, DistrictCode
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.dispatch_desk import DispatchDesk
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import DistrictPath, IdPath
from dashboard.schemas.dispatch_plans import (
    CommitPlan,
    DecisionLines,
    DecisionReplay,
    DispatchPlan,
    OtherWeights,
    PlanView,
)

READ = ("invalid-input", "not-authenticated", "forbidden", "not-found", "database-unavailable")
PLAN = (*READ, "routing-unavailable", "redis-unavailable")


class DispatchPlans(Controller):
    """What operators decide themselves, and what they ask about decisions."""

    path = "/api/dispatch"
    tags = ("dispatch",)

    @post(
        "/zones/{district:str}/plans",
        operation_id="previewDispatchPlan",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DISPATCH_STEER)],
        responses=problem_responses(*PLAN),
    )
    async def preview(
        self,
        district: DistrictPath,
        data: JSONBody[DispatchPlan],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> PlanView:
        """Return what each run would cost, or what hinders it; nothing is stored."""
        return await DispatchDesk(dashboard, principal).preview(DistrictCode(district), data)

    @post(
        "/zones/{district:str}/plan-commits",
        operation_id="commitDispatchPlan",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DISPATCH_STEER)],
        responses=problem_responses(
            *PLAN, *REPEATED, "reason-missing", "conflict", "illegal-transition", "database-busy"
        ),
    )
    async def commit(
        self,
        request: Request[Any, Any, Any],
        district: IdPath,
        data: JSONBody[CommitPlan],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> PlanView:
        """Give the runs that are still true, and say of each other one what moved."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await DispatchDesk(dashboard, principal).carry_out(DistrictCode(district), data, repeated)

    @get(
        "/zones/{district:str}/decisions",
        operation_id="listDispatchDecisions",
        guards=[requires(Scope.ORDERS_READ)],
        responses=problem_responses(*READ),
    )
    async def list_decisions(
        self,
        district: DistrictPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> DecisionLines:
        """Return the newest decisions of a zone."""
        return await DispatchDesk(dashboard, principal).decisions(DistrictCode(district))

    @post(
        "/decisions/{decision_id:str}/replays",
        operation_id="replayDecision",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ORDERS_READ)],
        responses=problem_responses(*READ, "conflict"),
    )
    async def replay(
        self,
        decision_id: IdPath,
        data: JSONBody[OtherWeights],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> DecisionReplay:
        """Return who would have gone with other weights; nothing is changed."""
        return await DispatchDesk(dashboard, principal).replay(DecisionId(decision_id), data)
