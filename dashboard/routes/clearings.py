"""Clearings between operating companies: read by both, paid by one, confirmed by the other."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.status_codes import HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.clearing_desk import (
    clearing_csv,
    clearing_read,
    clearings_listed,
    say_confirmed,
    say_denied,
    say_paid,
)
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath
from dashboard.schemas.clearings import (
    ClearingConfirmedBody,
    ClearingDeniedBody,
    ClearingPaidBody,
    ClearingSheet,
    ClearingView,
)

READ = ("not-authenticated", "forbidden", "database-unavailable")
ONE = (*READ, "invalid-input", "not-found")
SAID = (
    *ONE,
    *REPEATED,
    "origin-refused",
    "conflict",
    "illegal-transition",
    "version-mismatch",
    "database-busy",
)


class Clearings(Controller):
    """What one's own company and another owe each other."""

    path = "/api/settlement/clearings"
    tags = ("settlement",)

    @get(
        "/",
        operation_id="listClearings",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*READ),
    )
    async def clearings(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> list[ClearingView]:
        """Return the newest 400 clearings with any other company."""
        return await clearings_listed(dashboard, principal)

    @get(
        "/{clearing_id:str}",
        operation_id="readClearing",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*ONE),
    )
    async def clearing(
        self,
        clearing_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ClearingSheet:
        """Return a clearing with what was said of it and its rows."""
        return await clearing_read(dashboard, principal, clearing_id)

    @get(
        "/{clearing_id:str}/csv",
        operation_id="readClearingCsv",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses={
            200: ResponseSpec(str, generate_examples=False, media_type="text/csv", description="CSV"),
            **problem_responses(*ONE),
        },
    )
    async def clearing_as_csv(
        self,
        clearing_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> Response[str]:
        """Return every row as CSV; its SHA-256 stands on the clearing."""
        text = await clearing_csv(dashboard, principal, clearing_id)
        headers = {
            "Content-Disposition": 'attachment; filename="clearing.csv"',
            "Cache-Control": "no-store",
        }
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    @post(
        "/{clearing_id:str}/payments",
        operation_id="payClearing",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(*SAID),
    )
    async def pay(
        self,
        request: Request[Any, Any, Any],
        clearing_id: IdPath,
        data: JSONBody[ClearingPaidBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> ClearingView:
        """Say that one's own company has paid, outside of this system, and by which reference."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await say_paid(dashboard, principal, clearing_id, data, repeated)

    @post(
        "/{clearing_id:str}/confirmations",
        operation_id="confirmClearing",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(*SAID),
    )
    async def confirm(
        self,
        request: Request[Any, Any, Any],
        clearing_id: IdPath,
        data: JSONBody[ClearingConfirmedBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> ClearingView:
        """Say that the money has arrived; the ledger has it then."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await say_confirmed(dashboard, principal, clearing_id, data, repeated)

    @post(
        "/{clearing_id:str}/denials",
        operation_id="denyClearing",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(*SAID),
    )
    async def deny(
        self,
        request: Request[Any, Any, Any],
        clearing_id: IdPath,
        data: JSONBody[ClearingDeniedBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> ClearingView:
        """Say that what the other company paid has not arrived: it is due again."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await say_denied(dashboard, principal, clearing_id, data, repeated)
