"""A vending vehicle with two slots, and people who load and buy."""

from datetime import UTC, datetime, timedelta
from typing import Any

from core.auth.roles import Role
from core.database import Transaction
from core.ids import GoodsId, VehicleNo
from core.kinds import ServiceKind
from services.delivery.compartments import Temperature
from services.vending.keep_stock import Batch, Deed
from services.vending.ledger import Holding
from services.vending.planogram import Slot
from services.vending.stock_store import StockStore
from tests.integration.fleet.builders import a_principal, a_working_vehicle

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
SELLER = VehicleNo(50)
WATER = Slot(slot=1, goods_id=GoodsId("water"), name_zh="饮用水", name_en="Water", price_fen=200, capacity=20)
YOGHURT = Slot(
    slot=2,
    goods_id=GoodsId("yoghurt"),
    name_zh="酸奶",
    name_en="Yoghurt",
    price_fen=600,
    capacity=6,
    temperature=Temperature.CHILLED,
)


async def a_seller(tx: Transaction, number: int = SELLER, **changes: Any) -> None:
    """A vehicle in service with an empty planogram of water and yoghurt."""
    await a_working_vehicle(tx, number, service=ServiceKind.VENDING, **changes)
    await StockStore(tx).put_planogram(VehicleNo(number), (WATER, YOGHURT))


def a_deed(cause: str, slot: int = 1, number: int = SELLER, **changes: Any) -> Deed:
    return Deed(
        principal=a_principal(Role.SHIFT_LEAD),
        vehicle_no=VehicleNo(number),
        slot=slot,
        cause=cause,
        at=changes.get("at", AT),
    )


def a_batch(batch: str = "B1", days: float = 30, **changes: Any) -> Batch:
    return Batch(batch=batch, expires_at=AT + timedelta(days=days), **changes)


def a_holding(cause: str, slot: int = 1, number: int = SELLER) -> Holding:
    return Holding(vehicle_no=VehicleNo(number), slot=slot, cause=cause, actor="resident:r-1")
