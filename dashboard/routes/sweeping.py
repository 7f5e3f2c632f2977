"""Sweeping zones with their plans, and what was swept of them by month."""

from typing import Annotated

from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import DistrictCode, SweepingZoneId
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import DistrictQuery
from dashboard.schemas.sweeping import SweepingZoneBody, SweepingZoneSheet, SweepingZoneView
from dashboard.schemas.sweeping_runs import SweepingMonthView
from dashboard.sweeping_desk import drop_zone, months_of, put_zone, zone_of_id, zones_of

READ = ("invalid-input", "not-authenticated", "forbidden", "database-unavailable")
OF_ONE = (*READ, "not-found")
WRITE = (*OF_ONE, "conflict", "origin-refused", "database-busy")
ZoneIdPath = Annotated[
    str, PathParameter(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
]
Month = Annotated[str | None, QueryParameter(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]


class Sweeping(Controller):
    """Zones, read and drawn within one's reach."""

    path = "/api/sweeping"
    tags = ("sweeping",)

    @get(
        "/zones",
        operation_id="listSweepingZones",
        guards=[requires(Scope.SWEEPING_READ)],
        responses=problem_responses(*READ),
    )
    async def list_zones(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        district: DistrictQuery = None,
    ) -> list[SweepingZoneView]:
        """Return the zones that are not retired, with the numbers of their plans."""
        return await zones_of(dashboard, principal, None if district is None else DistrictCode(district))

    @get(
        "/zones/{zone_id:str}",
        operation_id="readSweepingZone",
        guards=[requires(Scope.SWEEPING_READ)],
        responses=problem_responses(*OF_ONE),
    )
    async def read_zone(
        self,
        zone_id: ZoneIdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> SweepingZoneSheet:
        """Return a zone with the passes of its plan."""
        return await zone_of_id(dashboard, principal, SweepingZoneId(zone_id))

    @put(
        "/zones/{zone_id:str}",
        operation_id="saveSweepingZone",
        guards=[requires(Scope.SWEEPING_WRITE)],
        responses=problem_responses(*WRITE, "shape-invalid", "version-mismatch"),
    )
    async def save_zone(
        self,
        zone_id: ZoneIdPath,
        data: JSONBody[SweepingZoneBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> SweepingZoneView:
        """Draw a zone or its next version; a worker makes its plan. The same again is the same."""
        return await put_zone(dashboard, principal, SweepingZoneId(zone_id), data)

    @delete(
        "/zones/{zone_id:str}",
        operation_id="retireSweepingZone",
        guards=[requires(Scope.SWEEPING_WRITE)],
        responses=problem_responses(*WRITE),
    )
    async def retire_zone(
        self,
        zone_id: ZoneIdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> None:
        """Sweep a zone no more; its runs and months stay."""
        await drop_zone(dashboard, principal, SweepingZoneId(zone_id))

    @get(
        "/months",
        operation_id="listSweepingMonths",
        guards=[requires(Scope.SWEEPING_READ)],
        responses=problem_responses(*READ),
    )
    async def list_months(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        from_month: Annotated[Month, QueryParameter(name="from")] = None,
        to_month: Annotated[Month, QueryParameter(name="to")] = None,
    ) -> list[SweepingMonthView]:
        """Return verified m² by zone and month of the city, the newest first; of this month without span."""
        now = f"{dashboard.clock.now().astimezone(dashboard.city.zone):%Y-%m}"
        end = to_month or now
        return await months_of(dashboard, principal, from_month or end, end)
