"""The hotline orders for people who have no page."""

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.auth.services import AuthServices
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.order_for_somebody import order_for_somebody
from dashboard.order_sheets import OrderDesk
from dashboard.parts import DashboardParts
from dashboard.schemas.hotline import HotlineOrder
from dashboard.schemas.orders import OrderDetail

_REFUSED = (
    *("merchant-closed", "merchant-paused", "licence-expired", "area-not-served", "out-of-stock"),
    *("goods-forbidden", "goods-not-together", "order-too-large"),
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
