"""SQL of planograms, lots and the ledger. Who may see a vehicle was decided by reading it with a reach."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, and_, delete, insert, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import VehicleNo
from services.vending.ledger import Lot, LotId, Movement, MovementKind, StockLine
from services.vending.planogram import Slot
from services.vending.tables import vending_lots, vending_movements, vending_slots, vending_stock


class StockStore:
    """Reads and writes what vending vehicles carry; every change is a movement."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def planograms(self, vehicles: Sequence[VehicleNo]) -> dict[VehicleNo, tuple[Slot, ...]]:
        """Return the slots of each vehicle by number; a vehicle without any is absent."""
        found: dict[VehicleNo, tuple[Slot, ...]] = {}
        if not vehicles:
            return found
        query = select(vending_slots).where(vending_slots.c.vehicle_no.in_(sorted(set(vehicles))))
        query = query.order_by(vending_slots.c.vehicle_no, vending_slots.c.slot)
        for row in (await self._tx.execute(query)).mappings():
            number = VehicleNo(row["vehicle_no"])
            found[number] = (*found.get(number, ()), read_row(row, Slot))
        return found

    async def put_planogram(self, vehicle_no: VehicleNo, slots: Sequence[Slot]) -> None:
        """Make these the vehicle's slots in place of those it had; what lies in them is the caller's care."""
        await self._tx.execute(delete(vending_slots).where(vending_slots.c.vehicle_no == vehicle_no))
        rows = [{"vehicle_no": vehicle_no, **msgspec.structs.asdict(slot)} for slot in slots]
        if rows:
            await self._tx.execute(insert(vending_slots), rows)

    async def own_slot(self, vehicle_no: VehicleNo, slot: int) -> Slot:
        """Return a slot and keep others from moving its goods until this transaction ends; raise NotFound."""
        query = select(vending_slots).where(
            vending_slots.c.vehicle_no == vehicle_no, vending_slots.c.slot == slot
        )
        row = (await self._tx.execute(query.with_for_update())).mappings().one_or_none()
        if row is None:
            raise NotFound("not-found", "the vehicle has no such slot", vehicle_no=vehicle_no, slot=slot)
        return read_row(row, Slot)

    async def put_lot(self, lot: Lot) -> Lot:
        """Return the lot as it is known, new or not; raise Conflict when it is known to be something else."""
        if await insert_new(self._tx, vending_lots, msgspec.structs.asdict(lot)):
            return lot
        known = await self.lot(lot.lot_id, Reach())
        same = (known.goods_id, known.expires_at, known.temperature)
        if same != (lot.goods_id, lot.expires_at, lot.temperature):
            raise Conflict(
                "conflict",
                "this lot is known with other goods, another date or another band",
                lot_id=lot.lot_id,
                goods_id=known.goods_id,
                expires_at=str(known.expires_at),
            )
        return known

    async def lot(self, lot_id: LotId, reach: Reach) -> Lot:
        """Return a lot of an operator within the reach, held against a recall meanwhile; raise NotFound."""
        query = select(vending_lots).where(
            vending_lots.c.lot_id == lot_id, within(vending_lots.c.operator, reach.operators)
        )
        row = (await self._tx.execute(query.with_for_update(read=True))).mappings().one_or_none()
        if row is None:
            raise NotFound("not-found", "no such lot", lot_id=lot_id)
        return read_row(row, Lot)

    async def lots(self, reach: Reach, *, limit: int = 200) -> list[Lot]:
        """Return the lots of the operators within the reach, the soonest to expire first."""
        query = select(vending_lots).where(within(vending_lots.c.operator, reach.operators))
        rows = await self._tx.execute(query.order_by(vending_lots.c.expires_at).limit(limit))
        return [read_row(row, Lot) for row in rows.mappings()]

    async def recall(self, lot_id: LotId, reason: str, *, at: datetime) -> None:
        """Block the lot; waits for whoever is reserving pieces of it."""
        await self._tx.execute(
            update(vending_lots)
            .where(vending_lots.c.lot_id == lot_id)
            .values(recalled_at=at, recall_reason=reason)
        )

    async def lines(self, vehicles: Sequence[VehicleNo]) -> list[StockLine]:
        """Return what lies in the slots of vehicles; lots that are used up are left out."""
        if not vehicles:
            return []
        return await self._lines(
            self._query().where(
                vending_stock.c.vehicle_no.in_(sorted(set(vehicles))),
                vending_stock.c.shelf + vending_stock.c.held > 0,
            )
        )

    async def lines_of(self, vehicle_no: VehicleNo, slot: int) -> list[StockLine]:
        """Return every lot that was ever in a slot; none of them is recalled until this transaction ends."""
        mine = and_(vending_stock.c.vehicle_no == vehicle_no, vending_stock.c.slot == slot)
        return await self._lines(self._query().where(mine).with_for_update(read=True, of=vending_lots))

    async def lines_of_lot(self, lot_id: LotId) -> list[StockLine]:
        """Return where pieces of a lot lie."""
        there = vending_stock.c.shelf + vending_stock.c.held > 0
        return await self._lines(self._query().where(vending_stock.c.lot_id == lot_id, there))

    async def happened(self, cause: str) -> list[Movement]:
        """Return the movements of a cause, none when it has not moved anything."""
        query = select(vending_movements).where(vending_movements.c.cause == cause)
        rows = await self._tx.execute(query.order_by(vending_movements.c.line))
        return [read_row(row, Movement) for row in rows.mappings()]

    async def post(self, movements: Sequence[Movement]) -> None:
        """Write movements and the stock they make, all or none.

        Raises Conflict ``out-of-stock`` when stock would fall below zero, ``conflict`` when the cause moved
        something meanwhile.
        """
        for each in movements:
            if not await insert_new(self._tx, vending_movements, msgspec.structs.asdict(each)):
                raise Conflict("conflict", "this has been booked already", cause=each.cause)
            key = {"vehicle_no": each.vehicle_no, "slot": each.slot, "lot_id": each.lot_id}
            await insert_new(self._tx, vending_stock, {**key, "shelf": 0, "held": 0})
            written = await self._tx.execute(
                update(vending_stock)
                .where(
                    *(vending_stock.c[name] == value for name, value in key.items()),
                    vending_stock.c.shelf + each.shelf >= 0,
                    vending_stock.c.held + each.held >= 0,
                )
                .values(shelf=vending_stock.c.shelf + each.shelf, held=vending_stock.c.held + each.held)
            )
            if written.rowcount != 1:
                raise Conflict("out-of-stock", vehicle_no=each.vehicle_no, slot=each.slot, lot_id=each.lot_id)

    async def post_first(self, movements: Sequence[Movement]) -> None:
        """Write the first movements of slots that never held anything, each of another slot."""
        if not movements:
            return
        await self._tx.execute(insert(vending_movements), [msgspec.structs.asdict(one) for one in movements])
        keys = ("vehicle_no", "slot", "lot_id", "shelf", "held")
        await self._tx.execute(
            insert(vending_stock), [{k: getattr(one, k) for k in keys} for one in movements]
        )

    async def movements(
        self,
        vehicles: Sequence[VehicleNo],
        *,
        since: datetime,
        until: datetime,
        kinds: Sequence[MovementKind] = (),
        limit: int | None = None,
    ) -> list[Movement]:
        """Return the ledger of vehicles between two moments, newest first; no kinds means all."""
        if not vehicles:
            return []
        query = select(vending_movements).where(
            vending_movements.c.vehicle_no.in_(sorted(set(vehicles))),
            vending_movements.c.at >= since,
            vending_movements.c.at < until,
        )
        if kinds:
            query = query.where(vending_movements.c.kind.in_(sorted(kinds)))
        query = query.order_by(vending_movements.c.at.desc(), vending_movements.c.cause)
        rows = await self._tx.execute(query if limit is None else query.limit(limit))
        return [read_row(row, Movement) for row in rows.mappings()]

    def _query(self) -> Select[Any]:
        return select(vending_stock, vending_lots).join(
            vending_lots, vending_lots.c.lot_id == vending_stock.c.lot_id
        )

    async def _lines(self, query: Select[Any]) -> list[StockLine]:
        ordered = query.order_by(vending_stock.c.vehicle_no, vending_stock.c.slot, vending_lots.c.expires_at)
        rows = (await self._tx.execute(ordered)).all()
        return [
            StockLine(
                vehicle_no=VehicleNo(row.vehicle_no),
                slot=row.slot,
                lot=read_row(row._mapping, Lot),  # noqa: SLF001 - SQLAlchemy's public name
                shelf=row.shelf,
                held=row.held,
            )
            for row in rows
        ]
