"""SQL of work orders: compare-and-set on the version, reads within a reach; vehicles know what holds them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Select, func, literal, or_, select, tuple_, update

from core.auth.principal import EVERYTHING, Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import NotFound, VersionMismatch
from core.ids import AlarmId, StaffId, VehicleNo, WorkOrderId
from fleet.vehicles.store import VehicleStore
from fleet.work_orders.kinds import WorkKind, WorkState
from fleet.work_orders.tables import work_order_causes, work_orders
from fleet.work_orders.work_order import WorkOrder

TRIES: Final = 4
MOST_JOBS: Final = 200
_NEWEST_FIRST = (work_orders.c.opened_at.desc(), work_orders.c.work_order_id.desc())


class WorkOrderPlace(NamedTuple):
    """Where a work order stands in the list."""

    opened_at: datetime
    work_order_id: str


class WorkOrderStore:
    """Reads and writes work orders inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, order: WorkOrder) -> bool:
        """Store and announce a new work order; return False while its dedup key has one that is not over."""
        if not await insert_new(self._tx, work_orders, msgspec.structs.asdict(order)):
            return False
        await self._count_on_vehicle(order)
        tell_changed(self._tx, "work_order", order.work_order_id, at=order.changed_at)
        return True

    async def add_cause(self, alarm_id: AlarmId, work_order_id: WorkOrderId) -> bool:
        """Note that an alarm is a cause; return False when it is one of some work order."""
        values = {"alarm_id": alarm_id, "work_order_id": work_order_id}
        return await insert_new(self._tx, work_order_causes, values)

    async def of_cause(self, alarm_id: AlarmId) -> WorkOrder | None:
        """Return the work order that answers an alarm."""
        joined = work_orders.join(
            work_order_causes, work_order_causes.c.work_order_id == work_orders.c.work_order_id
        )
        found = await self._all(
            select(work_orders).select_from(joined).where(work_order_causes.c.alarm_id == alarm_id)
        )
        return found[0] if found else None

    async def causes_of(self, work_order_id: WorkOrderId) -> list[AlarmId]:
        """Return the alarms that a work order answers."""
        query = select(work_order_causes.c.alarm_id).where(work_order_causes.c.work_order_id == work_order_id)
        rows = await self._tx.execute(query.order_by(work_order_causes.c.alarm_id))
        return [AlarmId(row.alarm_id) for row in rows]

    async def standing(self, dedup_key: str) -> WorkOrder | None:
        """Return the automatic order of a key that is not over."""
        query = select(work_orders).where(
            work_orders.c.dedup_key == dedup_key, work_orders.c.ended_at.is_(None)
        )
        found = await self._all(query)
        return found[0] if found else None

    async def get(self, work_order_id: WorkOrderId, reach: Reach) -> WorkOrder:
        """Return a work order within the reach; raise NotFound when there is none."""
        found = await self._all(_reachable(reach).where(work_orders.c.work_order_id == work_order_id))
        if not found:
            raise NotFound("not-found", "there is no such work order", work_order_id=work_order_id)
        return found[0]

    async def page(
        self,
        reach: Reach,
        *,
        states: Collection[WorkState] = (),
        kinds: Collection[WorkKind] = (),
        vehicle_no: int | None = None,
        after: WorkOrderPlace | None = None,
        limit: int = 100,
    ) -> list[WorkOrder]:
        """Return work orders within the reach, the newest first; empty `states` and `kinds` give all."""
        query = _reachable(reach).where(
            within(work_orders.c.state, {state.value for state in states} or None),
            within(work_orders.c.kind, {kind.value for kind in kinds} or None),
            within(work_orders.c.vehicle_no, None if vehicle_no is None else {vehicle_no}),
        )
        if after is not None:
            bound = tuple_(
                literal(after.opened_at, work_orders.c.opened_at.type),
                literal(after.work_order_id, work_orders.c.work_order_id.type),
            )
            query = query.where(tuple_(work_orders.c.opened_at, work_orders.c.work_order_id) < bound)
        return await self._all(query.order_by(*_NEWEST_FIRST).limit(limit))

    async def jobs_of(self, staff_id: StaffId, reach: Reach) -> list[WorkOrder]:
        """Return what one of the crew has to do and what he may take, the oldest first."""
        query = _reachable(reach).where(
            work_orders.c.ended_at.is_(None),
            or_(work_orders.c.assignee == staff_id, work_orders.c.state == WorkState.OPEN.value),
        )
        return await self._all(query.order_by(work_orders.c.opened_at).limit(MOST_JOBS))

    async def not_over_of(self, numbers: Collection[VehicleNo]) -> list[WorkOrder]:
        """Return the work orders of vehicles that are not over; read the vehicles with a reach before."""
        query = select(work_orders).where(
            work_orders.c.ended_at.is_(None), within(work_orders.c.vehicle_no, set(numbers))
        )
        return await self._all(query.order_by(*_NEWEST_FIRST))

    async def under_way_between(self, began: datetime, ended: datetime) -> list[WorkOrder]:
        """Return the work orders for which somebody was on the way or at the vehicle in a span."""
        query = select(work_orders).where(
            work_orders.c.started_at < ended,
            work_orders.c.ended_at.is_(None) | (work_orders.c.ended_at > began),
        )
        return await self._all(query.order_by(work_orders.c.started_at))

    async def save(self, before: WorkOrder, after: WorkOrder) -> WorkOrder:
        """Write `after` over exactly `before`; raise VersionMismatch when somebody was faster."""
        written = await self._tx.execute(
            update(work_orders)
            .where(
                work_orders.c.work_order_id == before.work_order_id,
                work_orders.c.version == before.version,
            )
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise VersionMismatch(
                "version-mismatch",
                "the work order was changed in between; read it again",
                work_order_id=before.work_order_id,
                version=before.version,
            )
        if before.holds_vehicle or after.holds_vehicle:
            await self._count_on_vehicle(after)
        tell_changed(self._tx, "work_order", after.work_order_id, at=after.changed_at)
        return after

    async def _count_on_vehicle(self, order: WorkOrder) -> None:
        """Keep on the vehicle how many safety orders hold it, counted anew each time."""
        store = VehicleStore(self._tx)
        for _ in range(TRIES):
            vehicle = await store.get(order.vehicle_no, EVERYTHING)
            held = await self._holding(order.vehicle_no)
            if vehicle.open_safety_work_orders == held:
                return
            counted = msgspec.structs.replace(
                vehicle,
                open_safety_work_orders=held,
                changed_at=max(vehicle.changed_at, order.changed_at),
                version=vehicle.version + 1,
            )
            try:
                await store.save(vehicle, counted)
            except VersionMismatch:
                continue
            return
        raise VersionMismatch(
            "version-mismatch",
            f"vehicle {order.vehicle_no} keeps changing",
            vehicle_no=order.vehicle_no,
        )

    async def _holding(self, vehicle_no: VehicleNo) -> int:
        query = select(func.count()).where(
            work_orders.c.vehicle_no == vehicle_no,
            work_orders.c.is_safety.is_(True),
            work_orders.c.ended_at.is_(None),
        )
        return int((await self._tx.execute(query)).scalar_one())

    async def _all(self, query: Select[Any]) -> list[WorkOrder]:
        return [read_row(row, WorkOrder) for row in (await self._tx.execute(query)).mappings()]


def _reachable(reach: Reach) -> Select[Any]:
    return select(work_orders).where(
        within(work_orders.c.district, reach.districts),
        within(work_orders.c.operator, reach.operators),
        within(work_orders.c.vehicle_no, reach.vehicles),
    )
