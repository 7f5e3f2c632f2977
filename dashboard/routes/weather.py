"""The weather desk: facts, what they forbid, what each service bears."""

from typing import Annotated

from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.kinds import ServiceKind
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.schemas.weather import (
    DistrictWeather,
    FactBody,
    LimitsBody,
    LimitsProposal,
    LimitsView,
    WeatherDesk,
)
from dashboard.schemas.weather_limits import LimitsPreviewView
from dashboard.weather_desk import put_limits, say_weather, try_out_limits, weather_desk

_WRITES = (
    *("invalid-input", "not-authenticated", "forbidden", "origin-refused", "not-found"),
    *("database-unavailable", "database-busy"),
)
ServicePath = Annotated[ServiceKind, PathParameter(description="A service of the city")]


class WeatherRoutes(Controller):
    """Weather per 旗区."""

    path = "/api/weather"
    tags = ("weather",)

    @get(
        "/",
        operation_id="readWeather",
        guards=[requires(Scope.WEATHER_READ)],
        responses=problem_responses("not-authenticated", "forbidden", "database-unavailable"),
    )
    async def read(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> WeatherDesk:
        """Return the weather of every 旗区 within reach: now, the next hours, what it forbids, recalls."""
        return await weather_desk(dashboard, principal)

    @put(
        "/facts",
        operation_id="putWeatherFact",
        guards=[requires(Scope.WEATHER_WRITE)],
        responses=problem_responses(*_WRITES),
    )
    async def put_fact(
        self,
        data: JSONBody[FactBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> DistrictWeather:
        """Say what the weather of a 旗区 is or will be; in place of what was said of the same time before."""
        return await say_weather(dashboard, principal, data)

    @put(
        "/limits/{service:str}",
        operation_id="putWeatherLimits",
        guards=[requires(Scope.WEATHER_WRITE)],
        responses=problem_responses(*_WRITES, "version-mismatch"),
    )
    async def set_limits(
        self,
        service: ServicePath,
        data: JSONBody[LimitsBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> LimitsView:
        """Set what the vehicles of a service bear: in the whole city, or stricter, of a company."""
        return await put_limits(dashboard, principal, service, data)

    @post(
        "/limits/{service:str}/previews",
        operation_id="previewWeatherLimits",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.WEATHER_WRITE)],
        responses=problem_responses(*_WRITES),
    )
    async def preview(
        self,
        service: ServicePath,
        data: JSONBody[LimitsProposal],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> LimitsPreviewView:
        """Say whom limits would hold back now and in the next hours; nothing is stored."""
        return await try_out_limits(dashboard, principal, service, data)
