"""What a merchant reads of its account, each a use case with its own answer."""

from datetime import timedelta

from core.auth.principal import Principal
from core.errors import NotFound
from core.ids import MerchantId
from fleet.vehicles.paper_store import CompanyStore
from mobile_api.parts import MobileParts
from services.delivery.store import CatalogueStore
from services.orders.zone import zone_load
from services.settlement.accounts import AccountKind, account
from services.settlement.statement import StatementId, sheet
from services.settlement.statement_store import StatementStore
from services.settlement.statement_views import (
    RunningAccount,
    StatementSheet,
    StatementView,
    running_view,
    sheet_view,
    statement_view,
)
from services.settlement.store import Journal, TermsStore
from services.settlement.terms import with_standing
from services.settlement.terms_views import OwnTermsOfOperator, own_terms_view

MOST_LISTED = 400
"""Statements of more than a year of one operator."""
MOST_RUNNING = 200
AHEAD = timedelta(days=1)
"""What stands on no statement is wanted whole, also what was posted this instant."""


async def own_statements(parts: MobileParts, principal: Principal) -> list[StatementView]:
    """Return the principal's statements, the newest day first."""
    merchants = frozenset({_own(principal)})
    async with parts.database.read() as tx:
        found = await StatementStore(tx).listed(merchants=merchants, limit=MOST_LISTED)
    return [statement_view(one) for one in found]


async def own_running(parts: MobileParts, principal: Principal) -> RunningAccount:
    """Return what stands on no statement yet and what is owed now."""
    merchant_id = _own(principal)
    async with parts.database.read() as tx:
        owed = await Journal(tx).balance(account(AccountKind.MERCHANT, merchant_id))
        pending = await StatementStore(tx).pending(None, merchant_id, parts.clock.now() + AHEAD)
    return running_view(owed, pending, MOST_RUNNING)


async def own_terms(parts: MobileParts, principal: Principal) -> list[OwnTermsOfOperator]:
    """Return the terms of every company that brings or ever brought the principal's goods; raise NotFound."""
    merchant_id, at = _own(principal), parts.clock.now()
    async with parts.database.read() as tx:
        merchant = await CatalogueStore(tx).merchant(merchant_id)
        found = await TermsStore(tx).listed(None, merchant_id=merchant_id)
        serving = (await zone_load(tx, merchant.district, at=at)).operator
        concerned = await Journal(tx).operators_of(merchant_id)
        companies = await CompanyStore(tx).companies()
    concerned |= {one.operator for one in found if one.merchant_id == merchant_id}
    concerned |= set() if serving is None else {serving}
    return [
        OwnTermsOfOperator(
            operator=operator,
            name_zh=companies[operator].name_zh if operator in companies else operator,
            name_en=companies[operator].name_en if operator in companies else operator,
            items=own_terms_view(with_standing([one for one in found if one.operator == operator], at)),
        )
        for operator in sorted(concerned)
    ]


async def own_statement(parts: MobileParts, principal: Principal, statement_id: str) -> StatementSheet:
    """Return one of the principal's statements with its lines; raise NotFound."""
    merchants = frozenset({_own(principal)})
    async with parts.database.read() as tx:
        one = await StatementStore(tx).one(StatementId(statement_id), merchants=merchants)
        return sheet_view(one, await StatementStore(tx).lines(one))


async def own_sheet(parts: MobileParts, principal: Principal, statement_id: str) -> str:
    """Return one of the principal's statements as CSV; raise NotFound."""
    merchants = frozenset({_own(principal)})
    async with parts.database.read() as tx:
        one = await StatementStore(tx).one(StatementId(statement_id), merchants=merchants)
        return sheet(await StatementStore(tx).lines(one))


def _own(principal: Principal) -> MerchantId:
    if principal.merchant is None:
        raise NotFound("not-found", "there is no shop of this account")
    return principal.merchant
