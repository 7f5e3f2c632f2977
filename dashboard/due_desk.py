"""What residents still owe a company and what its vending vehicles sold, each a use case with its answer."""

from collections.abc import Iterable
from datetime import timedelta

from core.auth.principal import Principal, reach_of
from core.auth.residents import ResidentStore
from core.database import Transaction
from core.ids import OrderId, ResidentId
from core.privacy.cipher import SecretKeys
from core.privacy.masks import mask_phone
from core.repeatable import Repeated
from dashboard.parts import DashboardParts
from dashboard.schemas.dues import DueView, SaleInMoney
from dashboard.schemas.settlement import (
    OrderEntries,
    Received,
    SaleRefundBody,
    entries_view,
    entry_view,
)
from dashboard.settlement_desk import once
from fleet.vehicles.store import VehicleStore
from services.delivery.store import CatalogueStore
from services.orders.order import Order
from services.orders.store import OrderStore
from services.settlement.accounts import AccountKind, account
from services.settlement.dues import Due, dues_of
from services.settlement.entry import SaleId
from services.settlement.store import Journal, of_sale
from services.settlement.take_money import own_operator
from services.vending.sales.over_the_counter import receive_sale_due, refund_sale
from services.vending.sales.sale import VendingSale
from services.vending.sales.sale_money import money_of
from services.vending.sales.states import SaleState
from services.vending.sales.store import SaleStore

MOST_SALES = 100
"""Purchases in the list of the counter, newest first."""


async def dues_listed(
    parts: DashboardParts, keys: SecretKeys, principal: Principal, *, days: int
) -> list[DueView]:
    """Return what became due at one's own company in the last ``days`` and is not paid, the oldest first."""
    since = parts.clock.now() - timedelta(days=days)
    async with parts.database.read() as tx:
        found = await dues_of(tx, own_operator(principal), principal.districts, since=since)
        return await _due_views(tx, keys, principal, found)


async def sales_listed(parts: DashboardParts, keys: SecretKeys, principal: Principal) -> list[SaleInMoney]:
    """Return the last purchases within reach of which something was taken, newest first."""
    async with parts.database.read() as tx:
        sales = await SaleStore(tx).listed(reach_of(principal), states=(SaleState.SETTLED,), limit=MOST_SALES)
        codes = await VehicleStore(tx).codes_of([sale.vehicle_no for sale in sales])
        phones = await _phones(tx, keys, (sale.resident_id for sale in sales))
        return [
            SaleInMoney(
                sale_id=sale.sale_id,
                district=sale.district,
                name_zh=sale.name_zh,
                name_en=sale.name_en,
                vehicle_code=codes.get(sale.vehicle_no),
                phone=phones.get(sale.resident_id),
                sold=sale.sold or 0,
                sold_fen=sale.sold_fen,
                paid_by=money_of(sale).paid_by.value,
                closed_at=sale.closed_at or sale.reserved_at,
            )
            for sale in sales
        ]


async def entries_of_sale(parts: DashboardParts, principal: Principal, sale_id: SaleId) -> OrderEntries:
    """Return everything that a purchase within reach has moved; raise NotFound."""
    async with parts.database.read() as tx:
        sale = await SaleStore(tx).get(sale_id, reach_of(principal))
        of, journal = of_sale(sale_id), Journal(tx)
        return OrderEntries(
            paid_by=money_of(sale).paid_by.value,
            platform_fee_bp=None,
            subsidy_fen=None,
            due_fen=-await journal.net(of, account(AccountKind.RESIDENT_DUE, sale.resident_id)),
            refunded_fen=await journal.refunded(of),
            items=entries_view(await journal.entries_of(of)),
        )


async def take_sale_due(
    parts: DashboardParts, principal: Principal, sale_id: SaleId, note: str, repeated: Repeated
) -> Received:
    """Take what is due for a purchase; afterwards nothing is."""

    async def write(tx: Transaction) -> Received:
        at = parts.clock.now()
        receipt = await receive_sale_due(tx, parts.payments, principal, sale_id, note=note, at=at)
        return Received(entry=entry_view(receipt), balance_fen=0)

    return await once(parts, repeated, write)


async def give_sale_back(
    parts: DashboardParts, principal: Principal, sale_id: SaleId, body: SaleRefundBody, repeated: Repeated
) -> Received:
    """Give part of a purchase's price back; the answer says how much of it was given back so far."""

    async def write(tx: Transaction) -> Received:
        at = parts.clock.now()
        booked = await refund_sale(
            tx, principal, sale_id, amount_fen=body.amount_fen, reason=body.reason, at=at
        )
        so_far = await Journal(tx).refunded(of_sale(sale_id))
        return Received(entry=entry_view(booked), balance_fen=so_far)

    return await once(parts, repeated, write)


async def _due_views(
    tx: Transaction, keys: SecretKeys, principal: Principal, found: list[Due]
) -> list[DueView]:
    reach = reach_of(principal)
    orders = await OrderStore(tx).of_ids([due.order_id for due in found if due.order_id], reach)
    sales = await SaleStore(tx).of_ids([due.sale_id for due in found if due.sale_id], reach)
    bought: list[Order | VendingSale] = [*orders.values(), *sales.values()]
    merchants = await CatalogueStore(tx).merchants_by_id(
        [order.merchant_id for order in orders.values()], reach
    )
    numbers = {each.vehicle_no for each in bought if each.vehicle_no is not None}
    codes = await VehicleStore(tx).codes_of(numbers)
    phones = await _phones(tx, keys, (each.resident_id for each in bought))
    views = []
    for due in found:
        each = orders.get(OrderId(due.order_id or "")) or sales.get(SaleId(due.sale_id or ""))
        if each is None:
            continue
        named = merchants.get(each.merchant_id) if isinstance(each, Order) else each
        views.append(
            DueView(
                about="order" if isinstance(each, Order) else "sale",
                id=due.order_id or due.sale_id or "",
                district=due.district,
                name_zh="" if named is None else named.name_zh,
                name_en="" if named is None else named.name_en,
                vehicle_code=None if each.vehicle_no is None else codes.get(each.vehicle_no),
                phone=phones.get(each.resident_id),
                since=due.since,
                due_fen=due.due_fen,
            )
        )
    return views


async def _phones(
    tx: Transaction, keys: SecretKeys, residents: Iterable[ResidentId]
) -> dict[ResidentId, str]:
    """Return phones, each masked at once."""
    found = await ResidentStore(tx, keys).phones_of(frozenset(residents))
    return {resident: mask_phone(phone) for resident, phone in found.items()}
