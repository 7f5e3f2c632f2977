"""Reserving goods at a vending vehicle that stands there: pieces and money are held, or nothing is."""

from datetime import datetime, timedelta

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import Conflict, Invalid
from core.ids import ResidentId, VehicleNo, new_id
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Connection, Lifecycle
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle
from services.settlement.entry import SaleId
from services.settlement.terms import PaidBy
from services.tasks.states import StopState
from services.tasks.store import TaskStore
from services.tasks.task import Task
from services.vending.hold_goods import hold_goods
from services.vending.ledger import Holding
from services.vending.sales.sale import VendingSale
from services.vending.sales.store import SaleStore

MOST_AT_ONCE = 10
"""Most pieces of one purchase."""
HOLDS_S = 180.0
HOLDS_WALL_S = 45.0
"""How long goods are held before the door is asked for: city seconds, but never less on the wall."""
HOLDS_FOR_CALLER_S = 900.0
"""The same for somebody who was told her code by telephone and has to come: as long as a vehicle stays where
it was called to."""
STANDS_MPS = 0.3
NOT_SELLING, NOT_HEARD, DRIVING, CHARGING = "not_selling", "not_heard", "driving", "charging"
"""Why nobody can buy at a vehicle now."""


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants what of which vehicle, and how it is paid."""

    resident_id: ResidentId
    vehicle_no: VehicleNo
    slot: int
    quantity: int
    paid_by: PaidBy = PaidBy.AT_PICKUP
    placed_by: str | None = None
    """Who buys on the buyer's behalf, as ``staff:name``; None is she herself."""


async def reserve_goods(
    tx: Transaction, wanted: Purchase, heard: LastHeard | None, *, at: datetime, rate: float
) -> VendingSale:
    """Return the new sale with its pieces held. ``heard`` is what the vehicle last said of itself.

    Raises Invalid for a quantity outside 1-10, NotFound for an unknown slot, Conflict
    ``vehicle-not-at-stop`` unless it stands there and sells, ``out-of-stock`` for who was slower,
    ``balance-too-low``.
    """
    if not 1 <= wanted.quantity <= MOST_AT_ONCE:
        raise Invalid("invalid-input", f"1 to {MOST_AT_ONCE} pieces", field="quantity", limit=MOST_AT_ONCE)
    vehicle = await VehicleStore(tx).get(wanted.vehicle_no, EVERYTHING)
    task = await TaskStore(tx).active_of(vehicle.vehicle_no, EVERYTHING)
    why_not = keeps_from_selling(vehicle, heard, task)
    if why_not or heard is None:
        raise Conflict("vehicle-not-at-stop", vehicle_no=wanted.vehicle_no, why=why_not)
    sale_id = SaleId(new_id())
    holding = Holding(
        vehicle_no=wanted.vehicle_no,
        slot=wanted.slot,
        cause=sale_id,
        actor=f"resident:{wanted.resident_id}",
    )
    slot, holding = await hold_goods(tx, holding, wanted.quantity, at=at)
    sale = VendingSale(
        sale_id=sale_id,
        district=vehicle.district,
        operator=vehicle.operator,
        resident_id=wanted.resident_id,
        vehicle_no=wanted.vehicle_no,
        slot=wanted.slot,
        goods_id=slot.goods_id,
        name_zh=slot.name_zh,
        name_en=slot.name_en,
        price_fen=slot.price_fen,
        quantity=wanted.quantity,
        paid_by=wanted.paid_by,
        picks=holding.picks,
        lat=heard.lat,
        lng=heard.lng,
        reserved_at=at,
        expires_at=_held_until(wanted, task, at, rate),
        placed_by=wanted.placed_by,
    )
    await SaleStore(tx).add(sale)
    return sale


def _held_until(wanted: Purchase, task: Task | None, at: datetime, rate: float) -> datetime:
    """Return until when the goods are held: for a caller longer, but not past the stay of the vehicle."""
    until = at + timedelta(seconds=max(HOLDS_S, HOLDS_WALL_S * rate))
    if wanted.placed_by is None:
        return until
    leaves = [
        stop.reached_at + timedelta(seconds=stop.wait_s)
        for stop in (() if task is None else task.stops)
        if stop.state is StopState.REACHED and stop.reached_at is not None and stop.wait_s > 0
    ]
    return max(until, min([at + timedelta(seconds=HOLDS_FOR_CALLER_S), *leaves]))


def keeps_from_selling(vehicle: Vehicle, heard: LastHeard | None, task: Task | None) -> str:
    """Return the word for why nobody can buy at a vehicle now, "" when anybody can. Pure.

    It sells at a stop of its task, and wherever it stands without one.
    """
    if vehicle.service is not ServiceKind.VENDING or vehicle.lifecycle is not Lifecycle.IN_SERVICE:
        return NOT_SELLING
    if heard is None or heard.connection is not Connection.ONLINE:
        return NOT_HEARD
    if heard.speed_mps > STANDS_MPS:
        return DRIVING
    if heard.is_charging:
        return CHARGING
    if task is not None and not any(stop.state is StopState.REACHED for stop in task.stops):
        return DRIVING
    return ""
