"""Who calls the hotline: what is kept of her, found by her phone and on record each time."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.residents import ResidentStore
from core.database import Transaction
from core.ids import ResidentId
from core.privacy.cipher import SecretKeys
from core.privacy.masks import mask_phone
from core.privacy.phones import parse_phone
from dashboard.schemas.hotline import CallerView, CallerWishes, caller_view
from services.delivery.opening_hours import read_hours
from services.notices.store import WishStore
from services.orders.states import TERMINAL, OrderState
from services.orders.store import OrderStore
from services.substitutions.store import SubstitutionStore
from services.substitutions.substitution import SubstitutionState
from services.vending.sales.states import HOLDING
from services.vending.sales.store import SaleStore

MOST_ORDERS = 20


async def look_up_caller(
    tx: Transaction, keys: SecretKeys, principal: Principal, phone: str, *, at: datetime
) -> CallerView:
    """Return what is kept of whoever has the phone; nobody is made by asking. Raises Invalid for no phone."""
    number = parse_phone(phone)
    resident = await ResidentStore(tx, keys).find(number)
    about = "resident:unknown" if resident is None else f"resident:{resident}"
    await audit.record(tx, principal, "caller.looked_up", about, {"phone": mask_phone(number)}, at=at)
    if resident is None:
        return caller_view(number, None)
    return await _view(tx, principal, number, resident)


async def keep_wishes(
    tx: Transaction, keys: SecretKeys, principal: Principal, data: CallerWishes, *, at: datetime
) -> CallerView:
    """Return what is kept of a caller from now on, with her spoken consent on record.

    Raises Invalid for a text that is no phone number or no hours.
    """
    number = parse_phone(data.phone)
    if data.quiet_hours:
        read_hours(data.quiet_hours)
    resident = await ResidentStore(tx, keys).ensure(number, at=at)
    wishes = msgspec.structs.replace(
        await WishStore(tx).of(resident),
        reached_by=data.reached_by,
        language=data.language,
        extra_wait_s=data.extra_wait_s,
        quiet_hours=data.quiet_hours,
    )
    await WishStore(tx).put(wishes)
    fields = {
        "reached_by": data.reached_by.value,
        "language": data.language,
        "extra_wait_s": data.extra_wait_s,
        "quiet_hours": data.quiet_hours,
        "consent": data.consent,
    }
    await audit.record(tx, principal, "caller.wishes_kept", f"resident:{resident}", fields, at=at)
    return await _view(tx, principal, number, resident)


async def _view(tx: Transaction, principal: Principal, number: str, resident: ResidentId) -> CallerView:
    reach = msgspec.structs.replace(reach_of(principal), resident=resident)
    states = tuple(state for state in OrderState if state not in TERMINAL)
    orders = await OrderStore(tx).listed(reach, states=states, limit=MOST_ORDERS)
    offers = await SubstitutionStore(tx).of_orders([order.order_id for order in orders])
    asked = [
        order_id
        for order_id, ones in offers.items()
        if any(one.state is SubstitutionState.OFFERED for one in ones)
    ]
    bought = await SaleStore(tx).listed(reach, limit=MOST_ORDERS)
    sales = [sale for sale in bought if sale.placed_by is not None and sale.state in HOLDING]
    return caller_view(number, await WishStore(tx).of(resident), orders, asked, sales)
