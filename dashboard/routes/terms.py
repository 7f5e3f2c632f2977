"""Terms of merchants over time, and agreeing them."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import MerchantId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.parts import DashboardParts
from dashboard.schemas.terms import TermsBoard, TermsBody
from dashboard.terms_desk import agree, terms_listed
from services.settlement.terms_views import TermsView

READ = ("not-authenticated", "forbidden", "invalid-input", "not-found", "database-unavailable")


class MerchantTerms(Controller):
    """The terms that one's own company has with merchants."""

    path = "/api/settlement/terms"
    tags = ("settlement",)

    @get(
        "/",
        operation_id="listTerms",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*READ),
    )
    async def terms(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        merchant: Annotated[
            str | None, QueryParameter(name="merchantId", min_length=1, max_length=64)
        ] = None,
    ) -> TermsBoard:
        """Return the terms with every merchant, or all that concern the one asked for, the newest first."""
        return await terms_listed(dashboard, principal, None if merchant is None else MerchantId(merchant))

    @post(
        "/",
        operation_id="agreeTerms",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(
            *READ, *REPEATED, "time-out-of-range", "origin-refused", "already-exists", "database-busy"
        ),
    )
    async def agree_terms(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[TermsBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> TermsView:
        """Agree terms from a day to come; orders placed before it keep theirs."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await agree(dashboard, principal, data, repeated)
