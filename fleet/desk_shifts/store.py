"""SQL of desk shifts: compare-and-set on the version; signs of life change nothing else."""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, select, true, update

from core.auth.principal import Reach
from core.database import CompareAndSet, Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import StaffId
from fleet.desk_shifts.desk_shift import DeskShift
from fleet.desk_shifts.tables import desk_shifts

NOTES_LISTED: Final = 20
"""Hand-overs in one list, the newest first."""
_UNCHANGED = CompareAndSet(desk_shifts, "shift_id", "version")


class DeskShiftStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, shift: DeskShift) -> bool:
        """Store a new shift; return False while its person has one."""
        return await insert_new(self._tx, desk_shifts, msgspec.structs.asdict(shift))

    async def current(self, staff_id: StaffId) -> DeskShift | None:
        """Return the shift that somebody is in, None for nobody's."""
        query = select(desk_shifts).where(desk_shifts.c.staff_id == staff_id, _IS_OPEN)
        found = await self._all(query)
        return found[0] if found else None

    async def get(self, shift_id: str, reach: Reach) -> DeskShift:
        """Return a shift of a company within the reach; raise NotFound."""
        found = await self._all(select(desk_shifts).where(desk_shifts.c.shift_id == shift_id, _within(reach)))
        if not found:
            raise NotFound("not-found", "there is no such desk shift", shift_id=shift_id)
        return found[0]

    async def open_ones(self, reach: Reach) -> list[DeskShift]:
        """Return who is in a shift, by name."""
        query = select(desk_shifts).where(_IS_OPEN, _within(reach))
        return await self._all(query.order_by(desk_shifts.c.name, desk_shifts.c.shift_id))

    async def handed_over(self, reach: Reach) -> list[DeskShift]:
        """Return the last shifts that were closed, the newest first."""
        query = select(desk_shifts).where(desk_shifts.c.ended_at.is_not(None), _within(reach))
        return await self._all(query.order_by(desk_shifts.c.ended_at.desc()).limit(NOTES_LISTED))

    async def save(self, before: DeskShift, after: DeskShift) -> DeskShift:
        """Write `after` over exactly `before`; raise Conflict when somebody was faster."""
        if not await _UNCHANGED.write(self._tx, before, msgspec.structs.asdict(after)):
            raise Conflict("conflict", "the shift was changed in between", shift_id=before.shift_id)
        return after

    async def seen(self, staff_id: StaffId, *, is_muted: bool, wall: datetime) -> bool:
        """Note a sign of life of somebody's desk; return False for somebody who is in no shift."""
        written = await self._tx.execute(
            update(desk_shifts)
            .where(desk_shifts.c.staff_id == staff_id, _IS_OPEN)
            .values(seen_wall=wall, is_muted=is_muted)
        )
        return written.rowcount == 1

    async def _all(self, query: Select[Any]) -> list[DeskShift]:
        return [read_row(row, DeskShift) for row in (await self._tx.execute(query)).mappings()]


_IS_OPEN: Final[ColumnElement[bool]] = desk_shifts.c.ended_at.is_(None)


def _within(reach: Reach) -> ColumnElement[bool]:
    """A company sees its own desks in the whole city, the city all, who is limited to a 旗区 the city's."""
    if reach.operators is not None:
        return desk_shifts.c.operator.in_(sorted(reach.operators))
    return true() if reach.districts is None else desk_shifts.c.operator.is_(None)
