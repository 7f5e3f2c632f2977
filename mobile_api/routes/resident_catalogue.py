"""What a resident can order, from whom, and where it can be collected."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.roles import Scope
from core.ids import DistrictCode, MerchantId
from core.problem_http import problem_responses
from mobile_api.parts import MobileParts
from mobile_api.place import quote
from mobile_api.routes.parameters import DistrictQuery, IdPath
from mobile_api.schemas.catalogue import (
    GoodsView,
    MerchantView,
    PickupPointView,
    goods_view,
    merchant_view,
    pickup_point_view,
)
from mobile_api.schemas.orders import Basket, QuoteView
from services.delivery.store import CatalogueStore
from services.merchants.store import DeskStore

ASKED = ("invalid-input", "not-authenticated", "forbidden", "database-unavailable")
DRAFT_REFUSED = (
    "merchant-closed",
    "merchant-paused",
    "licence-expired",
    "area-not-served",
    "out-of-stock",
    "goods-forbidden",
    "goods-not-together",
    "order-too-large",
)


class ResidentCatalogue(Controller):
    """Merchants, goods, pickup points and quotes."""

    path = "/api/resident"
    tags = ("catalogue",)
    guards = (requires(Scope.CATALOGUE_READ),)

    @get("/merchants", operation_id="listMerchants", responses=problem_responses(*ASKED))
    async def merchants(
        self,
        mobile: NamedDependency[MobileParts],
        district: DistrictQuery = None,
        named: Annotated[str | None, QueryParameter(name="q", max_length=60)] = None,
    ) -> list[MerchantView]:
        """Return merchants, of one district when given, with how each stands now; `q` is text that their name
        or the name of something they sell has in it."""
        area = None if district is None else DistrictCode(district)
        async with mobile.database.read() as tx:
            found = await CatalogueStore(tx).merchants(area, named=named and named.strip())
            desks = await DeskStore(tx).of([merchant.merchant_id for merchant in found])
        at = mobile.clock.now()
        return [merchant_view(merchant, desks[merchant.merchant_id], at=at) for merchant in found]

    @get(
        "/merchants/{merchant_id:str}/goods",
        operation_id="listGoods",
        responses=problem_responses(*ASKED, "not-found"),
    )
    async def goods(self, merchant_id: IdPath, mobile: NamedDependency[MobileParts]) -> list[GoodsView]:
        """Return what a merchant sells, sold out or not."""
        async with mobile.database.read() as tx:
            merchant = await CatalogueStore(tx).merchant(MerchantId(merchant_id))
            found = await CatalogueStore(tx).goods_of(merchant.merchant_id)
        return [goods_view(thing) for thing in found]

    @get("/pickup-points", operation_id="listPickupPoints", responses=problem_responses(*ASKED))
    async def pickup_points(
        self, mobile: NamedDependency[MobileParts], district: DistrictQuery = None
    ) -> list[PickupPointView]:
        """Return where goods can be collected, in one district when given."""
        async with mobile.database.read() as tx:
            found = await CatalogueStore(tx).pickup_points(
                None if district is None else DistrictCode(district)
            )
        return [pickup_point_view(point) for point in found]

    @post(
        "/quotes",
        operation_id="quoteOrder",
        status_code=HTTP_200_OK,
        responses=problem_responses(*ASKED, "origin-refused", "not-found", *DRAFT_REFUSED),
    )
    async def quotes(self, data: JSONBody[Basket], mobile: NamedDependency[MobileParts]) -> QuoteView:
        """Return what a basket would cost and when it would come; nothing is reserved."""
        return await quote(mobile, data)
