"""How a resident wants to be reached, and that she has seen what her order says."""

from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import OrderId, ResidentId
from core.problem_http import problem_responses
from mobile_api.parts import MobileParts
from mobile_api.routes.parameters import IdPath
from mobile_api.schemas.wishes import WishesView, wishes_of, wishes_view
from services.notices.store import WishStore
from services.notices.want_notice import page_seen
from services.orders.store import OrderStore
from services.orders.subject import subject_key

READS = ("not-authenticated", "forbidden", "database-unavailable")
CHANGES = (*READS, "invalid-input", "origin-refused", "database-busy")


class PageSeen(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many notices were received by this look at the page."""

    received: int


class ResidentWishes(Controller):
    """Language, quiet hours, smartphone or not."""

    path = "/api/resident"
    tags = ("notices",)

    @get(
        "/wishes",
        operation_id="ownWishes",
        guards=[requires(Scope.ORDERS_PLACE)],
        responses=problem_responses(*READS),
    )
    async def read_wishes(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> WishesView:
        """Return how one wants to be reached."""
        async with mobile.database.read() as tx:
            return wishes_view(await WishStore(tx).of(ResidentId(principal.id)))

    @put(
        "/wishes",
        operation_id="putOwnWishes",
        guards=[requires(Scope.ORDERS_PLACE)],
        responses=problem_responses(*CHANGES),
    )
    async def put_wishes(
        self,
        data: JSONBody[WishesView],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> WishesView:
        """Say how one wants to be reached; it holds for what is told from now on."""
        wishes = wishes_of(data, ResidentId(principal.id))
        async with mobile.database.write() as tx:
            await WishStore(tx).put(wishes)
        return wishes_view(wishes)

    @post(
        "/orders/{order_id:str}/seen",
        operation_id="ownOrderSeen",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ORDERS_OWN)],
        responses=problem_responses(*CHANGES, "not-found"),
    )
    async def seen(
        self,
        order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> PageSeen:
        """Say that somebody looks at the order's page: nobody need be called any more."""
        async with mobile.database.write() as tx:
            order = await OrderStore(tx).get(OrderId(order_id), reach_of(principal))
            received = await page_seen(tx, subject_key(order.order_id), at=mobile.clock.now())
        return PageSeen(received=received)
