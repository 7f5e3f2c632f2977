"""SQL of takeover sessions: compare-and-set on the version, reads within a reach."""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Select, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import NotFound, VersionMismatch
from core.ids import AlarmId, TakeoverId, VehicleNo
from fleet.takeovers.tables import takeover_causes, takeovers
from fleet.takeovers.takeover import Takeover, in_turn

MOST_READ: Final = 2_000


class TakeoverStore:
    """Reads and writes takeover sessions inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, takeover: Takeover, *, at: datetime) -> bool:
        """Store and announce a new session; return False while the vehicle has one that is not over."""
        if not await insert_new(self._tx, takeovers, msgspec.structs.asdict(takeover)):
            return False
        tell_changed(self._tx, "takeover", takeover.takeover_id, at=at)
        return True

    async def add_cause(self, alarm_id: AlarmId, takeover_id: TakeoverId) -> bool:
        """Note that an alarm asked for a session; return False when it asked for some session before."""
        values = {"alarm_id": alarm_id, "takeover_id": takeover_id}
        return await insert_new(self._tx, takeover_causes, values)

    async def has_cause(self, alarm_id: AlarmId) -> bool:
        """Return whether an alarm asked for some session."""
        query = select(takeover_causes.c.alarm_id).where(takeover_causes.c.alarm_id == alarm_id)
        return (await self._tx.execute(query)).first() is not None

    async def pass_causes(self, from_id: TakeoverId, to_id: TakeoverId) -> None:
        """Let the session that follows answer what the one before was asked for."""
        await self._tx.execute(
            update(takeover_causes).where(takeover_causes.c.takeover_id == from_id).values(takeover_id=to_id)
        )

    async def causes_of(self, takeover_id: TakeoverId) -> list[AlarmId]:
        """Return the alarms that asked for a session."""
        query = select(takeover_causes.c.alarm_id).where(takeover_causes.c.takeover_id == takeover_id)
        rows = await self._tx.execute(query.order_by(takeover_causes.c.alarm_id))
        return [AlarmId(row.alarm_id) for row in rows]

    async def of_vehicle(self, vehicle_no: VehicleNo) -> Takeover | None:
        """Return the session of a vehicle that is not over."""
        found = await self._all(
            select(takeovers).where(takeovers.c.vehicle_no == vehicle_no, takeovers.c.ended_at.is_(None))
        )
        return found[0] if found else None

    async def get(self, takeover_id: TakeoverId, reach: Reach) -> Takeover:
        """Return a session within the reach; raise NotFound when there is none."""
        found = await self._all(_reachable(reach).where(takeovers.c.takeover_id == takeover_id))
        if not found:
            raise NotFound("not-found", "there is no such takeover session", takeover_id=takeover_id)
        return found[0]

    async def queue(self, reach: Reach) -> list[Takeover]:
        """Return every session within the reach that is not over, in its turn."""
        return in_turn(await self._all(_reachable(reach).where(takeovers.c.ended_at.is_(None))))

    async def ended_since(self, moment: datetime, reach: Reach) -> list[Takeover]:
        """Return sessions asked for since a moment that somebody began or that are over, the newest first."""
        query = _reachable(reach).where(
            takeovers.c.requested_at >= moment,
            takeovers.c.begun_at.is_not(None) | takeovers.c.ended_at.is_not(None),
        )
        return await self._all(query.order_by(takeovers.c.requested_at.desc()).limit(MOST_READ))

    async def under_way_between(self, began: datetime, ended: datetime) -> list[Takeover]:
        """Return the sessions that an operator had claimed within a span."""
        query = select(takeovers).where(
            takeovers.c.claimed_at < ended, takeovers.c.ended_at.is_(None) | (takeovers.c.ended_at > began)
        )
        return await self._all(query.order_by(takeovers.c.claimed_at))

    async def save(self, before: Takeover, after: Takeover, *, at: datetime) -> Takeover:
        """Write `after` over exactly `before`; raise VersionMismatch when somebody was faster."""
        written = await self._tx.execute(
            update(takeovers)
            .where(takeovers.c.takeover_id == before.takeover_id, takeovers.c.version == before.version)
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise VersionMismatch(
                "version-mismatch",
                "somebody else was faster; look at the queue again",
                takeover_id=before.takeover_id,
                version=before.version,
            )
        tell_changed(self._tx, "takeover", after.takeover_id, at=at)
        return after

    async def _all(self, query: Select[Any]) -> list[Takeover]:
        return [read_row(row, Takeover) for row in (await self._tx.execute(query)).mappings()]


def _reachable(reach: Reach) -> Select[Any]:
    return select(takeovers).where(
        within(takeovers.c.district, reach.districts),
        within(takeovers.c.operator, reach.operators),
        within(takeovers.c.vehicle_no, reach.vehicles),
    )
