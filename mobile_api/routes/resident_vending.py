"""Vending vehicles for residents: what is near, calling one, buying at its door."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_202_ACCEPTED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import CallId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from mobile_api.parts import MobileParts
from mobile_api.routes.parameters import IdPath
from mobile_api.schemas.vending import CallBody, CallView, Datum, PurchaseBody, SaleView, VendingAround
from mobile_api.vending_actions import (
    buy,
    call_vehicle,
    cancel_own_call,
    cancel_own_sale,
    open_own_slot,
    own_call,
    own_calls,
    own_sale,
    own_sales,
)
from mobile_api.vending_around import around
from services.settlement.entry import SaleId

READ = ("invalid-input", "not-authenticated", "forbidden", "database-unavailable")
OWN = (*READ, "not-found")
CHANGE = (*OWN, "origin-refused", "conflict", "database-busy", *REPEATED)
District = Annotated[str, QueryParameter(pattern=r"^[A-Z]{2}$")]
Latitude = Annotated[float, QueryParameter(ge=-90, le=90)]
Longitude = Annotated[float, QueryParameter(ge=-180, le=180)]
DatumAsked = Annotated[Datum, QueryParameter()]


class ResidentVending(Controller):
    """What is near, and one's own calls."""

    path = "/api/resident/vending"
    tags = ("resident vending",)
    guards = (requires(Scope.ORDERS_PLACE),)

    @get("/around", operation_id="vendingAround", responses=problem_responses(*READ))
    async def around(
        self,
        district: District,
        lat: Latitude,
        lng: Longitude,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        datum: DatumAsked = "wgs84",
    ) -> VendingAround:
        """Return vehicles with goods within 3 km, the stops that a call from there would weigh, and what
        one has open. `datum` is that of `lat` and `lng`; what is returned is WGS-84."""
        where = CallBody(district=district, lat=lat, lng=lng, datum=datum)
        return await around(mobile, principal, where)

    @post(
        "/calls",
        operation_id="callVendingVehicle",
        status_code=HTTP_201_CREATED,
        responses=problem_responses(*CHANGE, "position-out-of-range", "area-not-served", "call-open"),
    )
    async def call(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[CallBody],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CallView:
        """Call a vending vehicle to the best stop within walking distance; neighbours share one."""
        return await call_vehicle(
            mobile, principal, data, await Repeated.of(request, principal, idempotency_key)
        )

    @get("/calls", operation_id="listOwnCalls", responses=problem_responses(*READ))
    async def list_calls(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> list[CallView]:
        """Return one's own calls, newest first."""
        return await own_calls(mobile, principal)

    @get("/calls/{call_id:str}", operation_id="ownCall", responses=problem_responses(*OWN))
    async def read_call(
        self,
        call_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> CallView:
        """Return a call with its vehicle, its neighbours and the stops that were weighed."""
        return await own_call(mobile, principal, CallId(call_id))

    @post(
        "/calls/{call_id:str}/cancel",
        operation_id="cancelOwnCall",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "illegal-transition"),
    )
    async def cancel_call(
        self,
        request: Request[Any, Any, Any],
        call_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CallView:
        """Call it off; possible until the vehicle has arrived."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await cancel_own_call(mobile, principal, CallId(call_id), repeated)


class ResidentSales(Controller):
    """Buying at a vending vehicle that stands in front of one: reserve, open, take."""

    path = "/api/resident/vending/sales"
    tags = ("resident vending",)
    guards = (requires(Scope.ORDERS_PLACE),)

    @post(
        "/",
        operation_id="buyAtVehicle",
        status_code=HTTP_201_CREATED,
        responses=problem_responses(*CHANGE, "vehicle-not-at-stop", "out-of-stock", "balance-too-low"),
    )
    async def reserve(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[PurchaseBody],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> SaleView:
        """Hold goods of a slot; paid from the balance, their price is held too."""
        return await buy(mobile, principal, data, await Repeated.of(request, principal, idempotency_key))

    @get("/", operation_id="listOwnSales", responses=problem_responses(*READ))
    async def list_sales(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> list[SaleView]:
        """Return one's own purchases at vehicles, newest first."""
        return await own_sales(mobile, principal)

    @get("/{sale_id:str}", operation_id="ownSale", responses=problem_responses(*OWN))
    async def read_sale(
        self,
        sale_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> SaleView:
        """Return a purchase with what was taken and what it cost."""
        return await own_sale(mobile, principal, SaleId(sale_id))

    @post(
        "/{sale_id:str}/open",
        operation_id="openSlot",
        status_code=HTTP_202_ACCEPTED,
        responses=problem_responses(*CHANGE, "gone", "lot-blocked", "command-not-possible"),
    )
    async def open_slot(
        self,
        request: Request[Any, Any, Any],
        sale_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> SaleView:
        """Ask the vehicle to open the slot; what is taken out is what is paid."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await open_own_slot(mobile, principal, SaleId(sale_id), repeated)

    @post(
        "/{sale_id:str}/cancel",
        operation_id="cancelOwnSale",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def cancel_sale(
        self,
        request: Request[Any, Any, Any],
        sale_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> SaleView:
        """Call the purchase off; possible until its door was asked for."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await cancel_own_sale(mobile, principal, SaleId(sale_id), repeated)
