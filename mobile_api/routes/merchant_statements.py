"""A merchant's account: the running one, closed daily statements, and each as CSV."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from mobile_api.parts import MobileParts
from mobile_api.statement_actions import own_running, own_sheet, own_statement, own_statements
from services.settlement.statement_views import RunningAccount, StatementSheet, StatementView

READ = ("not-authenticated", "forbidden", "not-found", "database-unavailable")
StatementPath = Annotated[
    str, PathParameter(min_length=1, max_length=150, description="operator.merchant.number")
]


class MerchantStatements(Controller):
    """The statements of one merchant, by bearer token or the session of its page."""

    path = "/api/merchant/statements"
    tags = ("merchant statements",)
    guards = (requires(Scope.MERCHANT_STATEMENTS),)

    @get("/", operation_id="listOwnStatements", responses=problem_responses(*READ))
    async def statements(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> list[StatementView]:
        """Return the closed statements, the newest day first."""
        return await own_statements(mobile, principal)

    @get("/running", operation_id="ownRunningAccount", responses=problem_responses(*READ))
    async def running(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> RunningAccount:
        """Return what stands on no statement yet and what is owed now."""
        return await own_running(mobile, principal)

    @get(
        "/{statement_id:str}",
        operation_id="ownStatement",
        responses=problem_responses(*READ, "invalid-input"),
    )
    async def statement(
        self,
        statement_id: StatementPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> StatementSheet:
        """Return a statement with its lines."""
        return await own_statement(mobile, principal, statement_id)

    @get(
        "/{statement_id:str}/csv",
        operation_id="ownStatementCsv",
        responses={
            200: ResponseSpec(str, generate_examples=False, media_type="text/csv", description="CSV"),
            **problem_responses(*READ, "invalid-input"),
        },
    )
    async def statement_csv(
        self,
        statement_id: StatementPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> Response[str]:
        """Return a statement's lines as CSV; its SHA-256 stands on the statement."""
        text = await own_sheet(mobile, principal, statement_id)
        headers = {
            "Content-Disposition": 'attachment; filename="statement.csv"',
            "Cache-Control": "no-store",
        }
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
