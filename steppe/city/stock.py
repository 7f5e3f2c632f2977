"""What the vending vehicles of a city carry on the first day: planogram, a lot of each kind of goods, pieces.

All of it is made up and happens once: a vehicle that has a planogram is left as people made it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.database import Transaction
from core.ids import GoodsId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.vehicle import Vehicle
from services.delivery.compartments import Temperature
from services.vending.ledger import Lot, LotId, Movement, MovementKind
from services.vending.planogram import Slot
from services.vending.stock_store import StockStore
from steppe.city.pack import CityPack
from steppe.city.report import LoadReport

BY = "system:city load"
LEAST_FULL_PERCENT = 55
"""Slots begin between this and full, so that vehicles are not all sold out on the same day."""


def planogram_of(pack: CityPack) -> tuple[Slot, ...]:
    """Return the slots of every vending vehicle of the city."""
    return tuple(
        Slot(
            slot=number,
            goods_id=GoodsId(slot.goods),
            name_zh=slot.name_zh,
            name_en=slot.name_en,
            price_fen=slot.price_fen,
            capacity=slot.capacity,
            temperature=Temperature(slot.temperature),
        )
        for number, slot in enumerate(pack.vending_slots, 1)
    )


async def stock_vehicles(
    tx: Transaction, pack: CityPack, vehicles: Sequence[Vehicle], report: LoadReport, at: datetime
) -> None:
    """Give those of the vehicles that sell and have no planogram one, with goods in every slot."""
    selling = [vehicle for vehicle in vehicles if vehicle.service is ServiceKind.VENDING]
    slots, store = planogram_of(pack), StockStore(tx)
    known = await store.planograms([vehicle.vehicle_no for vehicle in selling])
    if known:
        report.count("planograms", "unchanged", len(known))
    fresh = [vehicle for vehicle in selling if vehicle.vehicle_no not in known]
    lots = {name: await _first_lots(store, pack, name, at) for name in sorted({v.operator for v in fresh})}
    for vehicle in fresh:
        await store.put_planogram(vehicle.vehicle_no, slots)
        await store.post_first(_first_loads(vehicle.vehicle_no, slots, lots[vehicle.operator], at))
        report.count("planograms", "created")


async def _first_lots(
    store: StockStore, pack: CityPack, operator: OperatorId, at: datetime
) -> Mapping[GoodsId, LotId]:
    """Return the lot of each kind of goods that this day's loading takes from."""
    found: dict[GoodsId, LotId] = {}
    for slot in pack.vending_slots:
        lot = Lot(
            lot_id=LotId(f"{operator}:{slot.goods}-{at:%y%m%d}"),
            operator=operator,
            goods_id=GoodsId(slot.goods),
            expires_at=at.replace(hour=0, minute=0, second=0, microsecond=0)
            + timedelta(days=slot.keeps_days),
            temperature=Temperature(slot.temperature),
        )
        found[lot.goods_id] = (await store.put_lot(lot)).lot_id
    return found


def _first_loads(
    vehicle_no: VehicleNo, slots: Sequence[Slot], lots: Mapping[GoodsId, LotId], at: datetime
) -> list[Movement]:
    return [
        Movement(
            cause=f"city load:{vehicle_no}:{slot.slot}",
            vehicle_no=vehicle_no,
            slot=slot.slot,
            lot_id=lots[slot.goods_id],
            goods_id=slot.goods_id,
            kind=MovementKind.LOAD,
            shelf=_first_pieces(vehicle_no, slot),
            price_fen=slot.price_fen,
            actor=BY,
            at=at,
        )
        for slot in slots
    ]


def _first_pieces(vehicle_no: VehicleNo, slot: Slot) -> int:
    """Return how full a slot begins: spread over vehicles and slots, the same at every load."""
    span = 101 - LEAST_FULL_PERCENT
    percent = LEAST_FULL_PERCENT + (vehicle_no * 31 + slot.slot * 17) % span
    return max(1, slot.capacity * percent // 100)
