"""A resident takes a copy of everything that is kept of her, or leaves."""

from core.auth.principal import Principal, reach_of
from core.auth.residents import ResidentStore
from core.ids import ResidentId
from mobile_api.parts import MobileParts
from mobile_api.schemas.balance import balance_view
from mobile_api.schemas.own_data import (
    OwnCall,
    OwnData,
    OwnLine,
    OwnNotice,
    OwnOrder,
    OwnSale,
    consent_views,
)
from mobile_api.schemas.wishes import wishes_view
from services.delegation.delegate import Delegate
from services.delegation.store import DelegateStore
from services.notices.store import NoticeStore, WishStore
from services.orders.order import Order
from services.orders.store import OrderStore
from services.residents.consents import ConsentStore
from services.residents.leave import leave, open_business
from services.settlement.accounts import AccountKind, account
from services.settlement.store import Journal
from services.vending.calls.call import VendingCall
from services.vending.calls.store import CallStore
from services.vending.sales.sale import VendingSale
from services.vending.sales.store import SaleStore

MOST = 10_000
"""Rows of each sort in the copy, the newest: ten orders a day for almost three years."""


async def own_data(mobile: MobileParts, principal: Principal) -> OwnData:
    """Return everything that is kept of the resident who is signed in, read in one snapshot."""
    resident, reach = ResidentId(principal.id), reach_of(principal)
    purse, due = (
        account(kind, resident) for kind in (AccountKind.RESIDENT_BALANCE, AccountKind.RESIDENT_DUE)
    )
    async with mobile.database.read() as tx:
        phone = await ResidentStore(tx, mobile.keys).phone_of(resident)
        journal = Journal(tx)
        balances = await journal.balances([purse, due])
        booked = await journal.newest_of([purse, due], limit=MOST)
        placed = await OrderStore(tx).listed(reach, limit=MOST)
        named = await DelegateStore(tx).of_orders([order.order_id for order in placed])
        return OwnData(
            phone=phone or "",
            taken_at=mobile.clock.now(),
            keeps_from_leaving=tuple(await open_business(tx, resident)),
            wishes=wishes_view(await WishStore(tx).of(resident)),
            balance=balance_view(purse, due, balances, booked),
            orders=tuple(_order(order, named.get(order.order_id, ())) for order in placed),
            calls=tuple(_call(one) for one in await CallStore(tx).listed(reach, limit=MOST)),
            sales=tuple(_sale(one) for one in await SaleStore(tx).listed(reach, limit=MOST)),
            notices=tuple(
                OwnNotice(
                    subject=one.subject,
                    occasion=one.occasion.value,
                    channel=one.channel.value,
                    state=one.state.value,
                    wanted_at=one.wanted_at,
                )
                for one in await NoticeStore(tx).page(reach, limit=MOST)
            ),
            consents=consent_views(await ConsentStore(tx).history(resident)),
        )


async def leave_city(mobile: MobileParts, principal: Principal) -> None:
    """Let the resident who is signed in leave; raise what ``leave`` raises."""
    async with mobile.database.write() as tx:
        await leave(tx, mobile.keys, principal, at=mobile.clock.now(), wall=mobile.clock.wall())


def _order(order: Order, delegates: tuple[Delegate, ...]) -> OwnOrder:
    return OwnOrder(
        order_id=order.order_id,
        placed_at=order.placed_at,
        closed_at=order.closed_at,
        state=order.state.value,
        reason=order.reason,
        merchant_id=order.merchant_id,
        pickup_point_id=order.pickup_point_id,
        lines=tuple(
            OwnLine(
                name_zh=line.name_zh, name_en=line.name_en, quantity=line.quantity, price_fen=line.price_fen
            )
            for line in order.lines
        ),
        total_fen=order.total_fen,
        note=order.note,
        placed_by="staff" if order.placed_by else "resident",
        delegates=tuple(one.name for one in delegates),
    )


def _call(call: VendingCall) -> OwnCall:
    return OwnCall(
        call_id=call.call_id, state=call.state.value, placed_at=call.placed_at, lat=call.lat, lng=call.lng
    )


def _sale(sale: VendingSale) -> OwnSale:
    return OwnSale(
        sale_id=sale.sale_id,
        state=sale.state.value,
        reserved_at=sale.reserved_at,
        name_zh=sale.name_zh,
        name_en=sale.name_en,
        quantity=sale.quantity,
        sold=sale.sold,
        sold_fen=sale.sold_fen,
        lat=sale.lat,
        lng=sale.lng,
    )
