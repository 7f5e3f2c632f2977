"""Looking for fence events: by fence, group, vehicle and kind, within a reach."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, and_, or_, select

from core.auth.principal import Reach
from core.database import Transaction
from fleet.fences.capacity import NOBODY
from fleet.fences.walk_back import walk_back
from fleet.telemetry.facts import fence_events
from fleet.vehicles.store import in_reach
from fleet.vehicles.tables import vehicles
from geofences.store import reachable
from geofences.tables import fence_versions

_e, _f = fence_events, fence_versions


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a fact, with the group of the version that said it."""

    id: int
    kind: str
    vehicle_no: int
    """0: it is of the fence itself."""
    fence_id: str
    fence_version: int
    group: str | None
    set_version: int
    seq: int
    measured_at: datetime
    since_at: datetime
    lat: float
    lng: float
    accuracy_m: float | None
    is_border_uncertain: bool


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for; empty says nothing."""

    fences: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    vehicle_no: int | None = None


async def read_events(
    tx: Transaction,
    wanted: EventFilter,
    *,
    reach: Reach,
    before: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[StoredEvent]:
    """Return events, newest first, of vehicles and fences within the reach.

    Of a vehicle or of named fences day by day, until there are enough.
    """
    version = and_(_f.c.fence_id == _e.c.fence_id, _f.c.version == _e.c.fence_version)
    query = (
        select(_e, _f.c.group_name.label("group"))
        .outerjoin(_f, version)
        .outerjoin(vehicles, vehicles.c.vehicle_no == _e.c.vehicle_no)
        .where(
            or_(_f.c.fence_id.is_(None), reachable(reach)),
            or_(_e.c.vehicle_no == NOBODY, and_(vehicles.c.vehicle_no.is_not(None), *in_reach(reach))),
        )
        .order_by(_e.c.measured_at.desc(), _e.c.id.desc())
        .limit(limit)
    )
    for column, values in (
        (_e.c.fence_id, wanted.fences),
        (_f.c.group_name, wanted.groups),
        (_e.c.kind, wanted.kinds),
    ):
        if values:
            query = query.where(column.in_(sorted(values)))
    if wanted.vehicle_no is not None:
        query = query.where(_e.c.vehicle_no == wanted.vehicle_no)
    if before is not None:
        at, number = before
        is_older = and_(_e.c.measured_at == at, _e.c.id < number)
        query = query.where(or_(_e.c.measured_at < at, is_older))
    if not wanted.fences and wanted.vehicle_no is None:
        return await _rows(tx, query)
    found: list[StoredEvent] = []
    for quarters in await walk_back(tx, before[0] if before else None):
        found += await _rows(tx, query.where(quarters).limit(limit - len(found)))
        if len(found) >= limit:
            break
    return found


async def _rows(tx: Transaction, query: Select[Any]) -> list[StoredEvent]:
    rows = (await tx.execute(query)).mappings()
    return [StoredEvent(**{name: row[name] for name in StoredEvent.__struct_fields__}) for row in rows]
