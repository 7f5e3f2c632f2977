"""The daily check of vehicles: who still needs one, what was found, what a company asks for."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import DistrictCode, VehicleNo
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.readiness_desk import MOST_PER_PAGE, check_one, list_readiness, list_rules, put_rule
from dashboard.routes.parameters import SEVERAL, Cursor, VehicleNoPath
from dashboard.schemas.readiness import (
    CheckBody,
    CheckView,
    ReadinessPage,
    ReadinessRuleBody,
    ReadinessRuleList,
    ReadinessRuleView,
)
from fleet.readiness.check import ReadinessState

_READS = ("invalid-input", "not-authenticated", "forbidden", "unavailable")


class ReadinessRoutes(Controller):
    """Checks of vehicles before they work."""

    path = "/api/readiness"
    tags = ("readiness",)

    @get(
        "/vehicles",
        operation_id="listReadiness",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses(*_READS, "cursor-invalid"),
    )
    async def list_vehicles(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        district: Annotated[list[str] | None, SEVERAL] = None,
        stands: Annotated[list[ReadinessState] | None, SEVERAL] = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=MOST_PER_PAGE)] = 100,
    ) -> ReadinessPage:
        """Return vehicles in service by number: today's check, and what the system would answer now."""
        place = read_cursor(cursor, tuple[int])
        return await list_readiness(
            dashboard,
            principal,
            districts=frozenset(DistrictCode(each) for each in district or ()),
            states=frozenset(stands or ()),
            after=None if place is None else VehicleNo(place[0]),
            limit=limit,
        )

    @post(
        "/vehicles/{vehicle_no:int}/checks",
        operation_id="checkVehicle",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.READINESS_CHECK)],
        responses=problem_responses(*_READS, *REPEATED, "not-found", "conflict"),
    )
    async def check(
        self,
        request: Request[Any, Any, Any],
        vehicle_no: VehicleNoPath,
        data: JSONBody[CheckBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CheckView:
        """Say what was found at a vehicle; what is wrong opens safety work."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await check_one(dashboard, principal, VehicleNo(vehicle_no), data, repeated)

    @get(
        "/rules",
        operation_id="listReadinessRules",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses(*_READS),
    )
    async def rules(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> ReadinessRuleList:
        """Return what is asked for: everybody's rule, then those of companies."""
        return await list_rules(dashboard, principal)

    @put(
        "/rules",
        operation_id="putReadinessRule",
        guards=[requires(Scope.VEHICLES_MANAGE)],
        responses=problem_responses(*_READS, "reason-missing", "version-mismatch"),
    )
    async def set_rule(
        self,
        data: JSONBody[ReadinessRuleBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ReadinessRuleView:
        """Set what a company asks for; the next judgement of its vehicles is by it."""
        return await put_rule(dashboard, principal, data)
