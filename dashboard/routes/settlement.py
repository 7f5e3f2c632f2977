"""Money as staff handles it: entries of an order, the counter, merchants' accounts."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.auth.services import AuthServices
from core.ids import OrderId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath
from dashboard.schemas.settlement import (
    CorrectionBody,
    MerchantAccount,
    OrderEntries,
    PayoutBody,
    ReceiptBody,
    Received,
    RefundBody,
    TopUpBody,
)
from dashboard.settlement_desk import (
    correct,
    entries_of_order,
    merchant_accounts,
    pay_out,
    refund,
    take_due,
    take_top_up,
)

READ = ("not-authenticated", "forbidden", "database-unavailable")
PAID = (
    *READ,
    *REPEATED,
    "invalid-input",
    "origin-refused",
    "not-found",
    "conflict",
    "database-busy",
)


@get(
    "/api/orders/{order_id:str}/entries",
    operation_id="listOrderEntries",
    tags=["settlement"],
    guards=[requires(Scope.SETTLEMENT_READ)],
    responses=problem_responses(*READ, "invalid-input", "not-found"),
)
async def list_order_entries(
    order_id: IdPath, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
) -> OrderEntries:
    """Return what an order has moved in the ledger, what is still due and what was given back."""
    return await entries_of_order(dashboard, principal, OrderId(order_id))


class Counters(Controller):
    """What is taken in and given back over the counter; each answers with its receipt."""

    path = "/api/settlement"
    tags = ("settlement",)

    @post(
        "/top-ups",
        operation_id="takeTopUp",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_COUNTER)],
        responses=problem_responses(*PAID),
    )
    async def take_top_up(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[TopUpBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        idempotency_key: IdempotencyKey = None,
    ) -> Received:
        """Put money that a resident has given onto her balance."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await take_top_up(dashboard, auth.keys, principal, data, repeated)

    @post(
        "/orders/{order_id:str}/receipts",
        operation_id="receiveDue",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_COUNTER)],
        responses=problem_responses(*PAID, "nothing-due"),
    )
    async def receive(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        data: JSONBody[ReceiptBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Received:
        """Record that what was due for a collected order has been received."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await take_due(dashboard, principal, OrderId(order_id), data.note, repeated)

    @post(
        "/orders/{order_id:str}/refunds",
        operation_id="refundOrder",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(*PAID),
    )
    async def give_back(
        self,
        request: Request[Any, Any, Any],
        order_id: IdPath,
        data: JSONBody[RefundBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Received:
        """Give back part of what a delivered order cost, the way it was paid."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await refund(dashboard, principal, OrderId(order_id), data, repeated)


class MerchantAccounts(Controller):
    """What an operating company owes its merchants, pays them and corrects."""

    path = "/api/settlement/merchants"
    tags = ("settlement",)

    @get(
        "/",
        operation_id="listMerchantAccounts",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*READ),
    )
    async def accounts(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> list[MerchantAccount]:
        """Return what is owed to each merchant now, the most first."""
        return await merchant_accounts(dashboard, principal)

    @post(
        "/{merchant_id:str}/payouts",
        operation_id="payMerchant",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(*PAID, "balance-too-low"),
    )
    async def pay(
        self,
        request: Request[Any, Any, Any],
        merchant_id: IdPath,
        data: JSONBody[PayoutBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Received:
        """Record that a merchant was paid; never more than is owed to him."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await pay_out(dashboard, principal, merchant_id, data, repeated)

    @post(
        "/{merchant_id:str}/corrections",
        operation_id="correctMerchant",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(*PAID),
    )
    async def put_right(
        self,
        request: Request[Any, Any, Any],
        merchant_id: IdPath,
        data: JSONBody[CorrectionBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Received:
        """Put right what an earlier statement says; it stands on a next one."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await correct(dashboard, principal, merchant_id, data, repeated)
