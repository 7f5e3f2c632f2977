"""What the end of an order takes with it: code and links die, reserved goods go back on the shelf."""

from collections import Counter
from datetime import datetime

from core.auth.links import end_links
from core.database import Transaction
from services.delivery.code_store import PickupCodeStore
from services.delivery.store import CatalogueStore
from services.orders.order import Order


async def retire_access(tx: Transaction, order: Order, *, at: datetime) -> None:
    """Let the pickup code and every link of the order die with it. Links are stamped with city time."""
    codes = PickupCodeStore(tx)
    code = await codes.get(order.order_id)
    await codes.save(code, code.die())
    await end_links(tx, order.order_id, wall=at)


async def put_goods_back(tx: Transaction, order: Order) -> None:
    """Put what the order had reserved back on the merchant's shelf."""
    quantities: Counter[str] = Counter()
    for line in order.lines:
        quantities[line.goods_id] += line.quantity
    await CatalogueStore(tx).put_back({line.goods_id: quantities[line.goods_id] for line in order.lines})
