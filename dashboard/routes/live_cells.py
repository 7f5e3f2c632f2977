"""The live picture for programs that ask: cells of the moment, and what may be chosen by."""

from typing import Annotated, Any

from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.kinds import ServiceKind
from core.problem_http import problem_responses
from dashboard.history_sheets import box_of
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import SEVERAL
from dashboard.schemas.live_cells import CellsView, ChoicesView, cells_view, choices_view
from fleet.live.hub import LiveHub
from fleet.live.subscription import Chosen
from fleet.vehicles.paper_store import CompanyStore


class LiveCells(Controller):
    """GET /api/live/cells and /api/live/choices."""

    path = "/api/live"
    tags = ("live",)
    guards = (requires(Scope.LIVE_READ),)

    @get(
        "/cells",
        operation_id="getLiveCells",
        responses=problem_responses(
            "invalid-input", "not-authenticated", "forbidden", "redis-unavailable", "unavailable"
        ),
    )
    async def cells(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        zoom: Annotated[float, QueryParameter(ge=0, le=24, description="Of a map with tiles of 512 pixels")],
        bbox: Annotated[
            str | None, QueryParameter(max_length=80, description="west,south,east,north in degrees")
        ] = None,
        service: Annotated[list[ServiceKind] | None, SEVERAL] = None,
        district: Annotated[list[str] | None, SEVERAL] = None,
        operator: Annotated[list[str] | None, SEVERAL] = None,
    ) -> CellsView:
        """Return the vehicles of now by H3 cell: in the box, chosen, and within reach."""
        hub: LiveHub = request.app.state.live_hub
        services = [kind.value for kind in service or ()]
        chosen = Chosen(services=_set(services), districts=_set(district), operators=_set(operator))
        return cells_view(await hub.cells(reach_of(principal), chosen, box_of(bbox), zoom))

    @get(
        "/choices",
        operation_id="listLiveChoices",
        responses=problem_responses("not-authenticated", "forbidden", "unavailable"),
    )
    async def choices(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ChoicesView:
        """Return the services, districts and operators of the vehicles within reach."""
        hub: LiveHub = request.app.state.live_hub
        found = await hub.choices(reach_of(principal))
        async with dashboard.database.read() as tx:
            companies = await CompanyStore(tx).companies()
        return choices_view(found, companies)


def _set(names: list[str] | None) -> frozenset[str] | None:
    return frozenset(names) if names else None
