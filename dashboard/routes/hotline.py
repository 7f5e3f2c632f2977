"""The hotline orders for people who have no page."""

from typing import Any

from litestar import Controller, Request, Response, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.auth.services import AuthServices
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.callers import keep_wishes, look_up_caller
from dashboard.order_for_somebody import order_for_somebody
from dashboard.order_sheets import OrderDesk
from dashboard.parts import DashboardParts
from dashboard.schemas.hotline import Caller, CallerView, CallerWishes, HotlineOrder
from dashboard.schemas.orders import OrderDetail

_REFUSED = (
    *("merchant-closed", "merchant-paused", "licence-expired", "area-not-served", "out-of-stock"),
    *("goods-forbidden", "goods-not-together", "order-too-large"),
)

_CALLER = (
    *("invalid-input", "not-authenticated", "forbidden", "origin-refused"),
    *("database-busy", "database-unavailable"),
)


@post(
    "/api/orders",
    operation_id="orderForSomebody",
    status_code=HTTP_201_CREATED,
    guards=[requires(Scope.ORDERS_ACT)],
    tags=["orders"],
    responses=problem_responses(
        *("invalid-input", "not-authenticated", "forbidden", "origin-refused", "not-found", "conflict"),
        *("database-busy", "database-unavailable", *REPEATED, *_REFUSED),
    ),
)
async def order_on_behalf(
    request: Request[Any, Any, Any],
    data: JSONBody[HotlineOrder],
    principal: NamedDependency[Principal],
    dashboard: NamedDependency[DashboardParts],
    auth: NamedDependency[AuthServices],
    idempotency_key: IdempotencyKey = None,
) -> Response[OrderDetail]:
    """Place an order for somebody without a page; the same Idempotency-Key gives the same order again."""
    repeated = await Repeated.of(request, principal, idempotency_key)
    desk = OrderDesk(dashboard.database, dashboard.last_heard, auth.keys)
    order = await order_for_somebody(dashboard, desk, auth.keys, principal, data, repeated)
    return Response(order, headers={"Location": f"/api/orders/{order.order_id}"})


class Callers(Controller):
    """What is kept of people who telephone."""

    path = "/api/hotline"
    tags = ("orders",)
    guards = (requires(Scope.ORDERS_ACT),)

    @post(
        "/callers",
        operation_id="lookUpCaller",
        status_code=HTTP_200_OK,
        responses=problem_responses(*_CALLER),
    )
    async def look_up(
        self,
        data: JSONBody[Caller],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
    ) -> CallerView:
        """Return how whoever has this phone wants to be reached, and her open orders; on record."""
        async with dashboard.database.write() as tx:
            at = dashboard.clock.now()
            return await look_up_caller(tx, auth.keys, principal, data.phone, at=at)

    @put("/wishes", operation_id="keepCallerWishes", responses=problem_responses(*_CALLER))
    async def keep(
        self,
        data: JSONBody[CallerWishes],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
    ) -> CallerView:
        """Keep how somebody wants to be reached, as she said on the telephone."""
        async with dashboard.database.write() as tx:
            return await keep_wishes(tx, auth.keys, principal, data, at=dashboard.clock.now())
