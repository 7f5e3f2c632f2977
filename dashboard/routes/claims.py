"""Claims for the city's subsidy: made once for each order, versioned, exported with their evidence."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.status_codes import HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.claim_desk import claim_csv, claim_read, claims_listed, make_claim, revise
from dashboard.parts import DashboardParts
from dashboard.schemas.claims import ClaimBody, ClaimSheet, ClaimView, RevisionBody

READ = ("not-authenticated", "forbidden", "invalid-input", "database-unavailable")
MAKE = (*READ, *REPEATED, "origin-refused", "nothing-due", "conflict", "database-busy")
ClaimPath = Annotated[str, PathParameter(min_length=1, max_length=80, description="operator.number")]
Version = Annotated[int | None, QueryParameter(ge=1, le=100_000, description="Without it the newest")]


class Claims(Controller):
    """The subsidy claims of one's own company."""

    path = "/api/settlement/claims"
    tags = ("settlement",)

    @get(
        "/",
        operation_id="listClaims",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*READ),
    )
    async def claims(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> list[ClaimView]:
        """Return every version of the claims, the newest first."""
        return await claims_listed(dashboard, principal)

    @post(
        "/",
        operation_id="makeClaim",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(*MAKE),
    )
    async def claim(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[ClaimBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> ClaimView:
        """Claim every subsidy of these days that no claim has yet."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await make_claim(dashboard, principal, data, repeated)

    @get(
        "/{claim_id:str}",
        operation_id="readClaim",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*READ, "not-found"),
    )
    async def read(
        self,
        claim_id: ClaimPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        version: Version = None,
    ) -> ClaimSheet:
        """Return a version of a claim with its rows and their evidence."""
        return await claim_read(dashboard, principal, claim_id, version)

    @get(
        "/{claim_id:str}/csv",
        operation_id="readClaimCsv",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses={
            200: ResponseSpec(str, generate_examples=False, media_type="text/csv", description="CSV"),
            **problem_responses(*READ, "not-found"),
        },
    )
    async def as_csv(
        self,
        claim_id: ClaimPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        version: Version = None,
    ) -> Response[str]:
        """Return a version as CSV; its SHA-256 stands on the claim."""
        text = await claim_csv(dashboard, principal, claim_id, version)
        headers = {"Content-Disposition": 'attachment; filename="claim.csv"', "Cache-Control": "no-store"}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    @post(
        "/{claim_id:str}/versions",
        operation_id="reviseClaim",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(*MAKE, "not-found", "version-mismatch"),
    )
    async def revise_claim(
        self,
        request: Request[Any, Any, Any],
        claim_id: ClaimPath,
        data: JSONBody[RevisionBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> ClaimView:
        """Replace a claim by its next version without the orders that the city refused."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await revise(dashboard, principal, claim_id, data, repeated)
