"""Where vehicles are and were: the live feed's bytes as a snapshot, and one vehicle's trail."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.errors import Invalid
from core.problem_http import problem_responses
from dashboard.routes.parameters import VehicleNoPath
from fleet.history.trail import Trail, TrailReader
from fleet.links.wire.positions import MODE_MASK, UNKNOWN_U8
from fleet.live.hub import LiveHub
from fleet.live.mirror import Box
from fleet.vehicles.kinds import CONTROL_MODES, ControlMode

OCTETS: Final = "application/octet-stream"
DEFAULT_SPAN_MS: Final = 600_000
"""Ten minutes: what the drawer shows and what an officer is shown."""

Milliseconds = Annotated[int | None, QueryParameter(ge=0, le=4_102_444_800_000)]


class TrailPoint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One position of a trail."""

    measured_at_ms: int
    """City milliseconds."""
    lat: float
    lng: float
    speed_mps: float
    heading_deg: float
    battery_ratio: float | None
    control_mode: ControlMode
    accuracy_m: float | None


class TrailView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vehicle's positions in a span of city time, oldest first; thinned evenly above 2,000."""

    vehicle_no: int
    from_ms: int
    to_ms: int
    is_thinned: bool
    points: tuple[TrailPoint, ...]


class PositionRoutes(Controller):
    """GET /api/vehicles/positions and GET /api/vehicles/{no}/trail."""

    path = "/api/vehicles"
    tags = ("vehicles",)

    @get(
        "/positions",
        operation_id="getPositions",
        guards=[requires(Scope.VEHICLES_READ)],
        media_type=OCTETS,
        responses={
            200: ResponseSpec(
                bytes, generate_examples=False, media_type=OCTETS, description="One live snapshot message"
            ),
            **problem_responses("invalid-input", "not-authenticated", "forbidden", "redis-unavailable"),
        },
    )
    async def positions(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        bbox: Annotated[str | None, QueryParameter(max_length=80)] = None,
    ) -> Response[bytes]:
        """Return every vehicle within reach (and in the box west,south,east,north) as live records."""
        hub: LiveHub = request.app.state.live_hub
        body = await hub.snapshot(reach_of(principal), _box(bbox))
        return Response(body, media_type=OCTETS, headers={"Cache-Control": "no-store"})

    @get(
        "/{vehicle_no:int}/trail",
        operation_id="getTrail",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses(
            "invalid-input", "not-authenticated", "forbidden", "not-found", "redis-unavailable"
        ),
    )
    async def trail(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        vehicle_no: VehicleNoPath,
        from_ms: Milliseconds = None,
        to_ms: Milliseconds = None,
    ) -> TrailView:
        """Return where a vehicle was; without a span the last ten minutes of city time."""
        hub: LiveHub = request.app.state.live_hub
        trails: TrailReader = request.app.state.trails
        await hub.must_reach(vehicle_no, reach_of(principal))
        until = hub.city_ms() if to_ms is None else to_ms
        since = until - DEFAULT_SPAN_MS if from_ms is None else from_ms
        if since > until:
            raise Invalid("time-out-of-range", "from_ms lies behind to_ms", from_ms=since, to_ms=until)
        return trail_view(await trails.read(vehicle_no, since, until), since, until)


def trail_view(trail: Trail, from_ms: int, to_ms: int) -> TrailView:
    """Return a trail in the api's words."""
    points = []
    for record in trail.positions:
        battery, accuracy = int(record["battery_200"]), int(record["accuracy_dm"])
        points.append(
            TrailPoint(
                measured_at_ms=int(record["measured_ms"]),
                lat=round(float(record["lat_e7"]) * 1e-7, 7),
                lng=round(float(record["lng_e7"]) * 1e-7, 7),
                speed_mps=int(record["speed_cm_s"]) / 100,
                heading_deg=int(record["heading_256"]) * 360 / 256,
                battery_ratio=None if battery == UNKNOWN_U8 else battery / 200,
                control_mode=CONTROL_MODES[int(record["mode_flags"]) & MODE_MASK],
                accuracy_m=None if accuracy == UNKNOWN_U8 else accuracy / 10,
            )
        )
    return TrailView(
        vehicle_no=trail.vehicle_no,
        from_ms=from_ms,
        to_ms=to_ms,
        is_thinned=trail.is_thinned,
        points=tuple(points),
    )


def _box(text: str | None) -> Box | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
        return Box(west, south, east, north)
    except ValueError as error:
        raise Invalid("invalid-input", f"bbox is west,south,east,north in degrees: {error}") from None
