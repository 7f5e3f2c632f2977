"""One queue of vehicles that need a remote operator, whoever made them."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import TakeoverId
from core.problem_http import problem_responses
from dashboard.intervention_actions import InterventionHands
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath
from dashboard.schemas.interventions import (
    BeginIntervention,
    EndIntervention,
    InterventionQueue,
    InterventionView,
)

ACTS = problem_responses(
    *("invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable", "reason-missing"),
    *("conflict", "illegal-transition", "version-mismatch", "not-signed-in-for-duty"),
)


class Interventions(Controller):
    """Takeover sessions: claimed, begun, handed over, resolved."""

    path = "/api/interventions"
    tags = ("remote operators",)

    @get(
        "/",
        operation_id="listInterventions",
        guards=[requires(Scope.DUTY_READ)],
        responses=problem_responses("not-authenticated", "forbidden", "unavailable"),
    )
    async def queue(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> InterventionQueue:
        """Return what waits, the gravest and then the longest first, what is worked on, and the waits."""
        return await InterventionHands(dashboard, principal).queue()

    @post(
        "/{takeover_id:str}/claim",
        operation_id="claimIntervention",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DUTY_SERVE)],
        responses=ACTS,
    )
    async def claim(
        self,
        takeover_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> InterventionView:
        """Take it: to be begun within a minute, else others may. Its alarms count as acknowledged."""
        return await InterventionHands(dashboard, principal).claim(TakeoverId(takeover_id))

    @post(
        "/{takeover_id:str}/begin",
        operation_id="beginIntervention",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DUTY_SERVE)],
        responses=ACTS,
    )
    async def begin(
        self,
        takeover_id: IdPath,
        data: JSONBody[BeginIntervention],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> InterventionView:
        """Help from now on, by assistance or in the maker's console."""
        return await InterventionHands(dashboard, principal).begin(TakeoverId(takeover_id), data.mode)

    @post(
        "/{takeover_id:str}/resolve",
        operation_id="resolveIntervention",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DUTY_SERVE)],
        responses=ACTS,
    )
    async def resolve(
        self,
        takeover_id: IdPath,
        data: JSONBody[EndIntervention],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> InterventionView:
        """End it with what was done."""
        return await InterventionHands(dashboard, principal).resolve(TakeoverId(takeover_id), data.words)

    @post(
        "/{takeover_id:str}/hand-over",
        operation_id="handOverIntervention",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DUTY_SERVE)],
        responses=ACTS,
    )
    async def hand_over(
        self,
        takeover_id: IdPath,
        data: JSONBody[EndIntervention],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> InterventionView:
        """Let somebody else go on; the answer is the session that follows, in the first one's turn."""
        return await InterventionHands(dashboard, principal).hand_over(TakeoverId(takeover_id), data.words)
