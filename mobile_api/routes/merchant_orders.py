"""Merchants take orders, say when goods are ready, and have the compartment opened."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import GoodsId, OrderId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from mobile_api.merchant_actions import (
    accept_own,
    load_own,
    offer_own,
    orders_to_pack,
    picks_of_own,
    prove_own,
    ready_own,
)
from mobile_api.parts import MobileParts
from mobile_api.routes.parameters import IdPath, States
from mobile_api.schemas.merchant_orders import (
    GoodsReady,
    LoadGoods,
    MerchantOrder,
    PickList,
    ProveLoad,
    Substitute,
    lacking_of,
)
from services.flows.flow import ProofKind
from services.orders.accept_order import LONGEST_PREPARE

ReadyInS = Annotated[float | None, QueryParameter(name="readyInS", ge=0, le=LONGEST_PREPARE.total_seconds())]
OWN = ("invalid-input", "not-authenticated", "forbidden", "not-found", "database-unavailable")
CHANGE = (*OWN, *REPEATED, "conflict", "illegal-transition", "database-busy")

UNREADY = ("answer-awaited", "weight-missing", "step-missing")


class MerchantOrders(Controller):
    """The orders of one merchant, by bearer token or the session of its page."""

    path = "/api/merchant/orders"
    tags = ("merchant orders",)
    guards = (requires(Scope.MERCHANT_ORDERS),)

    @get("/", operation_id="listMerchantOrders", responses=problem_responses(*OWN))
    async def list_orders(
        self,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        states: States = None,
    ) -> list[MerchantOrder]:
        """Return orders with something to do, or those in the states asked for; newest first."""
        return await orders_to_pack(mobile, principal, tuple(states or ()))

    @get("/{order_id:str}/pick-list", operation_id="pickList", responses=problem_responses(*OWN))
    async def picks(
        self,
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> PickList:
        """Return what to take from the shelf, by temperature, and the compartment it goes into."""
        return await picks_of_own(mobile, principal, OrderId(order_id))

    @post(
        "/{order_id:str}/accept",
        operation_id="acceptOrder",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "time-out-of-range", "licence-expired"),
    )
    async def accept(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        ready_in_s: ReadyInS = None,
        idempotency_key: IdempotencyKey = None,
    ) -> MerchantOrder:
        """Take the order; a vehicle is looked for at once. Again: the same order."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await accept_own(mobile, principal, OrderId(order_id), ready_in_s, repeated)

    @post(
        "/{order_id:str}/ready",
        operation_id="goodsReady",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "weight-over-cap", "weight-missing"),
    )
    async def ready(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        data: JSONBody[GoodsReady | None] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> MerchantOrder:
        """Say that the goods are ready now, and what those sold by weight weigh."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        weights = {GoodsId(one.goods_id): one.weight_g for one in (data or GoodsReady()).weights}
        return await ready_own(mobile, principal, OrderId(order_id), weights, repeated)

    @post(
        "/{order_id:str}/substitutions",
        operation_id="offerSubstitute",
        status_code=HTTP_200_OK,
        responses=problem_responses(
            *CHANGE, "out-of-stock", "goods-forbidden", "goods-not-together", "order-too-large"
        ),
    )
    async def substitute(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        data: JSONBody[Substitute],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> MerchantOrder:
        """Ask the customer what may take the place of missing goods; nothing is loaded before the answer."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await offer_own(mobile, principal, OrderId(order_id), lacking_of(data), repeated)

    @post(
        "/{order_id:str}/proofs",
        operation_id="proveLoad",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def prove(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        data: JSONBody[ProveLoad],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> MerchantOrder:
        """Confirm by name what is loaded, or name a photo of it, where the operator's flow asks for it."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        kind = ProofKind(data.kind)
        return await prove_own(mobile, principal, OrderId(order_id), kind, data.said, repeated)

    @post(
        "/{order_id:str}/loaded",
        operation_id="loadGoods",
        status_code=HTTP_202_ACCEPTED,
        responses=problem_responses(*CHANGE, *UNREADY, "vehicle-not-at-stop", "compartment-not-fitting"),
    )
    async def loaded(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        data: JSONBody[LoadGoods],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> MerchantOrder:
        """Open the planned compartment for the goods, or another that fits.

        The order is on its way when the vehicle has said so itself.
        """
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await load_own(mobile, principal, OrderId(order_id), data.compartment, repeated)
