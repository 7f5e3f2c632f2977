"""What people do to the stock of a vehicle: load a slot, count it, take out what is spoiled."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict, Invalid
from core.ids import VehicleNo
from fleet.vehicles.store import VehicleStore
from services.delivery.compartments import Temperature
from services.settlement.book_sale import book_goods_loss
from services.settlement.sale_money import GoodsLoss
from services.vending.ledger import Lot, LotId, Movement, MovementKind, count_difference
from services.vending.planogram import MOST_IN_A_SLOT, Slot
from services.vending.set_planogram import vending_vehicle
from services.vending.stock_store import StockStore


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed on a box of goods. ``temperature`` is the band in which it must be kept."""

    batch: str
    expires_at: datetime
    temperature: Temperature = Temperature.AMBIENT


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something to a slot, when, and by which request: the same cause books once."""

    principal: Principal
    vehicle_no: VehicleNo
    slot: int
    cause: str
    at: datetime

    def movement(
        self, kind: MovementKind, slot: Slot, lot_id: LotId, shelf: int, *, line: int = 0
    ) -> Movement:
        """Return a line of the ledger."""
        return Movement(
            cause=self.cause,
            line=line,
            vehicle_no=self.vehicle_no,
            slot=self.slot,
            lot_id=lot_id,
            goods_id=slot.goods_id,
            kind=kind,
            shelf=shelf,
            price_fen=slot.price_fen,
            actor=f"{self.principal.kind}:{self.principal.id}",
            at=self.at,
        )


async def load_slot(tx: Transaction, deed: Deed, batch: Batch, quantity: int) -> list[Movement]:
    """Book pieces of a batch into a slot; the same cause gives the same movements again.

    Raises Invalid for a quantity outside 1–200, NotFound, Conflict ``slot-full`` past the capacity and
    ``lot-blocked`` for a batch that is recalled, past its date, or needs a band that the slot does not keep.
    """
    if not 1 <= quantity <= MOST_IN_A_SLOT:
        raise Invalid(
            "invalid-input", f"1 to {MOST_IN_A_SLOT} pieces", field="quantity", limit=MOST_IN_A_SLOT
        )
    store, vehicle = StockStore(tx), await vending_vehicle(tx, deed.vehicle_no, deed.principal)
    slot = await store.own_slot(deed.vehicle_no, deed.slot)
    if done := await store.happened(deed.cause):
        return done
    lot = Lot(
        lot_id=LotId(f"{vehicle.operator}:{batch.batch}"),
        operator=vehicle.operator,
        goods_id=slot.goods_id,
        expires_at=batch.expires_at,
        temperature=batch.temperature,
    )
    lot = await store.put_lot(lot)
    _must_fit(slot, lot, deed.at)
    inside = sum(line.pieces for line in await store.lines_of(deed.vehicle_no, deed.slot))
    if inside + quantity > slot.capacity:
        raise Conflict("slot-full", slot=deed.slot, inside=inside, capacity=slot.capacity, wanted=quantity)
    return await _book(tx, deed, [deed.movement(MovementKind.LOAD, slot, lot.lot_id, quantity)])


async def count_slot(tx: Transaction, deed: Deed, counted: int) -> list[Movement]:
    """Book the difference between what lies in a slot and what the ledger says; none is booked as 0.

    Raises Invalid below 0 or past 200, NotFound, Conflict while more is held for buyers than was counted.
    """
    if not 0 <= counted <= MOST_IN_A_SLOT:
        raise Invalid("invalid-input", f"0 to {MOST_IN_A_SLOT} pieces", field="counted", limit=MOST_IN_A_SLOT)
    await vending_vehicle(tx, deed.vehicle_no, deed.principal)
    store = StockStore(tx)
    slot = await store.own_slot(deed.vehicle_no, deed.slot)
    if done := await store.happened(deed.cause):
        return done
    lines = await store.lines_of(deed.vehicle_no, deed.slot)
    differences = count_difference(lines, counted)
    if not differences and lines:
        differences = {lines[-1].lot.lot_id: 0}
    movements = [
        deed.movement(MovementKind.COUNT, slot, lot_id, shelf, line=line)
        for line, (lot_id, shelf) in enumerate(differences.items())
    ]
    return await _book(tx, deed, movements, counted=counted)


async def spoil_stock(
    tx: Transaction, deed: Deed, lot_id: LotId, quantity: int, reason: str
) -> list[Movement]:
    """Take pieces of a lot off the shelf that nobody may buy (broken, thawed, recalled, past their date).

    Raises Invalid for a quantity outside 1–200, NotFound, Conflict ``out-of-stock`` when fewer lie free.
    """
    if not 1 <= quantity <= MOST_IN_A_SLOT:
        raise Invalid(
            "invalid-input", f"1 to {MOST_IN_A_SLOT} pieces", field="quantity", limit=MOST_IN_A_SLOT
        )
    await vending_vehicle(tx, deed.vehicle_no, deed.principal)
    store = StockStore(tx)
    slot = await store.own_slot(deed.vehicle_no, deed.slot)
    if done := await store.happened(deed.cause):
        return done
    if lot_id not in {line.lot.lot_id for line in await store.lines_of(deed.vehicle_no, deed.slot)}:
        raise Conflict("out-of-stock", slot=deed.slot, lot_id=lot_id, left=0, wanted=quantity)
    movement = deed.movement(MovementKind.SPOIL, slot, lot_id, -quantity)
    return await _book(tx, deed, [movement], reason=reason)


async def _book(tx: Transaction, deed: Deed, movements: Sequence[Movement], **said: object) -> list[Movement]:
    await StockStore(tx).post(movements)
    await _book_losses(tx, deed, movements)
    kind = movements[0].kind.value if movements else MovementKind.COUNT.value
    fields = {"slot": deed.slot, "lots": {each.lot_id: each.shelf for each in movements}, **said}
    await audit.record(tx, deed.principal, f"stock.{kind}", f"vehicle:{deed.vehicle_no}", fields, at=deed.at)
    return list(movements)


async def _book_losses(tx: Transaction, deed: Deed, movements: Sequence[Movement]) -> None:
    """Post what was spoiled, missing or found again in the ledger of money, at the price of the day."""
    gone = [
        each for each in movements if each.kind in (MovementKind.SPOIL, MovementKind.COUNT) and each.shelf
    ]
    if not gone:
        return
    vehicle = await VehicleStore(tx).get(deed.vehicle_no, reach_of(deed.principal))
    loss = GoodsLoss(
        cause=deed.cause,
        operator=vehicle.operator,
        district=vehicle.district,
        vehicle_no=deed.vehicle_no,
        amount_fen=-sum(each.shelf * each.price_fen for each in gone),
    )
    await book_goods_loss(tx, loss, actor=gone[0].actor, at=deed.at)


def _must_fit(slot: Slot, lot: Lot, at: datetime) -> None:
    if lot.recalled_at is not None:
        raise Conflict("lot-blocked", "this lot is recalled", lot_id=lot.lot_id, reason=lot.recall_reason)
    if not lot.may_be_sold(at):
        raise Conflict("lot-blocked", "this lot is past its date", lot_id=lot.lot_id, at=str(lot.expires_at))
    if lot.temperature not in (Temperature.AMBIENT, slot.temperature):
        raise Conflict(
            "lot-blocked",
            "the slot does not keep the band that this lot needs",
            lot_id=lot.lot_id,
            needed=lot.temperature.value,
            has=slot.temperature.value,
        )
