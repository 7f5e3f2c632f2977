"""A resident's own orders; whoever holds an order's link has the same of that one order."""

from typing import Annotated, Any, Literal

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_202_ACCEPTED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.auth.services import AuthServices
from core.ids import GoodsId, OrderId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from mobile_api.parts import MobileParts
from mobile_api.place import place
from mobile_api.resident_actions import (
    answer_own,
    cancel_own,
    fresh_code,
    open_own,
    own_code,
    own_order,
    own_orders,
    revoke_own_links,
    share_own,
)
from mobile_api.routes.parameters import IdPath
from mobile_api.routes.resident_catalogue import DRAFT_REFUSED
from mobile_api.schemas.orders import (
    Answer,
    Basket,
    CodeView,
    DoorOpening,
    LinksRevoked,
    OpenDoor,
    OrderLink,
    ResidentOrder,
)

OWN = ("invalid-input", "not-authenticated", "forbidden", "not-found", "database-unavailable")
CHANGE = (*OWN, "origin-refused", "conflict", "database-busy")


class ResidentOrders(Controller):
    """Place, follow, cancel, collect."""

    path = "/api/resident/orders"
    tags = ("resident orders",)

    @post(
        "/",
        operation_id="placeOrder",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.ORDERS_PLACE)],
        responses=problem_responses(*CHANGE, *REPEATED, *DRAFT_REFUSED, "balance-too-low"),
    )
    async def place_order(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Basket],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[ResidentOrder]:
        """Place an order; the same Idempotency-Key gives the same order again."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        order = await place(mobile, principal, data, repeated)
        return Response(order, headers={"Location": f"/api/resident/orders/{order.order_id}"})

    @get(
        "/",
        operation_id="listOwnOrders",
        guards=[requires(Scope.ORDERS_OWN)],
        responses=problem_responses(*OWN),
    )
    async def list_orders(
        self,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        which: Annotated[Literal["all", "open", "over"], QueryParameter(name="state")] = "all",
        before: Annotated[str | None, QueryParameter(max_length=64)] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=50)] = 50,
    ) -> list[ResidentOrder]:
        """Return one's own orders, newest first; `before` is the last order of the page before."""
        after = None if before is None else OrderId(before)
        return await own_orders(mobile, principal, which=which, before=after, limit=limit)

    @get(
        "/{order_id:str}",
        operation_id="ownOrder",
        guards=[requires(Scope.ORDERS_OWN)],
        responses=problem_responses(*OWN),
    )
    async def read_order(
        self,
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> ResidentOrder:
        """Return an order with its vehicle, times and history."""
        return await own_order(mobile, principal, OrderId(order_id))

    @post(
        "/{order_id:str}/cancel",
        operation_id="cancelOwnOrder",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ORDERS_PLACE)],
        responses=problem_responses(*CHANGE, *REPEATED, "illegal-transition"),
    )
    async def cancel_order(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> ResidentOrder:
        """Call an order off; possible until its goods are loaded."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await cancel_own(mobile, principal, OrderId(order_id), repeated)

    @post(
        "/{order_id:str}/substitutions/{goods_id:str}/answer",
        operation_id="answerSubstitute",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ORDERS_PLACE)],
        responses=problem_responses(*CHANGE, *REPEATED, "illegal-transition", "balance-too-low"),
    )
    async def answer_substitute(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        goods_id: IdPath,
        data: JSONBody[Answer],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> ResidentOrder:
        """Say whether what the shop offers may come in place of what it lacks; no leaves that out."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        answered = (OrderId(order_id), GoodsId(goods_id), data.is_taken)
        return await answer_own(mobile, principal, *answered, repeated)

    @get(
        "/{order_id:str}/code",
        operation_id="ownPickupCode",
        guards=[requires(Scope.ORDERS_OWN)],
        responses=problem_responses(*OWN, "gone"),
    )
    async def code(
        self,
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> Response[CodeView]:
        """Return the pickup code, as often as asked; never kept by a cache."""
        shown = await own_code(mobile, principal, OrderId(order_id))
        return Response(shown, headers={"Cache-Control": "no-store"})

    @post(
        "/{order_id:str}/code/refresh",
        operation_id="refreshPickupCode",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ORDERS_OWN)],
        responses=problem_responses(*CHANGE, *REPEATED, "gone", "pickup-code-locked"),
    )
    async def refresh_code(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[CodeView]:
        """Return a fresh pickup code; the vehicle knows it already. An order has three."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        shown = await fresh_code(mobile, principal, OrderId(order_id), repeated)
        return Response(shown, headers={"Cache-Control": "no-store"})

    @post(
        "/{order_id:str}/open",
        operation_id="openCompartment",
        status_code=HTTP_202_ACCEPTED,
        guards=[requires(Scope.ORDERS_OWN)],
        responses=problem_responses(
            *CHANGE,
            *REPEATED,
            "gone",
            "vehicle-not-at-stop",
            "pickup-code-wrong",
            "pickup-code-locked",
            "step-missing",
        ),
    )
    async def open_door(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        data: JSONBody[OpenDoor],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> DoorOpening:
        """Ask the vehicle to open the compartment, once it stands at the pickup point."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await open_own(mobile, principal, OrderId(order_id), data, repeated)

    @post(
        "/{order_id:str}/links",
        operation_id="shareOwnOrder",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.ORDERS_PLACE)],
        responses=problem_responses(*CHANGE, *REPEATED),
    )
    async def share_order(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        auth: NamedDependency[AuthServices],
        idempotency_key: IdempotencyKey = None,
    ) -> OrderLink:
        """Make a link by which somebody else may follow and collect this order; it dies with the order."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await share_own(mobile, auth.keys, principal, OrderId(order_id), repeated)

    @post(
        "/{order_id:str}/links/revoke",
        operation_id="revokeOwnLinks",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ORDERS_PLACE)],
        responses=problem_responses(*CHANGE),
    )
    async def revoke_links(
        self,
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> LinksRevoked:
        """End every link of this order at once: whoever held one sees and opens nothing any more."""
        return LinksRevoked(revoked=await revoke_own_links(mobile, principal, OrderId(order_id)))
