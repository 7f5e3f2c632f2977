"""A resident's balance: what was paid in, what is due, and the receipts."""

from litestar import get
from litestar.di import NamedDependency

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import ResidentId
from core.problem_http import problem_responses
from mobile_api.parts import MobileParts
from mobile_api.schemas.balance import Balance, balance_view
from services.settlement.accounts import AccountKind, account
from services.settlement.store import Journal

MOST_LINES = 50


@get(
    "/api/resident/balance",
    operation_id="ownBalance",
    tags=["resident orders"],
    guards=[requires(Scope.BALANCE_OWN)],
    responses=problem_responses("not-authenticated", "forbidden", "database-unavailable"),
)
async def read_balance(
    principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
) -> Balance:
    """Return one's balance, what is due, and the newest entries of both."""
    resident = ResidentId(principal.id)
    purse = account(AccountKind.RESIDENT_BALANCE, resident)
    due = account(AccountKind.RESIDENT_DUE, resident)
    async with mobile.database.read() as tx:
        balances = await Journal(tx).balances([purse, due])
        booked = await Journal(tx).newest_of([purse, due], limit=MOST_LINES)
    return balance_view(purse, due, balances, booked)
