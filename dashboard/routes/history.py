"""The past: one vehicle's replay, an area, the whole city at a moment, summaries, exports."""

from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.problem_http import problem_responses
from dashboard.history_sheets import begin_export, box_of, columns_of, read_replay
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import VehicleNoPath
from dashboard.routes.positions import OCTETS
from dashboard.schemas.history import AreaView, ExportAsked, ReplayView, SummariesView, summary_view
from fleet.history.exports import MEDIA_TYPES, ExportFormat
from fleet.history.replay import Replay
from fleet.history.spans import POINTS_MOST, VEHICLES_MOST, span_of
from fleet.history.summary import FORMULA
from fleet.live.hub import LiveHub

REFUSALS: Final = (
    "invalid-input",
    "time-out-of-range",
    "not-authenticated",
    "forbidden",
    "redis-unavailable",
)
_LATEST_MS: Final = 4_102_444_800_000
_FROM: Final = QueryParameter(name="fromMs", ge=0, le=_LATEST_MS)
_TO: Final = QueryParameter(name="toMs", ge=0, le=_LATEST_MS)
_BOX: Final = QueryParameter(max_length=80, description="west,south,east,north in degrees")


class HistoryRoutes(Controller):
    """GET /api/history/…: what was, within the principal's reach. Spans are bounded."""

    path = "/api/history"
    tags = ("history",)

    @get(
        "/vehicles/{vehicle_no:int}",
        operation_id="getReplay",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses(*REFUSALS, "not-found"),
    )
    async def replay(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        vehicle_no: VehicleNoPath,
        from_ms: Annotated[int | None, _FROM] = None,
        to_ms: Annotated[int | None, _TO] = None,
        points: Annotated[int, QueryParameter(ge=2, le=POINTS_MOST)] = 5_000,
    ) -> ReplayView:
        """Return one vehicle over at most 31 days, its gaps marked; without a span the last ten minutes."""
        span = _replay(request).recent_span(from_ms, to_ms)
        hub: LiveHub = request.app.state.live_hub
        await hub.must_reach(vehicle_no, reach_of(principal))
        return await read_replay(_replay(request), reach_of(principal), vehicle_no, span, points)

    @get(
        "/area",
        operation_id="getPastOfArea",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses(*REFUSALS),
    )
    async def area(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        from_ms: Annotated[int, _FROM],
        to_ms: Annotated[int, _TO],
        bbox: Annotated[str, _BOX],
    ) -> AreaView:
        """Return everybody in a box over at most six hours, at most 200,000 positions."""
        box = box_of(bbox)
        assert box is not None, "bbox is required"
        found = await _replay(request).area(reach_of(principal), span_of(from_ms, to_ms), box)
        return AreaView(from_ms=from_ms, to_ms=to_ms, positions=columns_of(found))

    @get(
        "/at",
        operation_id="getCityAt",
        guards=[requires(Scope.VEHICLES_READ)],
        media_type=OCTETS,
        responses={
            200: ResponseSpec(
                bytes, generate_examples=False, media_type=OCTETS, description="One live snapshot message"
            ),
            **problem_responses(*REFUSALS),
        },
    )
    async def at(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        at_ms: Annotated[int, QueryParameter(name="atMs", ge=0, le=_LATEST_MS)],
        bbox: Annotated[str | None, _BOX] = None,
    ) -> Response[bytes]:
        """Return the whole city at a moment as a live snapshot: who was not silent for too long by then."""
        body = await _replay(request).live_at(reach_of(principal), at_ms, box_of(bbox))
        return Response(body, media_type=OCTETS, headers={"Cache-Control": "no-store"})

    @get(
        "/summaries",
        operation_id="listSummaries",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses(*REFUSALS, "not-found"),
    )
    async def summaries(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        vehicle: Annotated[list[int], QueryParameter(min_items=1, max_items=VEHICLES_MOST)],
        from_ms: Annotated[int, _FROM],
        to_ms: Annotated[int, _TO],
    ) -> SummariesView:
        """Return distance, stops, idle and silence of vehicles; 31 vehicle-days at once."""
        span = span_of(from_ms, to_ms)
        found = await _replay(request).summaries(reach_of(principal), span, vehicles=vehicle)
        views = tuple(summary_view(one) for one in found)
        return SummariesView(from_ms=from_ms, to_ms=to_ms, formula=FORMULA, vehicles=views)

    @post(
        "/exports",
        operation_id="exportHistory",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.HISTORY_EXPORT)],
        responses={
            200: ResponseSpec(
                str, generate_examples=False, media_type="text/csv", description="CSV, GeoJSON or GPX"
            ),
            **problem_responses(*REFUSALS, "not-found", "database-busy"),
        },
    )
    async def export(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        data: JSONBody[ExportAsked],
    ) -> Stream:
        """Write positions as a file, once it is on record who took them and why."""
        pieces = await begin_export(dashboard, _replay(request), principal, data)
        name = f"positions-{data.from_ms}-{data.to_ms}.{data.format}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Stream(pieces, media_type=MEDIA_TYPES[ExportFormat(data.format)], headers=headers)


def _replay(request: Request[Any, Any, Any]) -> Replay:
    replay: Replay = request.app.state.replay
    return replay
