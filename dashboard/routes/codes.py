"""A vehicle's code, scanned by anybody."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import PathParameter

from core.auth.guards import public
from core.auth.principal import Principal
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.schemas.codes import CodeView, code_view
from fleet.vehicles.scan_code import scan_code


@get(
    "/api/codes/{code:str}",
    operation_id="scanCode",
    guards=[public],
    tags=["codes"],
    responses=problem_responses("vehicle-code-wrong", "not-found", "unavailable"),
)
async def scan(
    code: Annotated[str, PathParameter(max_length=64)],
    caller: NamedDependency[Principal | None],
    dashboard: NamedDependency[DashboardParts],
) -> CodeView:
    """Return what the vehicle is, who runs it, whether its papers are valid, and whom to call.

    Staff in whose reach it lies are told where to open it in the console.
    """
    city = dashboard.city
    scanned = await scan_code(dashboard.database, dashboard.last_heard, city.code_layout, caller, code)
    return code_view(scanned, city, dashboard.clock.now())
