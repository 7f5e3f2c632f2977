"""The terms that operating companies agreed with a merchant, as it reads them itself."""

from litestar import get
from litestar.di import NamedDependency

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from mobile_api.parts import MobileParts
from mobile_api.statement_actions import own_terms
from services.settlement.terms_views import OwnTermsOfOperator


@get(
    "/api/merchant/terms",
    operation_id="listOwnTerms",
    tags=["merchant statements"],
    guards=[requires(Scope.MERCHANT_STATEMENTS)],
    responses=problem_responses("not-authenticated", "forbidden", "not-found", "database-unavailable"),
)
async def list_own_terms(
    principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
) -> list[OwnTermsOfOperator]:
    """Return what each company agreed with this merchant: past, in force and to come."""
    return await own_terms(mobile, principal)
