"""Agreeing rates with merchants, from now or from a day to come."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.database import Transaction
from core.errors import Invalid, NotFound
from core.ids import MerchantId
from fleet.vehicles.paper_store import CompanyStore
from services.delivery.store import CatalogueStore
from services.settlement.store import TermsStore
from services.settlement.terms import EVERY_MERCHANT, Terms

MOST_REASON_CHARS = 200


async def agree_terms(
    tx: Transaction, principal: Principal | None, terms: Terms, *, reason: str, at: datetime
) -> Terms | None:
    """Add the rates with who agreed them and why, and return them; None when they were agreed at this moment.

    ``principal`` None is the command line. Orders placed before ``from_at`` keep the rates they were placed
    under, so that a moment in the past would say something untrue: Invalid, as is an empty reason. Rates that
    have not begun are replaced by others from the same moment. Raises NotFound for an operator that is none
    and a merchant out of reach.
    """
    said = reason.strip()
    if not 1 <= len(said) <= MOST_REASON_CHARS:
        raise Invalid("invalid-input", "say why", field="reason", limit=f"1 to {MOST_REASON_CHARS}")
    if terms.from_at < at:
        raise Invalid("time-out-of-range", "rates hold from now on", field="fromAt", limit=at.isoformat())
    if terms.operator not in await CompanyStore(tx).companies():
        raise NotFound("not-found", "there is no such operator", operator=terms.operator)
    if terms.merchant_id != EVERY_MERCHANT:
        await must_reach_merchant(tx, principal, terms.merchant_id)
    by = "command line" if principal is None else f"staff:{principal.id}"
    agreed = msgspec.structs.replace(terms, agreed_at=at, agreed_by=by, reason=said)
    if not await TermsStore(tx).agree(agreed):
        return None
    fields = {
        "merchant": terms.merchant_id,
        "from_at": terms.from_at.isoformat(),
        "platform_fee_bp": terms.platform_fee_bp,
        "subsidy_fen": terms.subsidy_fen,
        "keeps_fee_when_missed": terms.keeps_fee_when_missed,
    }
    await audit.record(tx, principal, "terms.agreed", f"operator:{terms.operator}", fields, said, at=at)
    return agreed


async def must_reach_merchant(tx: Transaction, principal: Principal | None, merchant_id: MerchantId) -> None:
    """Raise NotFound for a merchant that is none or lies outside of the principal's districts."""
    reach = EVERYTHING if principal is None else reach_of(principal)
    found = (await CatalogueStore(tx).merchants_by_id([merchant_id], reach)).get(merchant_id)
    if found is None or (reach.districts is not None and found.district not in reach.districts):
        raise NotFound("not-found", "there is no such merchant", merchant_id=merchant_id)
