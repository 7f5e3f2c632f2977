"""A merchant says how many pieces of its goods are on the shelf, and what is sold out for now."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.ids import GoodsId
from services.delivery.catalogue import Goods
from services.delivery.store import CatalogueStore


async def count_goods(
    tx: Transaction, principal: Principal, goods_id: GoodsId, stock: int, *, at: datetime
) -> Goods:
    """Return the goods with ``stock`` pieces that may still be sold; what orders reserved is not among them.

    Raises NotFound when the goods are not the principal's.
    """
    store = CatalogueStore(tx)
    before = await store.own_goods(goods_id, reach_of(principal))
    counted = await store.count(before, stock)
    fields = {"before": before.stock, "after": stock}
    await audit.record(tx, principal, "goods.counted", f"goods:{goods_id}", fields, at=at)
    return counted


async def mark_goods(
    tx: Transaction, principal: Principal, goods_id: GoodsId, *, is_sold_out: bool, at: datetime
) -> Goods:
    """Return the goods taken off the shelf for now, or put back with the count they had.

    Raises NotFound when the goods are not the principal's.
    """
    store = CatalogueStore(tx)
    before = await store.own_goods(goods_id, reach_of(principal))
    if before.is_sold_out is is_sold_out:
        return before
    action = "goods.sold_out" if is_sold_out else "goods.back"
    await audit.record(tx, principal, action, f"goods:{goods_id}", {"stock": before.stock}, at=at)
    return await store.mark_sold_out(before, is_sold_out=is_sold_out)
