"""SQL of sweeping zones, their versions and plans."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, insert, or_, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import SweepingZoneId
from core.outbox import emit
from services.sweeping.tables import sweeping_plans as plans
from services.sweeping.tables import sweeping_zone_versions as versions
from services.sweeping.tables import sweeping_zones as zones
from services.sweeping.zone import Drawing, PlanState, StoredPlan, SweepingZone, plan_id_of

TOPIC = "sweeping.wanted"
"""Outbox topic: a preview, a plan or a measurement waits for a worker; its route is ``SweepingWaker``."""
KEY = "sweeping"


class ZoneStore:
    """Reads and writes zones; every read is within a reach."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def get(self, zone_id: SweepingZoneId, reach: Reach) -> SweepingZone:
        """Return a zone within the reach, retired or not; raise NotFound when there is none."""
        found = await self._zones(zones.c.zone_id == zone_id, *_reached(reach))
        if not found:
            raise NotFound("not-found", "there is no such sweeping zone", zone_id=zone_id)
        return found[0]

    async def find(self, zone_id: SweepingZoneId) -> SweepingZone | None:
        """Return a zone whoever it belongs to, or None: for whoever must not make it twice."""
        found = await self._zones(zones.c.zone_id == zone_id)
        return found[0] if found else None

    async def all(self, reach: Reach) -> list[SweepingZone]:
        """Return the zones within the reach that are not retired, by name."""
        return await self._zones(~zones.c.is_retired, *_reached(reach))

    async def drawing(self, zone_id: SweepingZoneId, version: int) -> Drawing:
        """Return what an earlier version said."""
        query = select(versions.c.drawing).where(versions.c.zone_id == zone_id, versions.c.version == version)
        found: Drawing = (await self._tx.execute(query)).scalar_one()
        return found

    async def add(self, zone: SweepingZone) -> None:
        """Store a new zone and want its plan; raise Conflict when the id is taken."""
        if not await insert_new(self._tx, zones, _values(zone)):
            raise Conflict("conflict", "the id of this zone is taken", zone_id=zone.zone_id)
        await self._add_version(zone)

    async def change(self, before: SweepingZone, after: SweepingZone) -> None:
        """Write a zone; a new version wants a plan. Raises Conflict when somebody else changed it."""
        written = await self._tx.execute(
            update(zones)
            .where(zones.c.zone_id == before.zone_id, zones.c.version == before.version)
            .values(_values(after))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the zone was changed in between", zone_id=before.zone_id)
        if after.version != before.version:
            await self._add_version(after)
        tell_changed(self._tx, "sweeping_zone", after.zone_id, at=after.changed_at)

    async def want_plan(self, plan: StoredPlan, *, at: datetime) -> None:
        """Have a worker make a plan; ``plan.ground`` is what a repair is to sweep."""
        values = msgspec.structs.asdict(plan) | {"wanted_at": at, "held_until": None}
        await insert_new(self._tx, plans, values)
        await emit(self._tx, TOPIC, {"plan_id": plan.plan_id}, key=KEY, at=at)

    async def plan(self, plan_id: str) -> StoredPlan:
        """Return a plan however far it is."""
        query = select(plans).where(plans.c.plan_id == plan_id)
        return read_row((await self._tx.execute(query)).mappings().one(), StoredPlan)

    async def plans_of(self, wanted: Collection[SweepingZone]) -> dict[SweepingZoneId, StoredPlan]:
        """Return the plans of the present versions of zones."""
        ids = [plan_id_of(zone.zone_id, zone.version) for zone in wanted]
        query = select(plans).where(plans.c.plan_id.in_(sorted(ids)))
        found = [read_row(row, StoredPlan) for row in (await self._tx.execute(query)).mappings()]
        return {plan.zone_id: plan for plan in found}

    async def waits(self, wall: datetime) -> bool:
        """Return whether a plan waits that no worker holds."""
        query = select(plans.c.plan_id).where(_is_due(wall)).limit(1)
        return (await self._tx.execute(query)).first() is not None

    async def take(self, wall: datetime, until: datetime) -> StoredPlan | None:
        """Hold the plan that waits longest for this worker and return it; None when none waits."""
        query = select(plans).where(_is_due(wall)).order_by(plans.c.wanted_at, plans.c.plan_id).limit(1)
        row = (await self._tx.execute(query.with_for_update(skip_locked=True))).mappings().first()
        if row is None:
            return None
        plan = read_row(row, StoredPlan)
        written = await self._tx.execute(
            update(plans)
            .where(plans.c.plan_id == plan.plan_id, plans.c.tries == plan.tries, _is_due(wall))
            .values(tries=plan.tries + 1, held_until=until)
        )
        return msgspec.structs.replace(plan, tries=plan.tries + 1) if written.rowcount == 1 else None

    async def keep(self, plan: StoredPlan, *, at: datetime) -> bool:
        """Store what a worker made of the plan it took; False when another was faster."""
        values = msgspec.structs.asdict(plan) | {"held_until": None}
        written = await self._tx.execute(
            update(plans)
            .where(
                plans.c.plan_id == plan.plan_id,
                plans.c.tries == plan.tries,
                plans.c.state == PlanState.WANTED,
            )
            .values(values)
        )
        zone = await self.find(plan.zone_id)
        if written.rowcount == 1 and zone is not None:
            tell_changed(self._tx, "sweeping_zone", zone.zone_id, at=at)
        return bool(written.rowcount == 1)

    async def _add_version(self, zone: SweepingZone) -> None:
        await self._tx.execute(
            insert(versions).values(
                zone_id=zone.zone_id,
                version=zone.version,
                drawing=zone.drawing,
                changed_at=zone.changed_at,
                changed_by_name=zone.changed_by_name,
            )
        )
        plan = StoredPlan(
            plan_id=plan_id_of(zone.zone_id, zone.version),
            zone_id=zone.zone_id,
            zone_version=zone.version,
            state=PlanState.WANTED,
        )
        await self.want_plan(plan, at=zone.changed_at)

    async def _zones(self, *clauses: ColumnElement[bool]) -> list[SweepingZone]:
        rows = (await self._tx.execute(_with_drawing().where(*clauses))).mappings()
        return [read_row(row, SweepingZone) for row in rows]


def _with_drawing() -> Select[Any]:
    on = and_(versions.c.zone_id == zones.c.zone_id, versions.c.version == zones.c.version)
    return select(zones, versions.c.drawing).join(versions, on).order_by(zones.c.name_en, zones.c.zone_id)


def _is_due(wall: datetime) -> ColumnElement[bool]:
    is_free = or_(plans.c.held_until.is_(None), plans.c.held_until <= wall)
    return and_(plans.c.state == PlanState.WANTED, is_free)


def _reached(reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (within(zones.c.district, reach.districts), within(zones.c.operator, reach.operators))


def _values(zone: SweepingZone) -> dict[str, Any]:
    return {field: getattr(zone, field) for field in zone.__struct_fields__ if field != "drawing"}
