"""Stopping by drawing: one person stops every vehicle of an area, two let them go."""

from typing import Annotated, Any, Literal

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.area_stop_desk import AreaStops, Saying
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath
from dashboard.schemas.area_stops import (
    AreaPreview,
    AreaStopView,
    DrawnArea,
    PlaceAreaStop,
    SaidOfAreaStop,
)
from fleet.area_stops.release_area_stop import ask_release, break_glass, refuse_release, release

READ = ("not-authenticated", "forbidden", "unavailable")
INTO = ("invalid-input", "shape-invalid", "redis-unavailable", "origin-refused")
SAID = (
    *(*READ, *REPEATED, "invalid-input", "origin-refused", "not-found", "reason-missing", "version-mismatch"),
    *("illegal-transition", "second-person-needed", "conflict", "database-busy"),
)
_RELEASES = [requires(Scope.AREA_STOPS_RELEASE)]


class AreaStopRoutes(Controller):
    """Area stops that concern one's own company, wherever in the city; the city's people see all."""

    path = "/api/area-stops"
    tags = ("area stops",)

    @post(
        "/previews",
        operation_id="previewAreaStop",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.AREA_STOPS_PLACE)],
        responses=problem_responses(*READ, *INTO),
    )
    async def preview(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[DrawnArea],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> AreaPreview:
        """Return the vehicles that a stop of this area would reach now."""
        return await _stops(request, dashboard, principal).preview(data.geometry)

    @post(
        "/",
        operation_id="placeAreaStop",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.AREA_STOPS_PLACE)],
        responses=problem_responses(
            *(*READ, *INTO, *REPEATED, "reason-missing", "no-vehicle-inside", "too-many-vehicles"),
            "database-busy",
        ),
    )
    async def place(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[PlaceAreaStop],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> AreaStopView:
        """Stop every vehicle in the area at once; the same key stops once."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await _stops(request, dashboard, principal).place(data, repeated)

    @get(
        "/",
        operation_id="listAreaStops",
        guards=[requires(Scope.COMMANDS_READ)],
        responses=problem_responses(*READ, "invalid-input"),
    )
    async def listed(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        shown: Annotated[
            Literal["standing", "recent"],
            QueryParameter(description="recent: with what was released in the last twelve hours"),
        ] = "standing",
    ) -> list[AreaStopView]:
        """Return what stands, the newest first."""
        return await _stops(request, dashboard, principal).listed(with_recent=shown == "recent")

    @get(
        "/{area_stop_id:str}",
        operation_id="readAreaStop",
        guards=[requires(Scope.COMMANDS_READ)],
        responses=problem_responses(*READ, "invalid-input", "not-found"),
    )
    async def read(
        self,
        request: Request[Any, Any, Any],
        area_stop_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> AreaStopView:
        """Return one with every vehicle and what it answered."""
        return await _stops(request, dashboard, principal).read(area_stop_id)

    @post(
        "/{area_stop_id:str}/release-requests",
        operation_id="askAreaRelease",
        status_code=HTTP_200_OK,
        guards=_RELEASES,
        responses=problem_responses(*SAID),
    )
    async def ask(
        self,
        request: Request[Any, Any, Any],
        area_stop_id: IdPath,
        data: JSONBody[SaidOfAreaStop],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> AreaStopView:
        """Ask a second person to let the vehicles go; everybody who may is told."""
        return await _say(ask_release, request, area_stop_id, data, principal, dashboard, idempotency_key)

    @post(
        "/{area_stop_id:str}/refusals",
        operation_id="refuseAreaRelease",
        status_code=HTTP_200_OK,
        guards=_RELEASES,
        responses=problem_responses(*SAID),
    )
    async def refuse(
        self,
        request: Request[Any, Any, Any],
        area_stop_id: IdPath,
        data: JSONBody[SaidOfAreaStop],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> AreaStopView:
        """Say that the vehicles stand on."""
        return await _say(refuse_release, request, area_stop_id, data, principal, dashboard, idempotency_key)

    @post(
        "/{area_stop_id:str}/releases",
        operation_id="releaseArea",
        status_code=HTTP_200_OK,
        guards=_RELEASES,
        responses=problem_responses(*SAID),
    )
    async def let_go(
        self,
        request: Request[Any, Any, Any],
        area_stop_id: IdPath,
        data: JSONBody[SaidOfAreaStop],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> AreaStopView:
        """Let the vehicles go, as another person than the one who placed it or asks."""
        return await _say(release, request, area_stop_id, data, principal, dashboard, idempotency_key)

    @post(
        "/{area_stop_id:str}/broken-glass",
        operation_id="breakAreaGlass",
        status_code=HTTP_200_OK,
        guards=_RELEASES,
        responses=problem_responses(*SAID),
    )
    async def alone(
        self,
        request: Request[Any, Any, Any],
        area_stop_id: IdPath,
        data: JSONBody[SaidOfAreaStop],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> AreaStopView:
        """Let the vehicles go alone, when nobody has answered for ten minutes; the city is told."""
        return await _say(break_glass, request, area_stop_id, data, principal, dashboard, idempotency_key)


def _stops(request: Request[Any, Any, Any], dashboard: DashboardParts, principal: Principal) -> AreaStops:
    return AreaStops(dashboard, request.app.state.live_hub, principal)


async def _say(
    saying: Saying,
    request: Request[Any, Any, Any],
    area_stop_id: str,
    data: SaidOfAreaStop,
    principal: Principal,
    dashboard: DashboardParts,
    key: str | None,
) -> AreaStopView:
    repeated = await Repeated.of(request, principal, key)
    return await _stops(request, dashboard, principal).say(saying, area_stop_id, data, repeated)
