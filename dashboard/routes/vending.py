"""What vending vehicles carry: planogram, stock, ledger and what went missing."""

from datetime import datetime, timedelta
from typing import Annotated

from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import DistrictCode
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import DistrictQuery, VehicleNoPath, moment_of
from dashboard.schemas.vending import (
    MovementView,
    PlanogramBody,
    PlanogramSet,
    ShrinkageRow,
    VendingVehicle,
)
from dashboard.vending_desk import (
    ledger_of,
    put_planogram,
    shrinkage_of_fleet,
    stock_of_fleet,
    stock_of_vehicle,
)

READ = ("invalid-input", "not-authenticated", "forbidden", "database-unavailable")
OF_VEHICLE = (*READ, "not-found")
A_WEEK = timedelta(days=7)
From = Annotated[datetime | None, QueryParameter(name="from")]
Until = Annotated[datetime | None, QueryParameter(name="to")]


class Vending(Controller):
    """Stock of vending vehicles, read within one's reach."""

    path = "/api/vending"
    tags = ("vending",)

    @get(
        "/vehicles",
        operation_id="listVendingStock",
        guards=[requires(Scope.VENDING_READ)],
        responses=problem_responses(*READ),
    )
    async def list_stock(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        district: DistrictQuery = None,
    ) -> list[VendingVehicle]:
        """Return every vending vehicle with what lies in its slots."""
        return await stock_of_fleet(
            dashboard, principal, None if district is None else DistrictCode(district)
        )

    @get(
        "/vehicles/{vehicle_no:int}",
        operation_id="readVendingStock",
        guards=[requires(Scope.VENDING_READ)],
        responses=problem_responses(*OF_VEHICLE),
    )
    async def read_stock(
        self,
        vehicle_no: VehicleNoPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> VendingVehicle:
        """Return one vehicle with what lies in its slots, lot by lot."""
        async with dashboard.database.read() as tx:
            return await stock_of_vehicle(tx, principal, vehicle_no, dashboard.clock.now())

    @put(
        "/vehicles/{vehicle_no:int}/planogram",
        operation_id="setPlanogram",
        guards=[requires(Scope.VENDING_MANAGE)],
        responses=problem_responses(
            *OF_VEHICLE, "conflict", "origin-refused", "slot-not-empty", "slot-full", "database-busy"
        ),
    )
    async def set_planogram(
        self,
        vehicle_no: VehicleNoPath,
        data: JSONBody[PlanogramBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> PlanogramSet:
        """Say what a vehicle's slots hold and cost; the same again is the same."""
        return await put_planogram(dashboard, principal, vehicle_no, data)

    @get(
        "/vehicles/{vehicle_no:int}/movements",
        operation_id="listStockMovements",
        guards=[requires(Scope.VENDING_READ)],
        responses=problem_responses(*OF_VEHICLE),
    )
    async def list_movements(
        self,
        vehicle_no: VehicleNoPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        from_at: From = None,
        to_at: Until = None,
    ) -> list[MovementView]:
        """Return the newest 200 lines of a vehicle's ledger, of the last week unless said otherwise."""
        until = _until(to_at, dashboard)
        since = until - A_WEEK if from_at is None else moment_of(from_at, dashboard.clock, field="from")
        return await ledger_of(dashboard, principal, vehicle_no, since, until)

    @get(
        "/shrinkage",
        operation_id="readShrinkage",
        guards=[requires(Scope.VENDING_READ)],
        responses=problem_responses(*READ),
    )
    async def read_shrinkage(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        from_at: From = None,
        to_at: Until = None,
    ) -> list[ShrinkageRow]:
        """Return what counts found against the ledger, the greatest loss first; of the last week."""
        until = _until(to_at, dashboard)
        since = until - A_WEEK if from_at is None else moment_of(from_at, dashboard.clock, field="from")
        return await shrinkage_of_fleet(dashboard, principal, since, until)


def _until(to_at: datetime | None, dashboard: DashboardParts) -> datetime:
    """Return the end of a span, which it does not hold; without one it is just past now."""
    if to_at is None:
        return dashboard.clock.now() + timedelta(seconds=1)
    return moment_of(to_at, dashboard.clock, field="to")
