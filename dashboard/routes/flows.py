"""The order flow of one's own operator: which steps it asks for."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.errors import NotFound
from core.ids import OperatorId
from core.kinds import ServiceKind
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.schemas.flows import FlowVersionView, FlowView, NewFlow, flow_view, version_view
from services.flows.set_flow import set_flow
from services.flows.store import FlowStore

READ = ("invalid-input", "not-authenticated", "forbidden", "not-found", "database-unavailable")


class OrderFlows(Controller):
    """Of deliveries; an order keeps the version that it was placed under."""

    path = "/api/order-flow"
    tags = ("orders",)

    @get(
        "/",
        operation_id="readOrderFlow",
        guards=[requires(Scope.ORDERS_READ)],
        responses=problem_responses(*READ),
    )
    async def read(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> FlowView:
        """Return which steps orders of one's operator take now, and every version before."""
        operator = _own(principal)
        async with dashboard.database.read() as tx:
            store = FlowStore(tx)
            newest = await store.newest(operator)
            return flow_view(newest, await store.history(operator, ServiceKind.DELIVERY))

    @post(
        "/",
        operation_id="setOrderFlow",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DISPATCH_TUNE)],
        responses=problem_responses(
            *READ, "origin-refused", "reason-missing", "version-mismatch", "database-busy"
        ),
    )
    async def write(
        self,
        data: JSONBody[NewFlow],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> FlowVersionView:
        """Set the steps; they hold for orders placed from now on."""
        at, operator = dashboard.clock.now(), _own(principal)
        async with dashboard.database.write() as tx:
            made = await set_flow(
                tx, principal, operator, data.steps, version=data.version, reason=data.reason, at=at
            )
        return version_view(made)


def _own(principal: Principal) -> OperatorId:
    """Return whom somebody works for; raise NotFound for staff of no operator."""
    if principal.operator is None:
        raise NotFound("not-found", "you work for no operator")
    return principal.operator
