"""A police officer at a vehicle: given a code by somebody on duty, shown the vehicle for half an hour."""

from typing import Any

from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import public, requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.auth.schemas import address_of
from core.auth.services import AuthServices
from core.ids import VehicleNo
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.police_desk import PoliceDesk
from dashboard.routes.parameters import VehicleNoPath
from dashboard.schemas.police import (
    GivePoliceCode,
    OpenPolice,
    PoliceCodeGiven,
    PoliceView,
    UsePoliceCode,
)
from fleet.police.give_code import give_code


@post(
    "/api/vehicles/{vehicle_no:int}/police-codes",
    operation_id="givePoliceCode",
    status_code=HTTP_201_CREATED,
    guards=[requires(Scope.POLICE_CODES)],
    tags=["police"],
    responses=problem_responses(
        "invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable"
    ),
)
async def give_police_code(
    vehicle_no: VehicleNoPath,
    data: JSONBody[GivePoliceCode],
    principal: NamedDependency[Principal],
    dashboard: NamedDependency[DashboardParts],
    auth: NamedDependency[AuthServices],
) -> PoliceCodeGiven:
    """Give an officer at the vehicle a code that opens it once; on record with who asked and why."""
    async with dashboard.database.write() as tx:
        grant, code = await give_code(
            tx,
            principal,
            VehicleNo(vehicle_no),
            data.officer,
            data.reason,
            auth.keys,
            at=dashboard.clock.now(),
            wall=dashboard.clock.wall(),
        )
    return PoliceCodeGiven(code=code, expires_at=grant.expires_wall)


class StreetPolice(Controller):
    """Without a log-in, by the code that somebody on duty gave out."""

    path = "/api/street/police"
    tags = ("police",)
    guards = (public,)

    @post(
        "/",
        operation_id="usePoliceCode",
        status_code=HTTP_200_OK,
        responses=problem_responses(
            *("invalid-input", "vehicle-code-wrong", "credentials-wrong", "not-found", "origin-refused"),
            *("conflict", "too-many-tries", "unavailable", "redis-unavailable"),
        ),
    )
    async def use(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[UsePoliceCode],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
    ) -> PoliceView:
        """Open the vehicle: once by the code, then by the token in the answer until it ends."""
        desk = PoliceDesk(dashboard, request.app.state.trails)
        return await desk.use(data, auth.keys, address=address_of(request))

    @post(
        "/open",
        operation_id="openPolice",
        status_code=HTTP_200_OK,
        responses=problem_responses(
            *("invalid-input", "token-invalid", "not-found", "origin-refused"),
            *("unavailable", "redis-unavailable"),
        ),
    )
    async def open(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[OpenPolice],
        dashboard: NamedDependency[DashboardParts],
    ) -> PoliceView:
        """Return the vehicle as it is now."""
        return await PoliceDesk(dashboard, request.app.state.trails).again(data.token)
