"""Work orders of the field crew: read, opened, given to somebody, called off."""

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import WorkOrderId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import Cursor, IdPath
from dashboard.schemas.work_orders import (
    AssignWork,
    CallOffWork,
    CrewPeople,
    OpenWork,
    WorkOrderPage,
    WorkOrderView,
    crew_people,
    work_order_page,
    work_order_view,
)
from dashboard.work_order_actions import WorkOrderHands
from fleet.vehicles.store import VehicleStore
from fleet.work_orders.kinds import WORK_TERMINAL, WorkKind, WorkState
from fleet.work_orders.people import crew_for
from fleet.work_orders.store import WorkOrderPlace, WorkOrderStore

Shown = Literal["current", "waiting", "over", "all"]
STATES: dict[Shown, frozenset[WorkState]] = {
    "current": frozenset(WorkState) - WORK_TERMINAL,
    "waiting": frozenset({WorkState.OPEN}),
    "over": WORK_TERMINAL,
    "all": frozenset(),
}
"""current: not over; waiting: nobody has it."""
_READS = ("invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable")
_ACTS = (*_READS, *REPEATED, "illegal-transition", "version-mismatch", "reason-missing")


class WorkOrders(Controller):
    """What the field crew is asked to do at vehicles."""

    path = "/api/work-orders"
    tags = ("work orders",)

    @get(
        "/",
        operation_id="listWorkOrders",
        guards=[requires(Scope.WORK_READ)],
        responses=problem_responses(*_READS, "cursor-invalid"),
    )
    async def list_work_orders(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        shown: Annotated[Shown, QueryParameter(name="state")] = "current",
        kind: Annotated[WorkKind | None, QueryParameter()] = None,
        vehicle_no: Annotated[int | None, QueryParameter(name="vehicleNo", ge=1, le=4_294_967_295)] = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> WorkOrderPage:
        """Return work orders, the newest first."""
        place = read_cursor(cursor, tuple[datetime, str])
        async with dashboard.database.read() as tx:
            found = await WorkOrderStore(tx).page(
                reach_of(principal),
                states=STATES[shown],
                kinds=() if kind is None else (kind,),
                vehicle_no=vehicle_no,
                after=None if place is None else WorkOrderPlace(*place),
                limit=limit + 1,
            )
            codes = await VehicleStore(tx).codes_of({one.vehicle_no for one in found})
        return work_order_page(found, codes, limit)

    @get(
        "/{work_order_id:str}",
        operation_id="readWorkOrder",
        guards=[requires(Scope.WORK_READ)],
        responses=problem_responses(*_READS),
    )
    async def read_work_order(
        self,
        work_order_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> WorkOrderView:
        """Return one work order with its history."""
        async with dashboard.database.read() as tx:
            found = await WorkOrderStore(tx).get(WorkOrderId(work_order_id), reach_of(principal))
            codes = await VehicleStore(tx).codes_of([found.vehicle_no])
        return work_order_view(found, codes.get(found.vehicle_no))

    @get(
        "/{work_order_id:str}/people",
        operation_id="listCrewForWork",
        guards=[requires(Scope.WORK_MANAGE)],
        responses=problem_responses(*_READS),
    )
    async def list_people(
        self,
        work_order_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> CrewPeople:
        """Return who of the crew may be given a work order."""
        async with dashboard.database.read() as tx:
            found = await WorkOrderStore(tx).get(WorkOrderId(work_order_id), reach_of(principal))
            return crew_people(await crew_for(tx, found))

    @post(
        "/",
        operation_id="openWorkOrder",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.WORK_MANAGE)],
        responses=problem_responses(*_ACTS),
    )
    async def open_work_order(
        self,
        data: JSONBody[OpenWork],
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[WorkOrderView]:
        """Ask the crew for something. Safety work takes the vehicle out of work until it is closed."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        opened = await WorkOrderHands(dashboard, principal, repeated).open(data)
        headers = {"Location": f"/api/work-orders/{opened.work_order_id}"}
        return Response(opened, status_code=HTTP_201_CREATED, headers=headers)

    @post(
        "/{work_order_id:str}/assignments",
        operation_id="assignWorkOrder",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.WORK_MANAGE)],
        responses=problem_responses(*_ACTS),
    )
    async def assign(
        self,
        work_order_id: IdPath,
        data: JSONBody[AssignWork],
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> WorkOrderView:
        """Give it to one of the crew, who is told; also to another when somebody has it already."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        hands = WorkOrderHands(dashboard, principal, repeated)
        return await hands.assign(WorkOrderId(work_order_id), data)

    @post(
        "/{work_order_id:str}/cancellations",
        operation_id="callOffWorkOrder",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.WORK_MANAGE)],
        responses=problem_responses(*_ACTS),
    )
    async def call_off(
        self,
        work_order_id: IdPath,
        data: JSONBody[CallOffWork],
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> WorkOrderView:
        """Call it off. Called-off safety work holds its vehicle no longer: the caller answers for it."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        hands = WorkOrderHands(dashboard, principal, repeated)
        return await hands.call_off(WorkOrderId(work_order_id), data.reason)
