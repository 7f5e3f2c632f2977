"""How good what vehicles say is: makers, vehicles, samples of what was refused."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import MakerId, VehicleNo
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.quality_sheets import city_quality, refused_samples, vehicle_quality
from dashboard.routes.parameters import VehicleNoPath
from dashboard.schemas.quality import (
    QualityView,
    SamplesView,
    VehicleQualityView,
    quality_view,
    vehicle_quality_view,
)

REFUSALS = ("not-authenticated", "forbidden", "redis-unavailable", "unavailable")


class QualityRoutes(Controller):
    """GET /api/quality, its samples, and the quality of one vehicle."""

    path = "/api"
    tags = ("quality",)
    guards = (requires(Scope.QUALITY_READ),)

    @get("/quality", operation_id="getQuality", responses=problem_responses(*REFUSALS))
    async def quality(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> QualityView:
        """Return makers (to those who see the whole city) and the worst vehicles within reach."""
        return quality_view(await city_quality(dashboard, reach_of(principal)))

    @get(
        "/quality/samples",
        operation_id="listRefusedSamples",
        responses=problem_responses("invalid-input", *REFUSALS),
    )
    async def samples(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        maker: Annotated[str, QueryParameter(min_length=1, max_length=64)],
    ) -> SamplesView:
        """Return the newest records and frames of a maker that were refused, by reason."""
        samples = await refused_samples(dashboard, MakerId(maker), reach_of(principal))
        return SamplesView(maker=maker, samples=tuple(samples))

    @get(
        "/vehicles/{vehicle_no:int}/quality",
        operation_id="getVehicleQuality",
        responses=problem_responses("invalid-input", "not-found", *REFUSALS),
    )
    async def of_vehicle(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        vehicle_no: VehicleNoPath,
    ) -> VehicleQualityView:
        """Return one vehicle's scores and days."""
        found = await vehicle_quality(dashboard, VehicleNo(vehicle_no), reach_of(principal))
        return vehicle_quality_view(found)
