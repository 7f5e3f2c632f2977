"""Merchants look along their shelf and say what is on it."""

from typing import Any

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import GoodsId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from mobile_api.catalogue_actions import exported_goods, import_goods, write_goods
from mobile_api.merchant_actions import count_own, mark_own, own_shelf
from mobile_api.parts import MobileParts
from mobile_api.routes.parameters import IdPath
from mobile_api.schemas.catalogue import CatalogueBody, CatalogueFile, CatalogueWritten, Counted, ShelfGoods

READ = ("not-authenticated", "forbidden", "database-unavailable")
CHANGE = (*READ, *REPEATED, "invalid-input", "not-found", "conflict", "database-busy")

GOODS_CSV = {"Content-Disposition": 'attachment; filename="goods.csv"', "Cache-Control": "no-store"}


class MerchantGoods(Controller):
    """The goods of one merchant, by bearer token."""

    path = "/api/merchant/goods"
    tags = ("merchant goods",)
    guards = (requires(Scope.MERCHANT_GOODS),)

    @get("/", operation_id="listOwnGoods", responses=problem_responses(*READ))
    async def list_goods(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> list[ShelfGoods]:
        """Return what the merchant sells, sold out or not, by name."""
        return await own_shelf(mobile, principal)

    @get(
        "/csv",
        operation_id="exportGoods",
        media_type=MediaType.TEXT,
        responses={
            **problem_responses(*READ, "not-found"),
            200: ResponseSpec(str, generate_examples=False, media_type="text/csv", description="CSV"),
        },
    )
    async def export(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> Response[str]:
        """Return the catalogue with its stock as a CSV file, which may be sent back changed."""
        text = await exported_goods(mobile, principal)
        return Response(text, media_type="text/csv; charset=utf-8", headers=GOODS_CSV)

    @post(
        "/csv",
        operation_id="importGoods",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "catalogue-invalid"),
    )
    async def import_file(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[CatalogueFile],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CatalogueWritten:
        """Take a CSV file whole, or nothing of it with every error and its row."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await import_goods(mobile, principal, data.csv, repeated)

    @post(
        "/catalogue",
        operation_id="writeCatalogue",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "catalogue-invalid"),
    )
    async def write(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[CatalogueBody],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CatalogueWritten:
        """Write many goods at once; goods that are not named stay as they are."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await write_goods(mobile, principal, data.goods, repeated)

    @post(
        "/{goods_id:str}/stock",
        operation_id="countGoods",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def count(
        self,
        request: Request[Any, Any, Any],
        goods_id: IdPath,
        data: JSONBody[Counted],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> ShelfGoods:
        """Say how many pieces may be sold now; those of orders already placed are not counted."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await count_own(mobile, principal, GoodsId(goods_id), data.stock, repeated)

    @post(
        "/{goods_id:str}/sold-out",
        operation_id="markSoldOut",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def sold_out(
        self,
        request: Request[Any, Any, Any],
        goods_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> ShelfGoods:
        """Take goods off the shelf for now; the count is kept."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await mark_own(mobile, principal, GoodsId(goods_id), True, repeated)

    @post(
        "/{goods_id:str}/back",
        operation_id="markBack",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def back(
        self,
        request: Request[Any, Any, Any],
        goods_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> ShelfGoods:
        """Put goods back on the shelf with the count they had."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await mark_own(mobile, principal, GoodsId(goods_id), False, repeated)
