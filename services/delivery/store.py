"""SQL of merchants, goods, pickup points and compartments."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, Table, bindparam, delete, func, or_, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import DistrictCode, GoodsId, MerchantId, PickupPointId, VehicleNo
from services.delivery.catalogue import Goods, Merchant, PickupPoint
from services.delivery.compartments import Compartment
from services.delivery.tables import compartments, goods, merchants, pickup_points

KEPT_BY_PEOPLE = ("stock", "is_sold_out")
"""Columns that only the people of the shop change once a row is there."""


async def _all[T](tx: Transaction, query: Select[Any], kind: type[T]) -> list[T]:
    rows = (await tx.execute(query)).mappings()
    return [read_row(row, kind) for row in rows]


def _says(table: Table, text: str) -> ColumnElement[bool]:
    """Whether a name in either language has this text in it, as text and not as a pattern."""
    return or_(*(column.icontains(text, autoescape=True) for column in (table.c.name_zh, table.c.name_en)))


async def _put(tx: Transaction, table: Table, thing: msgspec.Struct) -> bool:
    """Insert, or bring an existing row to the values given; return whether it was new."""
    values = msgspec.to_builtins(thing)
    if await insert_new(tx, table, values):
        return True
    keys = [column.name for column in table.primary_key]
    kept = (*keys, *KEPT_BY_PEOPLE)
    changed = {name: value for name, value in values.items() if name not in kept}
    await tx.execute(update(table).where(*(table.c[key] == values[key] for key in keys)).values(changed))
    return False


class CatalogueStore:
    """Merchants, goods and pickup points. What is shown to everybody is not narrowed by a reach."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def put_merchant(self, merchant: Merchant) -> bool:
        """Register or update a merchant; return whether it was new."""
        return await _put(self._tx, merchants, merchant)

    async def put_goods(self, thing: Goods) -> bool:
        """Register or update goods; the stock of known goods stays what it is. Return whether it was new."""
        return await _put(self._tx, goods, thing)

    async def write_goods(self, thing: Goods) -> None:
        """Make goods what their merchant says, the count of the shelf with them."""
        if not await _put(self._tx, goods, thing):
            row = goods.c.goods_id == thing.goods_id
            await self._tx.execute(update(goods).where(row).values(stock=thing.stock))

    async def put_pickup_point(self, point: PickupPoint) -> bool:
        """Register or update a pickup point; return whether it was new."""
        return await _put(self._tx, pickup_points, point)

    async def merchants(
        self, district: DistrictCode | None = None, *, named: str | None = None
    ) -> list[Merchant]:
        """Return the active merchants, of one district when given, by name.

        With ``named`` only those whose name, or the name of something they have on sale, has that text in
        either language; capitals do not count.
        """
        query = (
            select(merchants).where(merchants.c.is_active).order_by(merchants.c.district, merchants.c.name_zh)
        )
        if district is not None:
            query = query.where(merchants.c.district == district)
        if named:
            sells = select(goods.c.goods_id).where(
                goods.c.merchant_id == merchants.c.merchant_id, goods.c.is_on_sale, _says(goods, named)
            )
            query = query.where(or_(_says(merchants, named), sells.exists()))
        return await _all(self._tx, query, Merchant)

    async def merchant_kinds(self, district: DistrictCode) -> tuple[str, ...]:
        """Return the kinds of the active merchants of a district, sorted."""
        query = select(merchants.c.kind).where(merchants.c.is_active, merchants.c.district == district)
        return tuple((await self._tx.execute(query.distinct().order_by(merchants.c.kind))).scalars())

    async def merchant(self, merchant_id: MerchantId) -> Merchant:
        """Return one merchant; raise NotFound when there is none or it is not active any more."""
        query = select(merchants).where(merchants.c.merchant_id == merchant_id, merchants.c.is_active)
        found = await _all(self._tx, query, Merchant)
        if not found:
            raise NotFound("not-found", "no such merchant", merchant_id=merchant_id)
        return found[0]

    async def merchants_by_id(self, ids: Sequence[MerchantId], reach: Reach) -> dict[MerchantId, Merchant]:
        """Return the merchants of these ids that lie within the reach, active or not."""
        if not ids:
            return {}
        query = select(merchants).where(
            merchants.c.merchant_id.in_(sorted(set(ids))), within(merchants.c.merchant_id, reach.merchants)
        )
        return {merchant.merchant_id: merchant for merchant in await _all(self._tx, query, Merchant)}

    async def goods_of(self, merchant_id: MerchantId) -> list[Goods]:
        """Return what a merchant has on sale, sold out or not, by name."""
        query = (
            select(goods)
            .where(goods.c.merchant_id == merchant_id, goods.c.is_on_sale)
            .order_by(goods.c.name_zh)
        )
        return await _all(self._tx, query, Goods)

    async def own_goods(self, goods_id: GoodsId, reach: Reach) -> Goods:
        """Return goods of a merchant within the reach; raise NotFound."""
        query = select(goods).where(
            goods.c.goods_id == goods_id, within(goods.c.merchant_id, reach.merchants)
        )
        found = await _all(self._tx, query, Goods)
        if not found:
            raise NotFound("not-found", "no such goods", goods_id=goods_id)
        return found[0]

    async def shelf(self, reach: Reach) -> list[Goods]:
        """Return what the merchants within the reach have on sale, sold out or not, by name."""
        query = select(goods).where(goods.c.is_on_sale, within(goods.c.merchant_id, reach.merchants))
        return await _all(self._tx, query.order_by(goods.c.name_zh, goods.c.goods_id), Goods)

    async def everything_of(self, merchant_id: MerchantId) -> list[Goods]:
        """Return all goods of a merchant, on sale or not, by id."""
        query = select(goods).where(goods.c.merchant_id == merchant_id).order_by(goods.c.goods_id)
        return await _all(self._tx, query, Goods)

    async def pickup_points(self, district: DistrictCode | None = None) -> list[PickupPoint]:
        """Return the active pickup points, of one district when given, by compound and name."""
        order = (pickup_points.c.district, pickup_points.c.compound_zh, pickup_points.c.name_zh)
        query = select(pickup_points).where(pickup_points.c.is_active).order_by(*order)
        if district is not None:
            query = query.where(pickup_points.c.district == district)
        return await _all(self._tx, query, PickupPoint)

    async def pickup_point(self, pickup_point_id: PickupPointId) -> PickupPoint:
        """Return one active pickup point; raise NotFound when there is none."""
        query = select(pickup_points).where(
            pickup_points.c.pickup_point_id == pickup_point_id, pickup_points.c.is_active
        )
        found = await _all(self._tx, query, PickupPoint)
        if not found:
            raise NotFound("not-found", "no such pickup point", pickup_point_id=pickup_point_id)
        return found[0]

    async def pickup_points_by_id(self, ids: Sequence[PickupPointId]) -> dict[PickupPointId, PickupPoint]:
        """Return the pickup points of these ids, active or not."""
        if not ids:
            return {}
        query = select(pickup_points).where(pickup_points.c.pickup_point_id.in_(sorted(set(ids))))
        return {point.pickup_point_id: point for point in await _all(self._tx, query, PickupPoint)}

    async def reserve(self, goods_id: GoodsId, quantity: int) -> None:
        """Take goods off the shelf; raise Conflict ``out-of-stock`` when fewer are left."""
        taken = await self._tx.execute(
            update(goods)
            .where(goods.c.goods_id == goods_id, goods.c.stock >= quantity, ~goods.c.is_sold_out)
            .values(stock=goods.c.stock - quantity)
        )
        if taken.rowcount != 1:
            found = await _all(self._tx, select(goods).where(goods.c.goods_id == goods_id), Goods)
            left = found[0].left if found else 0
            raise Conflict("out-of-stock", goods_id=goods_id, left=left, wanted=quantity)

    async def hold(self, ids: Sequence[GoodsId]) -> dict[GoodsId, Goods]:
        """Return goods of these ids, on sale or not, whose stock nobody else changes in this transaction."""
        query = select(goods).where(goods.c.goods_id.in_(sorted(set(ids)))).order_by(goods.c.goods_id)
        return {thing.goods_id: thing for thing in await _all(self._tx, query.with_for_update(), Goods)}

    async def take(self, pieces: Mapping[GoodsId, int]) -> None:
        """Take pieces of goods that are held off the shelf: who holds them has seen that they are there."""
        if pieces:
            one = update(goods).where(goods.c.goods_id == bindparam("thing"))
            rows = [{"thing": thing, "pieces": count} for thing, count in sorted(pieces.items())]
            await self._tx.execute(one.values(stock=goods.c.stock - bindparam("pieces")), rows)

    async def count(self, thing: Goods, stock: int) -> Goods:
        """Return the goods with so many pieces on the shelf, whatever was reserved meanwhile."""
        await self._tx.execute(update(goods).where(goods.c.goods_id == thing.goods_id).values(stock=stock))
        return msgspec.structs.replace(thing, stock=stock)

    async def mark_sold_out(self, thing: Goods, *, is_sold_out: bool) -> Goods:
        """Return the goods marked as sold out or as back on the shelf; the count stays."""
        row = goods.c.goods_id == thing.goods_id
        await self._tx.execute(update(goods).where(row).values(is_sold_out=is_sold_out))
        return msgspec.structs.replace(thing, is_sold_out=is_sold_out)

    async def goods_by_id(self, ids: Sequence[GoodsId]) -> dict[GoodsId, Goods]:
        """Return goods of these ids, on sale or not."""
        if not ids:
            return {}
        query = select(goods).where(goods.c.goods_id.in_(sorted(set(ids))))
        return {thing.goods_id: thing for thing in await _all(self._tx, query, Goods)}

    async def put_back(self, quantities: Mapping[GoodsId, int]) -> None:
        """Put reserved goods back on the shelf."""
        for goods_id, quantity in sorted(quantities.items()):
            await self._tx.execute(
                update(goods).where(goods.c.goods_id == goods_id).values(stock=goods.c.stock + quantity)
            )


class CompartmentStore:
    """Which boxes each vehicle has."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def put_layout(self, vehicle_no: VehicleNo, layout: Sequence[Compartment]) -> None:
        """Make ``layout`` the vehicle's boxes, in place of what was known."""
        await self._tx.execute(delete(compartments).where(compartments.c.vehicle_no == vehicle_no))
        if layout:
            rows = [{"vehicle_no": vehicle_no, **msgspec.to_builtins(box)} for box in layout]
            await self._tx.execute(compartments.insert(), rows)

    async def layouts(self, vehicles: Sequence[VehicleNo]) -> dict[VehicleNo, tuple[Compartment, ...]]:
        """Return the boxes of each vehicle by number; a vehicle without any is absent."""
        if not vehicles:
            return {}
        query = (
            select(compartments)
            .where(compartments.c.vehicle_no.in_(sorted(set(vehicles))))
            .order_by(compartments.c.vehicle_no, compartments.c.number)
        )
        found: dict[VehicleNo, tuple[Compartment, ...]] = {}
        for row in (await self._tx.execute(query)).mappings():
            box = read_row(row, Compartment)
            found[row["vehicle_no"]] = (*found.get(row["vehicle_no"], ()), box)
        return found

    async def count(self) -> int:
        """Return how many boxes are registered at all."""
        return int((await self._tx.execute(select(func.count()).select_from(compartments))).scalar_one())
