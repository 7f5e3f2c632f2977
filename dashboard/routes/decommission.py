"""Taking a vehicle out of the fleet for good."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.database import Transaction
from core.ids import VehicleNo
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import VehicleNoPath
from dashboard.schemas.decommission import OutgoingView, TakeOut, outgoing_view
from services.decommission.take_out import look_at, take_out
from services.plugging import task_reports

_READS = ("invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable")


class Decommission(Controller):
    """The end of a vehicle's life, with a choice about its work."""

    path = "/api/vehicles/{vehicle_no:int}/decommissioning"
    tags = ("vehicles",)
    guards = (requires(Scope.VEHICLES_MANAGE),)

    @get("/", operation_id="previewDecommission", responses=problem_responses(*_READS))
    async def preview(
        self,
        vehicle_no: VehicleNoPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> OutgoingView:
        """Return what taking it out now would touch, or how far it has come."""
        async with dashboard.database.read() as tx:
            return outgoing_view(await look_at(tx, principal, VehicleNo(vehicle_no)))

    @post(
        "/",
        operation_id="decommissionVehicle",
        status_code=HTTP_200_OK,
        responses=problem_responses(
            *(*_READS, *REPEATED, "conflict", "illegal-transition", "version-mismatch", "reason-missing")
        ),
    )
    async def decommission(
        self,
        request: Request[Any, Any, Any],
        vehicle_no: VehicleNoPath,
        data: JSONBody[TakeOut],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> OutgoingView:
        """Take it out: no new work, the rest reassigned or cancelled. Again: the same decision goes on."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        clock, number = dashboard.clock, VehicleNo(vehicle_no)

        async def work(tx: Transaction) -> OutgoingView:
            said, at = data.reason, clock.now()
            reports, rate = task_reports(), clock.rate
            return outgoing_view(
                await take_out(tx, principal, number, data.rest, reports, reason=said, at=at, rate=rate)
            )

        return await answer_once(
            dashboard.database, repeated, OutgoingView, work, status=200, wall=clock.wall()
        )
