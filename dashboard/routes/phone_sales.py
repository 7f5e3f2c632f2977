"""The hotline buys at vending vehicles for people who have no page; they type a code on the keypad."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.auth.services import AuthServices
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.parts import DashboardParts
from dashboard.phone_sales import PhoneSales
from dashboard.routes.parameters import IdPath
from dashboard.schemas.phone_sales import PhonePurchase, PhoneSale
from services.settlement.entry import SaleId

READ = ("not-authenticated", "forbidden", "database-unavailable")
ACT = (*READ, "invalid-input", "origin-refused", "not-found", "conflict", "database-busy", *REPEATED)


class VendingSales(Controller):
    """Purchases by telephone within one's reach."""

    path = "/api/vending/sales"
    tags = ("vending",)
    guards = (requires(Scope.ORDERS_ACT),)

    @post(
        "/",
        operation_id="buyForSomebody",
        status_code=HTTP_201_CREATED,
        responses=problem_responses(
            *ACT,
            *("vehicle-not-at-stop", "out-of-stock", "balance-too-low", "command-not-possible"),
            "redis-unavailable",
        ),
    )
    async def buy(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[PhonePurchase],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        idempotency_key: IdempotencyKey = None,
    ) -> PhoneSale:
        """Hold goods of a vehicle for somebody and send her the code; the same key gives the same again."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await PhoneSales(dashboard, auth.keys, principal).buy(data, repeated)

    @get("/", operation_id="listPhoneSales", responses=problem_responses(*READ))
    async def list_sales(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
    ) -> list[PhoneSale]:
        """Return the last fifty purchases by telephone, the newest first, never whose."""
        return await PhoneSales(dashboard, auth.keys, principal).listed()

    @post(
        "/{sale_id:str}/code",
        operation_id="refreshSaleCode",
        status_code=HTTP_200_OK,
        responses=problem_responses(*ACT, "gone", "pickup-code-locked"),
    )
    async def refresh(
        self,
        request: Request[Any, Any, Any],
        sale_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        idempotency_key: IdempotencyKey = None,
    ) -> PhoneSale:
        """Send her a fresh code; the one before opens nothing in her hand any more once it is locked."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await PhoneSales(dashboard, auth.keys, principal).refresh(SaleId(sale_id), repeated)

    @post(
        "/{sale_id:str}/cancel",
        operation_id="cancelPhoneSale",
        status_code=HTTP_200_OK,
        responses=problem_responses(*ACT),
    )
    async def cancel(
        self,
        request: Request[Any, Any, Any],
        sale_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        idempotency_key: IdempotencyKey = None,
    ) -> PhoneSale:
        """Call the purchase off for her; possible until its door was opened."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await PhoneSales(dashboard, auth.keys, principal).cancel(SaleId(sale_id), repeated)
