"""Sales that somebody without a smartphone collects: codes held for slots while the vehicle stands."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from fleet.links.wire.commands import SaleCodes, StopOrder
from fleet.links.wire.reports import CodeFailed
from simulator.vehicles.keypad import KeypadAnswer, check_code, is_good

if TYPE_CHECKING:
    from simulator.vehicles.vehicle import Vehicle


def hold_sale(vehicle: "Vehicle", body: SaleCodes) -> None:
    """Hold these codes instead of those before for the sale; without any forget it, also its wrong tries."""
    memory = vehicle.memory
    if body.verifiers:
        memory.sales[body.sale_id] = body
    else:
        forget_sale(vehicle, body.sale_id)


def forget_sale(vehicle: "Vehicle", sale_id: str) -> None:
    """Open nothing more for a sale."""
    vehicle.memory.sales.pop(sale_id, None)
    vehicle.memory.tries.pop(sale_id, None)


def forget_sales(vehicle: "Vehicle") -> None:
    """Open nothing more for anybody: the vehicle drives on."""
    for sale_id in list(vehicle.memory.sales):
        forget_sale(vehicle, sale_id)


def type_sale_code(vehicle: "Vehicle", code: str, now_ms: int) -> KeypadAnswer:
    """Return what the keypad answers at a vehicle that waits for no order; a sale's code opens its slot once.

    A wrong code is nobody's: it costs every sale that is held here a try, as at a delivery.
    """
    memory, at = vehicle.memory, datetime.fromtimestamp(now_ms / 1000, UTC)
    for over in [s for s, one in memory.sales.items() if not any(is_good(v, at) for v in one.verifiers)]:
        forget_sale(vehicle, over)
    if vehicle.speed_mps > 0 or not memory.sales:
        return KeypadAnswer(result="nothing_here")
    vehicle.is_in_keypad_use = 30
    vehicle.reports.is_dirty = True
    held = [
        StopOrder(order_id=one.sale_id, compartment=one.compartment, verifiers=one.verifiers)
        for one in memory.sales.values()
    ]
    answer = check_code(vehicle.keypad_key, held, memory.tries, code, at)
    sale_id = answer.order_id
    answer = msgspec.structs.replace(answer, order_id=None)
    if answer.result == "opened" and answer.compartment is not None and sale_id is not None:
        if vehicle.doors.is_open(answer.compartment):
            return msgspec.structs.replace(answer, result="open_already")
        wanted = memory.sales[sale_id].quantity
        forget_sale(vehicle, sale_id)
        vehicle.open_door(answer.compartment, None, answer.generation, now_ms, sale_id=sale_id, wanted=wanted)
    for failed in answer.counted:
        told = CodeFailed(sale_id=failed.order_id, generation=failed.generation, tries=failed.tries)
        vehicle.reports.add(told, now_ms)
    return answer
