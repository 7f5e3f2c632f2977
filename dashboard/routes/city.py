"""The city: its numbers, what a page must know first, and its maps."""

from typing import Literal, cast

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from core.auth.guards import public, requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.errors import NotFound
from core.problem_http import problem_responses
from dashboard.city_maps import GEOJSON, Collection, district_map, fence_map
from dashboard.city_numbers import summarise_city
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath
from dashboard.schemas.city import CitySummary, Config, OperatorView, config_view, operator_view
from fleet.vehicles.paper_store import CompanyStore

AN_HOUR = {"Cache-Control": "public, max-age=3600"}


class City(Controller):
    """The whole city."""

    path = "/api"
    tags = ("city",)

    @get("/config", operation_id="config", guards=[public], sync_to_thread=False)
    def config(self, dashboard: NamedDependency[DashboardParts]) -> Config:
        """Return what a page needs before anybody signs in: names, towns, city time and its rate."""
        clock = dashboard.clock
        return config_view(dashboard.city, city_time_ms=clock.now_ms(), rate=clock.rate)

    @get(
        "/operators",
        operation_id="listOperators",
        guards=[public],
        responses=problem_responses("database-unavailable"),
    )
    async def operators(self, dashboard: NamedDependency[DashboardParts]) -> list[OperatorView]:
        """Return the companies that run vehicles here, by code; empty before a city is loaded."""
        async with dashboard.database.read() as tx:
            found = await CompanyStore(tx).companies()
        return [
            operator_view(company, dashboard.city.service_points.get(code, ()))
            for code, company in sorted(found.items())
        ]

    @get(
        "/city/summary",
        operation_id="citySummary",
        guards=[requires(Scope.CITY_READ)],
        responses=problem_responses("not-authenticated", "forbidden", "unavailable"),
    )
    async def summary(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> CitySummary:
        """Return the numbers of everything the caller may see."""
        return await summarise_city(dashboard, reach_of(principal))

    @get(
        "/geo/districts",
        operation_id="districtMap",
        guards=[public],
        media_type=GEOJSON,
        sync_to_thread=False,
    )
    def districts(self, dashboard: NamedDependency[DashboardParts]) -> Response[Collection]:
        """Return the borders of the 旗区 as GeoJSON; generalised, for drawing only."""
        return Response(district_map(dashboard.city), media_type=GEOJSON, headers=AN_HOUR)

    @get(
        "/geo/roads/{town:str}",
        operation_id="roadMap",
        guards=[public],
        media_type=GEOJSON,
        responses=problem_responses("invalid-input", "not-found"),
        sync_to_thread=True,
    )
    def roads(self, town: IdPath, dashboard: NamedDependency[DashboardParts]) -> Response[Collection]:
        """Return the roads of a town as GeoJSON LineStrings with their class and name."""
        return _drawn(dashboard, "roads", town)

    @get(
        "/geo/grounds/{town:str}",
        operation_id="groundMap",
        guards=[public],
        media_type=GEOJSON,
        responses=problem_responses("invalid-input", "not-found"),
        sync_to_thread=True,
    )
    def grounds(self, town: IdPath, dashboard: NamedDependency[DashboardParts]) -> Response[Collection]:
        """Return what lies between the roads of a town as GeoJSON: water, compounds, parks, depots."""
        return _drawn(dashboard, "grounds", town)

    @get(
        "/geo/fences",
        operation_id="fenceMap",
        guards=[requires(Scope.FENCES_READ)],
        media_type=GEOJSON,
        responses=problem_responses("not-authenticated", "forbidden", "unavailable"),
    )
    async def fences(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> Response[Collection]:
        """Return the fences in force within the caller's reach as GeoJSON with their rules."""
        async with dashboard.database.read() as tx:
            drawn = await fence_map(tx, reach_of(principal), at=dashboard.clock.now())
        return Response(drawn, media_type=GEOJSON)


def _drawn(dashboard: DashboardParts, kind: Literal["roads", "grounds"], town: str) -> Response[Collection]:
    drawn = dashboard.maps.town_map(kind, town)
    if drawn is None:
        raise NotFound("not-found", "there is no map of that town", town=town[:40])
    # megabytes that were encoded when the city was loaded leave as they are
    return Response(cast(Collection, drawn), media_type=GEOJSON, headers=AN_HOUR)
