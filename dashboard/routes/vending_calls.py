"""Residents' calls for vending vehicles as the operator reads them, and declining one."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import CallId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.parts import DashboardParts
from dashboard.schemas.vending import DeclineBody, OpenCall
from dashboard.vending_desk import decline, open_calls

READ = ("not-authenticated", "forbidden", "database-unavailable")
CallPath = Annotated[str, PathParameter(min_length=1, max_length=64)]


class VendingCalls(Controller):
    """Open calls within one's reach."""

    path = "/api/vending/calls"
    tags = ("vending",)

    @get(
        "/",
        operation_id="listVendingCalls",
        guards=[requires(Scope.VENDING_READ)],
        responses=problem_responses(*READ),
    )
    async def list_calls(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> list[OpenCall]:
        """Return the open calls, the newest first, never who made them."""
        return await open_calls(dashboard, principal)

    @post(
        "/{call_id:str}/decline",
        operation_id="declineVendingCall",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ORDERS_ACT)],
        responses=problem_responses(
            *READ,
            *("invalid-input", "reason-missing", "origin-refused", "not-found", "conflict"),
            *("illegal-transition", "database-busy"),
            *REPEATED,
        ),
    )
    async def decline_call(
        self,
        request: Request[Any, Any, Any],
        call_id: CallPath,
        data: JSONBody[DeclineBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> OpenCall:
        """Decline a call with a reason that its caller sees; possible until the vehicle has arrived."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await decline(dashboard, principal, CallId(call_id), data.reason, repeated)
