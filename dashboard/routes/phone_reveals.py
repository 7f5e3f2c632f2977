"""The whole phone number of an order's resident, for a reason and on record."""

from typing import Annotated

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.auth.services import AuthServices
from core.ids import OrderId
from core.privacy.reveal import reveal_phone
from core.problem_http import problem_responses
from dashboard.routes.parameters import IdPath
from services.orders.store import OrderStore


class WhyReveal(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why somebody has to call."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class RevealedPhone(Struct, frozen=True, kw_only=True, rename="camel"):
    """A number in E.164; for this once, not to be kept."""

    phone: str


@post(
    "/api/orders/{order_id:str}/phone-reveals",
    operation_id="revealPhone",
    status_code=HTTP_200_OK,
    guards=[requires(Scope.PHONES_REVEAL)],
    tags=["orders"],
    responses=problem_responses(
        "invalid-input", "reason-missing", "not-authenticated", "forbidden", "not-found"
    ),
)
async def reveal_phone_of_order(
    order_id: IdPath,
    data: JSONBody[WhyReveal],
    principal: NamedDependency[Principal],
    auth: NamedDependency[AuthServices],
) -> RevealedPhone:
    """Return the resident's phone of an order within reach, once it is on record that it was seen."""
    async with auth.database.write() as tx:
        order = await OrderStore(tx).get(OrderId(order_id), reach_of(principal))
        phone = await reveal_phone(
            tx,
            principal,
            order.resident_id,
            about=f"order:{order_id}",
            reason=data.reason,
            keys=auth.keys,
            at=auth.clock.now(),
        )
    return RevealedPhone(phone=phone)
