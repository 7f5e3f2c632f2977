"""What residents still owe, and purchases at vending vehicles over the counter."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.auth.services import AuthServices
from core.problem_http import problem_responses
from core.repeatable import IdempotencyKey, Repeated
from dashboard.due_desk import dues_listed, entries_of_sale, give_sale_back, sales_listed, take_sale_due
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath
from dashboard.routes.settlement import PAID, READ
from dashboard.schemas.dues import DueView, SaleInMoney
from dashboard.schemas.settlement import OrderEntries, ReceiptBody, Received, SaleRefundBody
from services.settlement.entry import SaleId


class Dues(Controller):
    """What is due at one's own company, and its vending vehicles' purchases in money."""

    path = "/api/settlement"
    tags = ("settlement",)

    @get(
        "/dues",
        operation_id="listDues",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*READ, "invalid-input"),
    )
    async def dues(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        days: Annotated[int, QueryParameter(ge=1, le=366, description="How far back it became due")] = 31,
    ) -> list[DueView]:
        """Return what is not paid yet, the oldest first, 500 at most."""
        return await dues_listed(dashboard, auth.keys, principal, days=days)

    @get(
        "/sales",
        operation_id="listSalesInMoney",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*READ),
    )
    async def sales(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
    ) -> list[SaleInMoney]:
        """Return the last hundred purchases of which something was taken, newest first."""
        return await sales_listed(dashboard, auth.keys, principal)

    @get(
        "/sales/{sale_id:str}/entries",
        operation_id="listSaleEntries",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*READ, "invalid-input", "not-found"),
    )
    async def entries(
        self,
        sale_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> OrderEntries:
        """Return what a purchase has moved in the ledger, what is still due and what was given back."""
        return await entries_of_sale(dashboard, principal, SaleId(sale_id))

    @post(
        "/sales/{sale_id:str}/receipts",
        operation_id="receiveSaleDue",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_COUNTER)],
        responses=problem_responses(*PAID, "nothing-due"),
    )
    async def receive(
        self,
        request: Request[Any, Any, Any],
        sale_id: IdPath,
        data: JSONBody[ReceiptBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Received:
        """Record that what was due for a purchase has been received."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await take_sale_due(dashboard, principal, SaleId(sale_id), data.note, repeated)

    @post(
        "/sales/{sale_id:str}/refunds",
        operation_id="refundSale",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(*PAID),
    )
    async def give_back(
        self,
        request: Request[Any, Any, Any],
        sale_id: IdPath,
        data: JSONBody[SaleRefundBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Received:
        """Give back part of what was taken at a vending vehicle, the way it was paid."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await give_sale_back(dashboard, principal, SaleId(sale_id), data, repeated)
