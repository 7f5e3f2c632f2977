"""Daily statements of merchants as their operator reads them."""

from datetime import date
from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import MerchantId
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.statement_desk import statement_csv, statement_sheet, statements_listed
from services.settlement.statement_views import StatementSheet, StatementView

READ = ("not-authenticated", "forbidden", "invalid-input", "database-unavailable")
StatementPath = Annotated[
    str, PathParameter(min_length=1, max_length=150, description="operator.merchant.number")
]


class Statements(Controller):
    """The statements that one's own company owes."""

    path = "/api/settlement/statements"
    tags = ("settlement",)
    guards = (requires(Scope.SETTLEMENT_READ),)

    @get("/", operation_id="listStatements", responses=problem_responses(*READ))
    async def statements(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        day: Annotated[date | None, QueryParameter(description="The local day, 2026-07-01")] = None,
        merchant: Annotated[str | None, QueryParameter(name="merchantId", max_length=64)] = None,
    ) -> list[StatementView]:
        """Return the newest 400 statements, of one day or merchant when given."""
        chosen = None if merchant is None else MerchantId(merchant)
        return await statements_listed(dashboard, principal, day, chosen)

    @get("/{statement_id:str}", operation_id="readStatement", responses=problem_responses(*READ, "not-found"))
    async def statement(
        self,
        statement_id: StatementPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> StatementSheet:
        """Return a statement with its lines."""
        return await statement_sheet(dashboard, principal, statement_id)

    @get(
        "/{statement_id:str}/csv",
        operation_id="readStatementCsv",
        responses={
            200: ResponseSpec(str, generate_examples=False, media_type="text/csv", description="CSV"),
            **problem_responses(*READ, "not-found"),
        },
    )
    async def statement_as_csv(
        self,
        statement_id: StatementPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> Response[str]:
        """Return a statement's lines as CSV; its SHA-256 stands on the statement."""
        text = await statement_csv(dashboard, principal, statement_id)
        headers = {
            "Content-Disposition": 'attachment; filename="statement.csv"',
            "Cache-Control": "no-store",
        }
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
