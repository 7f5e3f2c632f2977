"""Vehicle-days and the KPIs over them: facts of closed days, never the thinned history."""

from datetime import date
from typing import Annotated, Final

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter
from litestar.response import Stream

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.errors import NotFound
from core.ids import DistrictCode, VehicleNo
from core.kinds import ServiceKind
from core.problem_http import problem_responses
from dashboard.cursors import read_cursor
from dashboard.day_sheets import SHEET_DAYS_MOST, Narrowed, begin_sheet, day_filter
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import Cursor, DistrictQuery, VehicleNoPath
from dashboard.running_day import today_sheet
from dashboard.schemas.vehicle_days import (
    Kpis,
    TodayView,
    VehicleDayPage,
    VehicleDayRevisions,
    day_page,
    day_view,
    kpis_view,
    today_view,
)
from fleet.days.store import DayPlace, DayStore

_REFUSALS: Final = ("invalid-input", "not-authenticated", "forbidden", "unavailable")
_First = Annotated[date | None, QueryParameter(name="from", description="First local day, included")]
_Last = Annotated[date | None, QueryParameter(name="to", description="Last local day, included")]
_Number = Annotated[int | None, QueryParameter(name="vehicleNo", ge=1, le=4_294_967_295)]
_Service = Annotated[ServiceKind | None, QueryParameter()]
_Operator = Annotated[str | None, QueryParameter(max_length=64)]


class VehicleDays(Controller):
    """What each vehicle did on each closed local day."""

    path = "/api/vehicle-days"
    tags = ("vehicle-days",)

    @get(
        "/",
        operation_id="listVehicleDays",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses(*_REFUSALS, "cursor-invalid"),
    )
    async def list_days(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        from_day: _First = None,
        to_day: _Last = None,
        vehicle_no: _Number = None,
        district: DistrictQuery = None,
        operator: _Operator = None,
        service: _Service = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> VehicleDayPage:
        """Return the rows that count, newest day first, at most 366 days; without dates the last seven."""
        narrow = Narrowed(vehicle_no=vehicle_no, district=district, operator=operator, service=service)
        wanted = day_filter(dashboard, from_day, to_day, narrow)
        place = read_cursor(cursor, tuple[date, int])
        after = None if place is None else DayPlace(*place)
        async with dashboard.database.read() as tx:
            found = await DayStore(tx).page(reach_of(principal), wanted, after=after, limit=limit + 1)
        return day_page(found, limit)

    @get(
        "/today",
        operation_id="readToday",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses(*_REFUSALS, "redis-unavailable"),
    )
    async def today(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        district: DistrictQuery = None,
    ) -> TodayView:
        """Return what was driven today so far, by odometer; vehicle-days are computed after midnight."""
        chosen = None if district is None else DistrictCode(district)
        return today_view(await today_sheet(dashboard, reach_of(principal), chosen))

    @get(
        "/sheet",
        operation_id="sheetOfVehicleDays",
        guards=[requires(Scope.VEHICLES_READ)],
        responses={
            200: ResponseSpec(str, generate_examples=False, media_type="text/csv", description="CSV"),
            **problem_responses(*_REFUSALS),
        },
    )
    async def sheet(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        from_day: _First = None,
        to_day: _Last = None,
        vehicle_no: _Number = None,
        district: DistrictQuery = None,
        operator: _Operator = None,
        service: _Service = None,
    ) -> Stream:
        """Return the rows that count as CSV, at most 31 days; null is an empty cell."""
        narrow = Narrowed(vehicle_no=vehicle_no, district=district, operator=operator, service=service)
        wanted = day_filter(dashboard, from_day, to_day, narrow, most=SHEET_DAYS_MOST)
        name = f"vehicle-days-{wanted.first}-{wanted.last}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        pieces = await begin_sheet(dashboard, reach_of(principal), wanted)
        return Stream(pieces, media_type="text/csv", headers=headers)

    @get(
        "/{day:str}/{vehicle_no:int}",
        operation_id="readVehicleDay",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses(*_REFUSALS, "not-found"),
    )
    async def revisions(
        self,
        day: Annotated[date, PathParameter(description="The local day, 2026-07-01")],
        vehicle_no: VehicleNoPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> VehicleDayRevisions:
        """Return every revision of one vehicle's day with the reason of each correction."""
        async with dashboard.database.read() as tx:
            found = await DayStore(tx).revisions(reach_of(principal), day, VehicleNo(vehicle_no))
        if not found:
            raise NotFound("not-found", "there is no such vehicle-day", day=str(day), vehicle_no=vehicle_no)
        return VehicleDayRevisions(items=tuple(day_view(one) for one in found))


@get(
    "/api/kpis",
    operation_id="readKpis",
    tags=["vehicle-days"],
    guards=[requires(Scope.CITY_READ)],
    responses=problem_responses(*_REFUSALS),
)
async def read_kpis(
    principal: NamedDependency[Principal],
    dashboard: NamedDependency[DashboardParts],
    from_day: _First = None,
    to_day: _Last = None,
    vehicle_no: _Number = None,
    district: DistrictQuery = None,
    operator: _Operator = None,
    service: _Service = None,
) -> Kpis:
    """Return the catalogue of KPIs over vehicle-days within reach, each with its formula and its rows."""
    narrow = Narrowed(vehicle_no=vehicle_no, district=district, operator=operator, service=service)
    wanted = day_filter(dashboard, from_day, to_day, narrow)
    async with dashboard.database.read() as tx:
        sums = await DayStore(tx).sums(reach_of(principal), wanted)
        closing = await DayStore(tx).last_closing()
    closed = None if closing is None else closing.local_date
    return kpis_view(wanted.first, wanted.last, closed, sums)
