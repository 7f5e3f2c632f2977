"""Where vehicles are: the live feed's bytes as a snapshot, and one vehicle's trail."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.errors import Invalid
from core.problem_http import problem_responses
from fleet.live.hub import LiveHub
from fleet.live.mirror import Box

OCTETS = "application/octet-stream"


class PositionRoutes(Controller):
    """GET /api/vehicles/positions."""

    path = "/api/vehicles"
    tags = ("vehicles",)

    @get(
        "/positions",
        operation_id="getPositions",
        guards=[requires(Scope.VEHICLES_READ)],
        media_type=OCTETS,
        responses={
            200: ResponseSpec(bytes, media_type=OCTETS, description="One live snapshot message"),
            **problem_responses("invalid-input", "not-authenticated", "forbidden", "redis-unavailable"),
        },
    )
    async def positions(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        bbox: FromQuery[Annotated[str | None, QueryParameter(max_length=80)]] = None,
    ) -> Response[bytes]:
        """Return every vehicle within reach (and in the box west,south,east,north) as live records."""
        hub: LiveHub = request.app.state.live_hub
        body = await hub.snapshot(reach_of(principal), _box(bbox))
        return Response(body, media_type=OCTETS, headers={"Cache-Control": "no-store"})


def _box(text: str | None) -> Box | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
        return Box(west, south, east, north)
    except ValueError as error:
        raise Invalid("invalid-input", f"bbox is west,south,east,north in degrees: {error}") from None
