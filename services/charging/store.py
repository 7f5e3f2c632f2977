"""SQL of chargers and reservations: a slot is given under the lock of its charger."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict
from core.ids import DistrictCode, TaskId, VehicleNo
from services.charging.charger import HOLDS_SLOT, RESERVATION_TERMINAL, Charger, Reservation, ReservationState
from services.charging.tables import charger_reservations, chargers

_OVER = sorted(state.value for state in RESERVATION_TERMINAL)


class ChargerStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def put(self, charger: Charger) -> bool:
        """Register or change a charger; return whether it was new."""
        values = msgspec.structs.asdict(charger)
        if await insert_new(self._tx, chargers, values):
            return True
        table = chargers.c
        await self._tx.execute(update(chargers).where(table.place_id == charger.place_id).values(values))
        return False

    async def of_district(self, district: DistrictCode) -> list[Charger]:
        """Return the chargers of a 旗区 by id."""
        query = select(chargers).where(chargers.c.district == district).order_by(chargers.c.place_id)
        return [read_row(row, Charger) for row in (await self._tx.execute(query)).mappings()]

    async def within(self, districts: Collection[DistrictCode] | None) -> list[Charger]:
        """Return the chargers of some 旗区, None for all."""
        query = select(chargers).order_by(chargers.c.district, chargers.c.place_id)
        if districts is not None:
            query = query.where(chargers.c.district.in_(sorted(districts)))
        return [read_row(row, Charger) for row in (await self._tx.execute(query)).mappings()]

    async def switch(self, charger: Charger, *, is_open: bool) -> Charger:
        """Open or close a charger."""
        changed = msgspec.structs.replace(charger, is_open=is_open)
        await self.put(changed)
        return changed

    async def lock(self, place_id: str) -> Charger:
        """Return a charger and keep others from giving its slots until the transaction ends.

        Raises Conflict when it is not registered.
        """
        query = select(chargers).where(chargers.c.place_id == place_id).with_for_update()
        row = (await self._tx.execute(query)).mappings().first()
        if row is None:
            raise Conflict("conflict", "no such charger", place_id=place_id)
        return read_row(row, Charger)

    async def slots_taken(self, place_id: str) -> set[int]:
        """Return the slots of a charger that somebody has."""
        query = select(charger_reservations.c.slot).where(
            charger_reservations.c.place_id == place_id,
            charger_reservations.c.state.in_(sorted(state.value for state in HOLDS_SLOT)),
        )
        return {int(slot) for slot in (await self._tx.execute(query)).scalars()}

    async def living(
        self, districts: Collection[DistrictCode] | None, states: Collection[ReservationState] = ()
    ) -> list[Reservation]:
        """Return reservations that are not over, in the order in which they were asked for."""
        table = charger_reservations.c
        query = select(charger_reservations).where(table.state.not_in(_OVER))
        if districts is not None:
            query = query.where(table.district.in_(sorted(districts)))
        if states:
            query = query.where(table.state.in_(sorted(state.value for state in states)))
        rows = await self._tx.execute(query.order_by(table.asked_at, table.vehicle_no))
        return [read_row(row, Reservation) for row in rows.mappings()]

    async def of_vehicle(self, vehicle_no: VehicleNo) -> Reservation | None:
        """Return the reservation of a vehicle that is not over."""
        query = select(charger_reservations).where(
            charger_reservations.c.vehicle_no == vehicle_no, charger_reservations.c.state.not_in(_OVER)
        )
        row = (await self._tx.execute(query)).mappings().first()
        return None if row is None else read_row(row, Reservation)

    async def of_task(self, task_id: TaskId) -> Reservation | None:
        """Return the reservation of a charging task that is not over."""
        query = select(charger_reservations).where(
            charger_reservations.c.task_id == task_id, charger_reservations.c.state.not_in(_OVER)
        )
        row = (await self._tx.execute(query)).mappings().first()
        return None if row is None else read_row(row, Reservation)

    async def add(self, reservation: Reservation) -> None:
        """Store a new reservation; raise Conflict when the slot is taken or the vehicle has one already."""
        if not await insert_new(self._tx, charger_reservations, _values(reservation)):
            raise Conflict("conflict", "the slot or the vehicle is taken", vehicle_no=reservation.vehicle_no)

    async def save(self, before: Reservation, after: Reservation) -> Reservation:
        """Write a reservation; raise Conflict when somebody was faster."""
        done = await self._tx.execute(
            update(charger_reservations)
            .where(
                charger_reservations.c.reservation_id == before.reservation_id,
                charger_reservations.c.version == before.version,
            )
            .values(_values(after))
        )
        if done.rowcount != 1:
            raise Conflict("conflict", "the reservation moved meanwhile", vehicle_no=before.vehicle_no)
        return after


def _values(reservation: Reservation) -> dict[str, Any]:
    return msgspec.structs.asdict(reservation)
