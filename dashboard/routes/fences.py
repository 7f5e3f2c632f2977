"""Fences: looked for, drawn, previewed, published, retired."""

from typing import Annotated, Final

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import DistrictCode, FenceId, FenceVersion
from core.problem_http import problem_responses
from dashboard import fence_desk
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import SEVERAL, Cursor, IdPath, moment_of
from dashboard.schemas.fences import (
    FenceHistory,
    FenceImport,
    FencePage,
    FenceView,
    NewFence,
    PublishFence,
    fence_history,
    fence_page,
    fence_view,
)
from fleet.fences.preview_fence import FencePreviewer
from geofences.fences import FenceKind, FenceState
from geofences.listing import FenceFilter, list_fences
from geofences.store import FenceStore

READING: Final = ("invalid-input", "not-authenticated", "forbidden", "unavailable")
MOVING: Final = (*READING, "not-found", "illegal-transition", "redis-unavailable")
VersionPath = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]


class Fences(Controller):
    """Fences and their versions."""

    path = "/api/fences"
    tags = ("fences",)

    @get(
        "/",
        operation_id="listFences",
        guards=[requires(Scope.FENCES_READ)],
        responses=problem_responses("cursor-invalid", *READING),
    )
    async def list_fences(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        states: Annotated[list[FenceState] | None, QueryParameter(name="state", max_items=5)] = None,
        kind: Annotated[list[FenceKind] | None, SEVERAL] = None,
        district: Annotated[list[str] | None, SEVERAL] = None,
        group: Annotated[list[str] | None, SEVERAL] = None,
        q: Annotated[str | None, QueryParameter(max_length=40)] = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> FencePage:
        """Return the newest version of each fence that fits, by id."""
        wanted = FenceFilter(
            states=frozenset(states or ()),
            kinds=frozenset(kind or ()),
            districts=frozenset(DistrictCode(code) for code in district or ()),
            groups=frozenset(group or ()),
            text=q,
        )
        place = read_cursor(cursor, tuple[str])
        after = None if place is None else FenceId(place[0])
        async with dashboard.database.read() as tx:
            found = await list_fences(tx, wanted, reach=reach_of(principal), after=after, limit=limit + 1)
        return fence_page(found, limit)

    @post(
        "/",
        operation_id="drawFence",
        guards=[requires(Scope.FENCES_EDIT)],
        responses=problem_responses("shape-invalid", "already-exists", "version-mismatch", *READING),
    )
    async def draw_fence(
        self,
        data: JSONBody[NewFence],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> Response[FenceView]:
        """Keep a fence, or the next version of one, as a draft; nothing is judged by it yet."""
        record = await fence_desk.draw(dashboard, principal, data)
        address = f"/api/fences/{record.draft.fence_id}/versions/{record.version}"
        return Response(fence_view(record), status_code=HTTP_201_CREATED, headers={"Location": address})

    @post(
        "/import",
        operation_id="importFences",
        guards=[requires(Scope.FENCES_EDIT)],
        responses=problem_responses("shape-invalid", "already-exists", "version-mismatch", *READING),
    )
    async def import_fences(
        self,
        data: JSONBody[FenceImport],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> FencePage:
        """Keep every feature of a GeoJSON collection as a draft, or none of them."""
        records = await fence_desk.import_fences(dashboard, principal, data.features)
        return fence_page(records, len(records))

    @get(
        "/{fence_id:str}",
        operation_id="fenceHistory",
        guards=[requires(Scope.FENCES_READ)],
        responses=problem_responses("not-found", *READING),
    )
    async def history(
        self,
        fence_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> FenceHistory:
        """Return every version of a fence, newest first, with what differs from the one before."""
        async with dashboard.database.read() as tx:
            return fence_history(await fence_desk.history(tx, FenceId(fence_id), reach_of(principal)))

    @get(
        "/{fence_id:str}/versions/{version:int}",
        operation_id="readFence",
        guards=[requires(Scope.FENCES_READ)],
        responses=problem_responses("not-found", *READING),
    )
    async def read_fence(
        self,
        fence_id: IdPath,
        version: VersionPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> FenceView:
        """Return one version, with what its preview showed."""
        async with dashboard.database.read() as tx:
            store = FenceStore(tx)
            found = await store.get(FenceId(fence_id), FenceVersion(version), reach=reach_of(principal))
        return fence_view(found)

    @post(
        "/{fence_id:str}/versions/{version:int}/preview",
        operation_id="previewFence",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.FENCES_EDIT)],
        responses=problem_responses(*MOVING),
    )
    async def preview(
        self,
        fence_id: IdPath,
        version: VersionPath,
        principal: NamedDependency[Principal],
        fence_previews: NamedDependency[FencePreviewer],
    ) -> FenceView:
        """Say and keep what a version would do: who is inside, last week's events, orders it touches."""
        return fence_view(await fence_previews.preview(FenceId(fence_id), FenceVersion(version), principal))

    @post(
        "/{fence_id:str}/versions/{version:int}/publish",
        operation_id="publishFence",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.FENCES_EDIT)],
        responses=problem_responses("time-out-of-range", *MOVING),
    )
    async def publish(
        self,
        fence_id: IdPath,
        version: VersionPath,
        data: JSONBody[PublishFence],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> FenceView:
        """Bring a previewed version into force, now or at a later moment; every tracker has it within 2 s."""
        start = data.effective_at or None
        at = None if start is None else moment_of(start, dashboard.clock, field="effectiveAt")
        key = FenceId(fence_id), FenceVersion(version)
        return fence_view(await fence_desk.publish(dashboard, principal, *key, at))

    @post(
        "/{fence_id:str}/versions/{version:int}/retire",
        operation_id="retireFence",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.FENCES_EDIT)],
        responses=problem_responses(*MOVING),
    )
    async def retire(
        self,
        fence_id: IdPath,
        version: VersionPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> FenceView:
        """Take a version out of force, or discard one that never was in it."""
        key = FenceId(fence_id), FenceVersion(version)
        return fence_view(await fence_desk.retire(dashboard, principal, *key))
