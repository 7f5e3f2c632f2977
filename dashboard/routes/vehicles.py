"""Vehicles: the list and the drawer."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import VehicleNo
from core.kinds import ServiceKind
from core.problem_http import problem_responses
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import SEVERAL, Cursor, VehicleNoPath
from dashboard.schemas.vehicles import VehicleDetail, VehiclePage, vehicle_detail, vehicle_page
from dashboard.vehicle_sheets import MOST_PER_PAGE, list_sheets, read_sheet
from fleet.vehicles.kinds import Condition, Duty, Lifecycle
from fleet.vehicles.store import VehicleFilter


class Vehicles(Controller):
    """What the caller's vehicles are and do."""

    path = "/api/vehicles"
    tags = ("vehicles",)
    guards = (requires(Scope.VEHICLES_READ),)

    @get(
        "/",
        operation_id="listVehicles",
        responses=problem_responses(
            "invalid-input", "cursor-invalid", "not-authenticated", "forbidden", "unavailable"
        ),
    )
    async def list_vehicles(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        service: Annotated[list[ServiceKind] | None, SEVERAL] = None,
        district: Annotated[list[str] | None, SEVERAL] = None,
        operator: Annotated[list[str] | None, SEVERAL] = None,
        lifecycle: Annotated[list[Lifecycle] | None, SEVERAL] = None,
        duty: Annotated[list[Duty] | None, SEVERAL] = None,
        condition: Annotated[list[Condition] | None, SEVERAL] = None,
        q: Annotated[str | None, QueryParameter(max_length=40)] = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=MOST_PER_PAGE)] = 100,
    ) -> VehiclePage:
        """Return vehicles by number; a filter given several times takes each of its values."""
        wanted = VehicleFilter(
            services=frozenset(service or ()),
            districts=frozenset(district or ()),
            operators=frozenset(operator or ()),
            lifecycles=frozenset(lifecycle or ()),
            duties=frozenset(duty or ()),
            text=q,
        )
        place = read_cursor(cursor, tuple[int])
        after = None if place is None else VehicleNo(place[0])
        conditions = frozenset(condition or ())
        page = await list_sheets(
            dashboard, principal, wanted, conditions=conditions, after=after, limit=limit
        )
        return vehicle_page(page)

    @get(
        "/{vehicle_no:int}",
        operation_id="readVehicle",
        responses=problem_responses(
            "invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable"
        ),
    )
    async def read_vehicle(
        self,
        vehicle_no: VehicleNoPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> VehicleDetail:
        """Return everything about one vehicle, and every reason why it may not take work."""
        sheet = await read_sheet(dashboard, principal, VehicleNo(vehicle_no))
        return vehicle_detail(sheet, plans=dashboard.desk.plans, now=dashboard.now())
