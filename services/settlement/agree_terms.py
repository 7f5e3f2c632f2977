"""Agreeing rates with merchants, from now or from a day to come."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal
from core.database import Transaction
from core.errors import Invalid, NotFound
from fleet.vehicles.paper_store import CompanyStore
from services.settlement.store import TermsStore
from services.settlement.terms import Terms


async def agree_terms(tx: Transaction, principal: Principal | None, terms: Terms, *, at: datetime) -> bool:
    """Add the rates and note who did; say whether they were new.

    Orders placed before ``from_at`` keep the rates they were placed under, so that a moment in the past
    would say something untrue: Invalid. Raises NotFound for an operator that is none.
    """
    if terms.from_at < at:
        raise Invalid("time-out-of-range", "rates hold from now on", field="fromAt", limit=at.isoformat())
    if terms.operator not in await CompanyStore(tx).companies():
        raise NotFound("not-found", "there is no such operator", operator=terms.operator)
    if not await TermsStore(tx).agree(terms):
        return False
    fields = {
        "merchant": terms.merchant_id,
        "from_at": terms.from_at.isoformat(),
        "platform_fee_bp": terms.platform_fee_bp,
        "subsidy_fen": terms.subsidy_fen,
        "keeps_fee_when_missed": terms.keeps_fee_when_missed,
    }
    await audit.record(tx, principal, "terms.agreed", f"operator:{terms.operator}", fields, at=at)
    return True
