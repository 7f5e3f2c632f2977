"""What staff of an operating company reads of merchants' statements."""

from datetime import date

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import NotFound
from core.ids import MerchantId
from dashboard.parts import DashboardParts
from services.delivery.store import CatalogueStore
from services.settlement.statement import Statement, StatementId, sheet
from services.settlement.statement_store import StatementStore
from services.settlement.statement_views import StatementSheet, StatementView, sheet_view, statement_view
from services.settlement.take_money import own_operator

MOST_LISTED = 400


async def statements_listed(
    parts: DashboardParts, principal: Principal, day: date | None, merchant_id: MerchantId | None
) -> list[StatementView]:
    """Return statements of one's own company in one's districts, the newest day first."""
    operator = own_operator(principal)
    only = None if merchant_id is None else frozenset({merchant_id})
    async with parts.database.read() as tx:
        found = await StatementStore(tx).listed(operator=operator, merchants=only, day=day, limit=MOST_LISTED)
        seen = await _within(tx, principal, frozenset(one.merchant_id for one in found))
    return [statement_view(one) for one in found if one.merchant_id in seen]


async def statement_sheet(parts: DashboardParts, principal: Principal, statement_id: str) -> StatementSheet:
    """Return a statement with its lines; raise NotFound."""
    async with parts.database.read() as tx:
        one = await _one(tx, principal, statement_id)
        return sheet_view(one, await StatementStore(tx).lines(one))


async def statement_csv(parts: DashboardParts, principal: Principal, statement_id: str) -> str:
    """Return a statement as CSV; raise NotFound."""
    async with parts.database.read() as tx:
        return sheet(await StatementStore(tx).lines(await _one(tx, principal, statement_id)))


async def _one(tx: Transaction, principal: Principal, statement_id: str) -> Statement:
    one = await StatementStore(tx).one(StatementId(statement_id), operator=own_operator(principal))
    if not await _within(tx, principal, frozenset({one.merchant_id})):
        raise NotFound("not-found", "there is no such statement", statement_id=statement_id)
    return one


async def _within(
    tx: Transaction, principal: Principal, merchants: frozenset[MerchantId]
) -> frozenset[MerchantId]:
    """Return the merchants that lie in the principal's districts."""
    found = await CatalogueStore(tx).merchants_by_id(list(merchants), reach_of(principal))
    return frozenset(
        merchant.merchant_id
        for merchant in found.values()
        if principal.districts is None or merchant.district in principal.districts
    )
