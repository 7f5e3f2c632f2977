"""A vending vehicle of the town with water, and residents who call it and buy from it."""

from datetime import datetime, timedelta
from typing import Any

from core.auth.principal import EVERYTHING
from core.ids import CallId, FenceId, FenceVersion, ResidentId, VehicleNo
from core.kinds import ServiceKind
from geofences.fences import FenceKind, FenceRef
from geofences.rules import EffectiveRule
from services.settlement.entry import SaleId
from services.settlement.terms import PaidBy
from services.vending.calls.call import VendingCall
from services.vending.calls.place_call import Wanted, place_call
from services.vending.calls.store import CallStore
from services.vending.keep_stock import Batch, Deed, load_slot
from services.vending.sales.open_slot import open_slot
from services.vending.sales.reserve_goods import Purchase, reserve_goods
from services.vending.sales.sale import VendingSale
from services.vending.sales.store import SaleStore
from services.vending.stock_store import StockStore
from tests.integration.services.orders.town import KB, Town
from tests.integration.services.vending.shelf import SELLER, WATER, a_deed

AREA = FenceRef(
    fence_id=FenceId("area-1"),
    version=FenceVersion(1),
    kind=FenceKind.OPERATING_AREA,
    name_zh="示例区域",
    name_en="Sample area",
)
SPOT = (39.6, 109.79)
"""Where the town's first vending spot is."""


def everywhere(_lat: float, _lng: float, _at: datetime) -> EffectiveRule:
    """The rule of a city in which vending vehicles may stop anywhere."""
    return EffectiveRule(fences=(AREA,))


async def a_stocked_seller(town: Town, number: int = SELLER, pieces: int = 10, **said: Any) -> None:
    """A vending vehicle with so many bottles of water, standing beside the first spot."""
    await town.add_vehicle(number, service=ServiceKind.VENDING, **{"lat": 39.6, "lng": 109.785, **said})
    async with town.database.write() as tx:
        await StockStore(tx).put_planogram(VehicleNo(number), (WATER,))
        deed: Deed = a_deed(f"first-{number}", number=number, at=town.now)
        batch = Batch(batch=f"B{number}", expires_at=town.now + timedelta(days=30))
        await load_slot(tx, deed, batch, pieces)


async def call(town: Town, resident: str = "r-1", place: tuple[float, float] = SPOT) -> VendingCall:
    wanted = Wanted(resident_id=ResidentId(resident), district=KB, lat=place[0], lng=place[1])
    async with town.database.write() as tx:
        return await place_call(tx, wanted, everywhere, at=town.now)


async def read_call(town: Town, call_id: CallId) -> VendingCall:
    async with town.database.read() as tx:
        return await CallStore(tx).get(call_id, EVERYTHING)


async def reserve(
    town: Town,
    resident: str = "r-1",
    quantity: int = 1,
    paid_by: PaidBy = PaidBy.AT_PICKUP,
    slot: int = 1,
    placed_by: str | None = None,
) -> VendingSale:
    wanted = Purchase(
        resident_id=ResidentId(resident),
        vehicle_no=SELLER,
        slot=slot,
        quantity=quantity,
        paid_by=paid_by,
        placed_by=placed_by,
    )
    heard = town.listener.said.get(SELLER)
    async with town.database.write() as tx:
        return await reserve_goods(tx, wanted, heard, at=town.now, rate=1.0)


async def ask_door(town: Town, sale: VendingSale) -> VendingSale:
    async with town.database.write() as tx:
        return await open_slot(tx, sale.sale_id, EVERYTHING, at=town.now, rate=1.0)


async def take(town: Town, sale: VendingSale, quantity: int, number: int = SELLER) -> str:
    """The vehicle says what was taken."""
    body = {"saleId": sale.sale_id, "compartment": sale.slot, "quantity": quantity}
    return await town.say(number, "goods_taken", body, task_id=None, epoch=None)


async def read_sale(town: Town, sale_id: SaleId) -> VendingSale:
    async with town.database.read() as tx:
        return await SaleStore(tx).get(sale_id, EVERYTHING)


async def sales_of_town(town: Town) -> list[VendingSale]:
    async with town.database.read() as tx:
        return await SaleStore(tx).listed(EVERYTHING)
