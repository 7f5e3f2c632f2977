"""Remote safety operators sign in, say that they are there, and go."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.schemas.duty import ShiftPage, ShiftView, shift_page, shift_view
from fleet.people.serve_duty import (
    DutyView,
    heartbeat,
    my_duty,
    shifts_on_duty,
    sign_in_operator,
    sign_off_operator,
)
from fleet.vehicles.store import VehicleStore

ON_DUTY = problem_responses("not-authenticated", "forbidden", "not-signed-in-for-duty", "unavailable")


class RemoteOperators(Controller):
    """The people who watch vehicles under way, at most three each."""

    path = "/api/remote-operators"
    tags = ("remote operators",)

    @post(
        "/sign-in",
        operation_id="signInForDuty",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DUTY_SERVE)],
        responses=problem_responses(
            "not-authenticated", "forbidden", "already-exists", "rest-needed", "unavailable"
        ),
    )
    async def sign_in(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> ShiftView:
        """Begin a shift, or find the one that is running."""
        duty = await sign_in_operator(dashboard.database, principal, dashboard.clock)
        return await _view(dashboard, duty)

    @post(
        "/heartbeat",
        operation_id="heartbeatOnDuty",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DUTY_SERVE)],
        responses=ON_DUTY,
    )
    async def beat(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> ShiftView:
        """Say that the operator is there; 30 s without it and others take his vehicles."""
        duty = await heartbeat(dashboard.database, principal, dashboard.clock)
        return await _view(dashboard, duty)

    @post(
        "/sign-off",
        operation_id="signOffDuty",
        status_code=HTTP_204_NO_CONTENT,
        guards=[requires(Scope.DUTY_SERVE)],
        responses=ON_DUTY,
    )
    async def sign_off(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> None:
        """End the shift; the vehicles go to others at once."""
        await sign_off_operator(dashboard.database, principal, dashboard.clock)

    @get(
        "/me",
        operation_id="myDuty",
        guards=[requires(Scope.DUTY_SERVE)],
        responses=ON_DUTY,
    )
    async def mine(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> ShiftView:
        """Return the caller's shift and the vehicles it watches."""
        return await _view(dashboard, await my_duty(dashboard.database, principal))

    @get(
        "/",
        operation_id="listShifts",
        guards=[requires(Scope.DUTY_READ)],
        responses=problem_responses("not-authenticated", "forbidden", "unavailable"),
    )
    async def on_duty(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> ShiftPage:
        """Return who is on duty and watches what."""
        async with dashboard.database.read() as tx:
            duties = await shifts_on_duty(tx, reach_of(principal))
            codes = await VehicleStore(tx).codes_of([no for duty in duties for no in duty.vehicles])
        return shift_page(duties, codes)


async def _view(dashboard: DashboardParts, duty: DutyView) -> ShiftView:
    async with dashboard.database.read() as tx:
        codes = await VehicleStore(tx).codes_of(duty.vehicles)
    return shift_view(duty, codes)
