"""Who collects an order in its recipient's place."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import OrderId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from mobile_api.delegate_actions import name_own, own_delegate, refresh_own, revoke_own
from mobile_api.parts import MobileParts
from mobile_api.routes.parameters import IdPath
from mobile_api.schemas.orders import DelegateView, NameDelegate

OWN = ("invalid-input", "not-authenticated", "forbidden", "not-found", "database-unavailable")
CHANGE = (*OWN, *REPEATED, "origin-refused", "conflict", "database-busy")


class Delegation(Struct, frozen=True, kw_only=True):
    """Who may collect in the recipient's place; null is nobody."""

    delegate: DelegateView | None


class ResidentDelegate(Controller):
    """Name, refresh, revoke; only the recipient herself, not whoever holds a link."""

    path = "/api/resident/orders/{order_id:str}/delegate"
    tags = ("resident orders",)
    guards = (requires(Scope.ORDERS_PLACE),)

    @get("/", operation_id="ownDelegate", responses=problem_responses(*OWN))
    async def read(
        self,
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> Delegation:
        """Return who may collect this order in one's place."""
        return Delegation(delegate=await own_delegate(mobile, principal, OrderId(order_id)))

    @post(
        "/",
        operation_id="nameDelegate",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "gone", "time-out-of-range"),
    )
    async def name(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        data: JSONBody[NameDelegate],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Delegation:
        """Name who collects: she gets a code of her own by text, an earlier delegate's dies."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return Delegation(delegate=await name_own(mobile, principal, OrderId(order_id), data, repeated))

    @post(
        "/refresh",
        operation_id="refreshDelegate",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "gone", "pickup-code-locked"),
    )
    async def refresh(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Delegation:
        """Send the delegate a fresh code; the vehicle knows it already. She can have three."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return Delegation(delegate=await refresh_own(mobile, principal, OrderId(order_id), repeated))

    @post(
        "/revoke",
        operation_id="revokeDelegate",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def revoke(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Delegation:
        """Take the right back: the delegate's code opens nothing any more."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return Delegation(delegate=await revoke_own(mobile, principal, OrderId(order_id), repeated))
