"""Saying what a vehicle's slots hold, for one vehicle or for all of its model."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict
from core.ids import VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from services.vending.planogram import Slot, check_change, check_planogram
from services.vending.stock_store import StockStore


async def set_planogram(
    tx: Transaction,
    principal: Principal,
    vehicle_no: VehicleNo,
    slots: Sequence[Slot],
    *,
    whole_model: bool,
    at: datetime,
) -> list[VehicleNo]:
    """Give the vehicle these slots, with ``whole_model`` also every other within reach; return who got them.

    All or none: raises Invalid for slots that no vehicle could have, NotFound for a vehicle out of reach,
    Conflict ``conflict`` for one of another service, ``slot-not-empty`` or ``slot-full`` while goods that
    would no longer fit lie in a slot.
    """
    check_planogram(slots)
    vehicle = await vending_vehicle(tx, vehicle_no, principal)
    alike = [vehicle]
    if whole_model:
        wanted = VehicleFilter(services=frozenset({ServiceKind.VENDING}))
        fleet = await VehicleStore(tx).page(reach_of(principal), wanted)
        alike = [each for each in fleet if each.hardware_model == vehicle.hardware_model]
    numbers = [each.vehicle_no for each in alike]
    store = StockStore(tx)
    known = await store.planograms(numbers)
    for number in numbers:
        for slot in known.get(number, ()):
            await store.own_slot(number, slot.slot)
    inside: dict[VehicleNo, Counter[int]] = {number: Counter() for number in numbers}
    for line in await store.lines(numbers):
        inside[line.vehicle_no][line.slot] += line.pieces
    for number in numbers:
        check_change(number, known.get(number, ()), slots, inside[number])
        await store.put_planogram(number, slots)
        fields = {"slots": len(slots), "model": vehicle.hardware_model if whole_model else ""}
        await audit.record(tx, principal, "planogram.set", f"vehicle:{number}", fields, at=at)
    return numbers


async def vending_vehicle(tx: Transaction, vehicle_no: VehicleNo, principal: Principal) -> Vehicle:
    """Return a vending vehicle within the reach; raise NotFound, and Conflict for one of another service."""
    vehicle = await VehicleStore(tx).get(vehicle_no, reach_of(principal))
    if vehicle.service is not ServiceKind.VENDING:
        raise Conflict(
            "conflict",
            "this is no vending vehicle",
            vehicle_no=vehicle_no,
            service=vehicle.service.value,
        )
    return vehicle
