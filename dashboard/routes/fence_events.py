"""What fences said: entered, left, crossed, dwelt, near, crowded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.problem_http import problem_responses
from dashboard.cursors import read_cursor, write_cursor
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import SEVERAL, Cursor
from fleet.fences.capacity import CAPACITY_NAMES
from fleet.fences.read_events import EventFilter, StoredEvent, read_events
from geofences.events import EVENT_NAMES
from geofences.nearness import NEAR_NAMES

NAMES = {kind.name.lower(): names for kind, names in EVENT_NAMES.items()} | NEAR_NAMES | CAPACITY_NAMES


class FenceEventView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event with the version that said it and the position that proved it."""

    kind: str
    kind_zh: str
    kind_en: str
    vehicle_no: int | None
    """Null: it is of the fence itself."""
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


class FenceEventPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of events, newest first; `next_cursor` is null on the last one."""

    items: tuple[FenceEventView, ...]
    next_cursor: str | None = None


@get(
    "/api/fences/events",
    operation_id="listFenceEvents",
    tags=["fences"],
    guards=[requires(Scope.FENCES_READ)],
    responses=problem_responses(
        "invalid-input", "cursor-invalid", "not-authenticated", "forbidden", "unavailable"
    ),
)
async def list_fence_events(
    principal: NamedDependency[Principal],
    dashboard: NamedDependency[DashboardParts],
    fence: Annotated[list[str] | None, SEVERAL] = None,
    group: Annotated[list[str] | None, SEVERAL] = None,
    kind: Annotated[list[str] | None, SEVERAL] = None,
    vehicle_no: Annotated[int | None, QueryParameter(name="vehicleNo", ge=1, le=4_294_967_295)] = None,
    cursor: Cursor = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> FenceEventPage:
    """Return events of fences and groups within reach, newest first."""
    wanted = EventFilter(
        fences=frozenset(fence or ()),
        groups=frozenset(group or ()),
        kinds=frozenset(kind or ()),
        vehicle_no=vehicle_no,
    )
    before = read_cursor(cursor, tuple[datetime, int])
    async with dashboard.database.read() as tx:
        found = await read_events(tx, wanted, reach=reach_of(principal), before=before, limit=limit + 1)
    return _page(found, limit)


def _page(found: Sequence[StoredEvent], limit: int) -> FenceEventPage:
    shown = found[:limit]
    cursor = write_cursor((shown[-1].measured_at, shown[-1].id)) if len(found) > limit else None
    return FenceEventPage(items=tuple(_view(event) for event in shown), next_cursor=cursor)


def _view(event: StoredEvent) -> FenceEventView:
    values = msgspec.structs.asdict(event)
    del values["id"]
    zh, en = NAMES[event.kind]
    values["vehicle_no"] = event.vehicle_no or None
    return FenceEventView(**values, kind_zh=zh, kind_en=en)
