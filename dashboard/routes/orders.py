"""The order board and the drawer of one order."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.auth.services import AuthServices
from core.ids import DistrictCode, GoodsId, OrderId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.cursors import read_cursor
from dashboard.order_actions import OrderHands
from dashboard.order_sheets import OrderDesk, OrderPlace
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import Cursor, DistrictQuery, IdPath
from dashboard.schemas.dispatch_plans import NamedVehicle
from dashboard.schemas.order_substitutions import CallerAnswer
from dashboard.schemas.orders import OrderDetail, OrderPage, Rescue, WhyCancel, order_detail, order_page
from services.orders.states import OrderState

States = Annotated[list[OrderState] | None, QueryParameter(name="state", max_items=len(OrderState))]
"""`state` itself is a name that Litestar keeps for the app's state."""
READ = ("invalid-input", "not-authenticated", "forbidden", "database-unavailable")
ACT = (*READ, *REPEATED, "origin-refused", "not-found", "conflict", "illegal-transition", "database-busy")


class Orders(Controller):
    """Orders within the reach of staff, phones masked."""

    path = "/api/orders"
    tags = ("orders",)

    @get(
        "/",
        operation_id="listOrders",
        guards=[requires(Scope.ORDERS_READ)],
        responses=problem_responses(*READ, "cursor-invalid"),
    )
    async def list_orders(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        states: States = None,
        district: DistrictQuery = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> OrderPage:
        """Return the board (open, or closed in the last twelve hours), or all orders in the states asked
        for."""
        sheets = await _desk(dashboard, auth).page(
            reach_of(principal),
            at=dashboard.clock.now(),
            states=states or (),
            district=None if district is None else DistrictCode(district),
            after=read_cursor(cursor, OrderPlace),
            limit=limit + 1,
        )
        return order_page(sheets, limit)

    @get(
        "/{order_id:str}",
        operation_id="readOrder",
        guards=[requires(Scope.ORDERS_READ)],
        responses=problem_responses(*READ, "not-found"),
    )
    async def read_order(
        self,
        order_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
    ) -> OrderDetail:
        """Return an order with its history, its task and why each vehicle was chosen or not."""
        at = dashboard.clock.now()
        return order_detail(
            await _desk(dashboard, auth).dossier(OrderId(order_id), reach_of(principal), at=at)
        )

    @post(
        "/{order_id:str}/cancel",
        operation_id="cancelOrder",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ORDERS_ACT)],
        responses=problem_responses(*ACT),
    )
    async def cancel(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        data: JSONBody[WhyCancel],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        idempotency_key: IdempotencyKey = None,
    ) -> OrderDetail:
        """Call an order off before its goods are loaded; again: the same answer."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        hands = OrderHands(dashboard, _desk(dashboard, auth), principal)
        return await hands.cancel(OrderId(order_id), data.reason, repeated)

    @post(
        "/{order_id:str}/dispatches",
        operation_id="dispatchOrder",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DISPATCH_STEER)],
        responses=problem_responses(
            *ACT,
            "reason-missing",
            "zone-frozen",
            "vehicle-not-dispatchable",
            "routing-unavailable",
            "redis-unavailable",
        ),
    )
    async def dispatch(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        data: JSONBody[NamedVehicle],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        idempotency_key: IdempotencyKey = None,
    ) -> OrderDetail:
        """Give a waiting order to one named vehicle, or say by name why it cannot take it."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        hands = OrderHands(dashboard, _desk(dashboard, auth), principal)
        return await hands.dispatch(OrderId(order_id), data, repeated)

    @post(
        "/{order_id:str}/substitutions/{goods_id:str}/answer",
        operation_id="answerForCaller",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ORDERS_ACT)],
        responses=problem_responses(*ACT, "balance-too-low"),
    )
    async def answer_substitute(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        goods_id: IdPath,
        data: JSONBody[CallerAnswer],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        idempotency_key: IdempotencyKey = None,
    ) -> OrderDetail:
        """Write down what the customer of an order placed by telephone said of a substitute."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        hands = OrderHands(dashboard, _desk(dashboard, auth), principal)
        answered = (OrderId(order_id), GoodsId(goods_id), data.is_taken)
        return await hands.answer_substitute(*answered, repeated)

    @post(
        "/{order_id:str}/rescue",
        operation_id="rescueOrder",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ORDERS_ACT)],
        responses=problem_responses(*ACT),
    )
    async def rescue(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        data: JSONBody[Rescue],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        idempotency_key: IdempotencyKey = None,
    ) -> OrderDetail:
        """Record what became of the goods in a vehicle that could not go on."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        hands = OrderHands(dashboard, _desk(dashboard, auth), principal)
        return await hands.record_rescue(OrderId(order_id), data, repeated)


def _desk(dashboard: DashboardParts, auth: AuthServices) -> OrderDesk:
    return OrderDesk(dashboard.database, dashboard.last_heard, auth.keys)
