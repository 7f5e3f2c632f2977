"""What the end of an order takes with it: code and links die, reserved goods go back on the shelf."""

from datetime import datetime

from core.auth.links import end_links
from core.database import Transaction
from services.delegation.store import DelegateStore
from services.delivery.code_store import PickupCodeStore
from services.delivery.store import CatalogueStore
from services.orders.order import Order
from services.substitutions.store import SubstitutionStore
from services.substitutions.substitution import OrderOver, SubstitutionState, still_reserved


async def retire_access(tx: Transaction, order: Order, *, at: datetime) -> None:
    """Let the pickup codes and every link of the order die with it. Links are stamped with city time."""
    codes = PickupCodeStore(tx)
    code = await codes.get(order.order_id)
    await codes.save(code, code.die())
    await DelegateStore(tx).end_all(order.order_id)
    await end_links(tx, order.order_id, wall=at)


async def put_goods_back(tx: Transaction, order: Order, *, at: datetime) -> None:
    """Put what the order had reserved back on the merchant's shelf, with what was offered in place of missing
    goods and not answered."""
    store = SubstitutionStore(tx)
    offers = await store.of_order(order.order_id)
    await CatalogueStore(tx).put_back(still_reserved(order.lines, offers))
    for one in offers:
        if one.state is SubstitutionState.OFFERED:
            await store.move(one, OrderOver(), at=at)
