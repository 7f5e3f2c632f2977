"""Chargers: their slots and queues."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from dashboard.charger_desk import list_chargers, switch_charger
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath
from dashboard.schemas.chargers import ChargerList, ChargerView, SwitchBody


class Chargers(Controller):
    """Chargers of the city."""

    path = "/api/chargers"
    tags = ("charging",)

    @get(
        "/",
        operation_id="listChargers",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses("not-authenticated", "forbidden", "database-unavailable"),
    )
    async def list_all(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> ChargerList:
        """Return the chargers within reach with their slots and queues."""
        return await list_chargers(dashboard, principal)

    @post(
        "/{place_id:str}/switch",
        operation_id="switchCharger",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.VEHICLES_MANAGE)],
        responses=problem_responses(
            *("invalid-input", "not-authenticated", "forbidden", "origin-refused", "not-found"),
            *("database-unavailable", "database-busy"),
        ),
    )
    async def switch(
        self,
        place_id: IdPath,
        data: JSONBody[SwitchBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ChargerView:
        """Open or close a charger; who stands there stays, and nobody new is sent."""
        return await switch_charger(dashboard, principal, place_id, data)
