"""What a maker asks its gateway about the quality of its own vehicles' data."""

from typing import Any

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency, Provide

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import MakerId, VehicleNo
from core.problem_http import problem_responses
from fleet.quality.samples import Sample
from fleet.quality.shown import MakerQuality, QualityReader, VehicleQuality


class OwnQuality(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A maker's scores, its worst vehicles, and the newest of what was refused."""

    maker: MakerQuality
    vehicles: tuple[VehicleQuality, ...]
    samples: tuple[Sample, ...]


@get(
    "/v1/quality",
    operation_id="readOwnQuality",
    guards=[requires(Scope.QUALITY_OWN)],
    tags=["link"],
    responses=problem_responses("not-authenticated", "forbidden", "redis-unavailable"),
)
async def read_own_quality(
    request: Request[Any, Any, Any], quality: NamedDependency[QualityReader]
) -> OwnQuality:
    """Return what the credential's maker sends and how good it is."""
    principal: Principal = request.scope["user"]
    maker = MakerId(principal.maker or "")
    gateway = request.app.state.gateway
    own = {VehicleNo(number) for number in gateway.sender(principal).own_numbers(gateway.roster)}
    windows = await quality.windows()
    return OwnQuality(
        maker=windows.maker(maker),
        vehicles=tuple(windows.worst(own)),
        samples=tuple(await quality.samples(maker)),
    )


def quality_routes(reader: QualityReader) -> Router:
    """Return GET /v1/quality over a reader, for the app of a gateway."""

    def provide() -> QualityReader:
        return reader

    return Router(
        path="/",
        route_handlers=[read_own_quality],
        dependencies={"quality": Provide(provide, sync_to_thread=False)},
    )
