"""SQL of shifts and bindings."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict
from core.ids import StaffId, VehicleNo, new_id
from fleet.people.duty import Shift, ShiftState
from fleet.people.tables import bindings, shifts


class ShiftStore:
    """Reads and writes shifts and bindings inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, shift: Shift) -> None:
        """Store a new shift; raise Conflict when the person has one already."""
        if not await insert_new(self._tx, shifts, msgspec.structs.asdict(shift)):
            raise Conflict("already-exists", "the operator is signed in already", staff_id=shift.staff_id)

    async def of_person(self, staff_id: StaffId) -> Shift | None:
        """Return the shift that a person has not signed off from, or None."""
        found = await self._all(
            select(shifts).where(shifts.c.staff_id == staff_id, shifts.c.state != ShiftState.SIGNED_OFF.value)
        )
        return found[0] if found else None

    async def lately_of(self, staff_id: StaffId, since: datetime) -> list[Shift]:
        """Return the shifts that a person signed off from since a moment, the newest first."""
        return await self._all(
            select(shifts)
            .where(shifts.c.staff_id == staff_id, shifts.c.signed_off_at >= since)
            .order_by(shifts.c.signed_off_at.desc())
        )

    async def running(self, reach: Reach) -> list[Shift]:
        """Return shifts on duty or lost whose company lies within the reach, the earliest sign-in first.

        A shift without company belongs to the city and is seen by everybody who sees shifts.
        """
        query = select(shifts).where(
            shifts.c.state != ShiftState.SIGNED_OFF.value,
            shifts.c.operator.is_(None) | within(shifts.c.operator, reach.operators),
        )
        return await self._all(query.order_by(shifts.c.signed_in_at, shifts.c.staff_id))

    async def save(self, before: Shift, after: Shift) -> Shift:
        """Write `after` over exactly `before`; raise Conflict when somebody was faster."""
        written = await self._tx.execute(
            update(shifts)
            .where(shifts.c.shift_id == before.shift_id, shifts.c.version == before.version)
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the shift was changed in between", staff_id=before.staff_id)
        return after

    async def heard(self, shift: Shift, wall: datetime) -> None:
        """Move the last heartbeat on; changes no state and no version, so that nobody waits for it."""
        await self._tx.execute(
            update(shifts).where(shifts.c.shift_id == shift.shift_id).values(heard_at=wall)
        )

    async def bound(self) -> dict[VehicleNo, StaffId]:
        """Return who watches each vehicle now."""
        query = select(bindings.c.vehicle_no, bindings.c.staff_id).where(bindings.c.ended_at.is_(None))
        return {VehicleNo(r.vehicle_no): StaffId(r.staff_id) for r in await self._tx.execute(query)}

    async def watchers(self, numbers: Collection[VehicleNo]) -> dict[VehicleNo, Shift]:
        """Return the shift that watches each of the vehicles; an unwatched one is absent."""
        if not numbers:
            return {}
        query = (
            select(shifts, bindings.c.vehicle_no.label("watched"))
            .join(bindings, bindings.c.shift_id == shifts.c.shift_id)
            .where(bindings.c.ended_at.is_(None), bindings.c.vehicle_no.in_(sorted(set(numbers))))
        )
        rows = (await self._tx.execute(query)).mappings()
        return {VehicleNo(row["watched"]): read_row(row, Shift) for row in rows}

    async def bind(self, vehicle_no: VehicleNo, shift: Shift, *, at: datetime) -> bool:
        """Let a shift watch a vehicle; return False when somebody watches it already."""
        values = {
            "binding_id": new_id(),
            "vehicle_no": vehicle_no,
            "staff_id": shift.staff_id,
            "shift_id": shift.shift_id,
            "bound_at": at,
        }
        done = await insert_new(self._tx, bindings, values)
        if done:
            tell_changed(self._tx, "vehicle", str(vehicle_no), at=at)
        return done

    async def end(self, numbers: Collection[VehicleNo], reason: str, *, at: datetime) -> None:
        """End the bindings of vehicles; the row stays as evidence."""
        if not numbers:
            return
        await self._tx.execute(
            update(bindings)
            .where(bindings.c.vehicle_no.in_(sorted(set(numbers))), bindings.c.ended_at.is_(None))
            .values(ended_at=at, end_reason=reason)
        )
        for number in sorted(set(numbers)):
            tell_changed(self._tx, "vehicle", str(number), at=at)

    async def take_turn(self, shift: Shift) -> None:
        """Hold the shift until the commit, so that two claims never count the same room."""
        await self._tx.execute(
            update(shifts).where(shifts.c.shift_id == shift.shift_id).values(capacity=shifts.c.capacity)
        )

    async def _all(self, query: Select[Any]) -> list[Shift]:
        return [read_row(row, Shift) for row in (await self._tx.execute(query)).mappings()]
