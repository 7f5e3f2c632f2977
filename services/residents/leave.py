"""A resident leaves: who she is goes, what companies must keep of their business stays without her.

PIPL article 47 asks for deletion on withdrawal, the e-commerce law (article 31) that transactions are kept
for three years. So orders, sales and entries stay under her id, which names nobody once her phone is gone.
"""

from datetime import datetime

from sqlalchemy import delete, select, update

from core import audit
from core.auth.principal import Principal, Reach
from core.auth.residents import ResidentStore
from core.auth.sessions import SessionStore
from core.auth.tables import order_links, residents
from core.database import Transaction
from core.errors import Conflict
from core.ids import OrderId, ResidentId
from core.privacy.cipher import SecretKeys
from services.delegation.tables import pickup_delegates
from services.notices.tables import recipient_wishes
from services.orders.states import TERMINAL, OrderState
from services.orders.store import OrderStore
from services.orders.tables import orders
from services.residents.tables import resident_consents
from services.settlement.accounts import AccountKind, account
from services.settlement.store import Journal
from services.vending.calls.store import CallStore
from services.vending.sales.store import SaleStore
from services.waybills.store import WaybillStore

OPEN = tuple(state for state in OrderState if state not in TERMINAL)


async def open_business(tx: Transaction, resident: ResidentId) -> list[str]:
    """Return what keeps a resident from leaving: order, call, purchase, parcel, balance, due."""
    purse, due = (
        account(kind, resident) for kind in (AccountKind.RESIDENT_BALANCE, AccountKind.RESIDENT_DUE)
    )
    balances = await Journal(tx).balances([purse, due])
    checks = (
        ("order", await OrderStore(tx).listed(Reach(resident=resident), states=OPEN, limit=1)),
        ("call", await CallStore(tx).open_of(resident)),
        ("purchase", await SaleStore(tx).open_of(resident)),
        ("parcel", await WaybillStore(tx).open_of(resident)),
        ("balance", balances[purse]),
        ("due", balances[due]),
    )
    return [name for name, found in checks if found]


async def leave(
    tx: Transaction, keys: SecretKeys, principal: Principal, *, at: datetime, wall: datetime
) -> None:
    """Let the resident who is signed in leave; raise Conflict ``resident-has-open`` with what keeps her.

    Her phone, her wishes and consents, the names of people she sent, the notes on her orders, every session
    and every link go. The same phone that signs in later is a new resident.
    """
    resident = ResidentId(principal.id)
    journal = Journal(tx)
    await journal.take_turn(account(AccountKind.RESIDENT_BALANCE, resident), at)
    await journal.take_turn(account(AccountKind.RESIDENT_DUE, resident), at)
    kept_by = await open_business(tx, resident)
    if kept_by:
        raise Conflict("resident-has-open", open=kept_by)
    own = select(orders.c.order_id).where(orders.c.resident_id == resident)
    ids = [OrderId(one) for one in (await tx.execute(own)).scalars()]
    phone = await ResidentStore(tx, keys).phone_of(resident)
    if phone is not None:
        await ResidentStore(tx, keys).drop_code(phone)
    await tx.execute(delete(recipient_wishes).where(recipient_wishes.c.resident_id == resident))
    await tx.execute(delete(resident_consents).where(resident_consents.c.resident_id == resident))
    if ids:
        named = pickup_delegates.c.order_id.in_(own)
        await tx.execute(update(pickup_delegates).where(named).values(name=""))
        await tx.execute(update(orders).where(orders.c.resident_id == resident).values(note=""))
        links = order_links.c.resident_id == resident
        await tx.execute(
            update(order_links).where(links, order_links.c.revoked_at.is_(None)).values(revoked_at=wall)
        )
    await SessionStore(tx).forget_all_of(principal)
    await tx.execute(delete(residents).where(residents.c.id == resident))
    await audit.record(
        tx, principal, "resident.left", f"resident:{resident}", {"orders": len(ids)}, None, at=at
    )
