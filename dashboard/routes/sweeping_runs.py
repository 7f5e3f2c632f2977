"""Sweeping runs: started, repaired, taken back, called home, excused; with what each really swept."""

from functools import partial
from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import SweepingRunId, SweepingZoneId, VehicleNo
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath
from dashboard.routes.sweeping import OF_ONE, READ, WRITE, ZoneIdPath
from dashboard.schemas.sweeping_runs import (
    ExcuseBody,
    RecallRunBody,
    StartRunBody,
    SweepingRunSheet,
    SweepingRunView,
)
from dashboard.sweeping_desk import act_on_run, call_run_home, run_of_id, runs_of
from services.sweeping.run_states import RunState
from services.sweeping.start_run import excuse_run, repair_run, start_run, withdraw_run

ACT = (*WRITE, *REPEATED)


class SweepingRuns(Controller):
    """Runs, read and moved within one's reach."""

    path = "/api/sweeping"
    tags = ("sweeping",)

    @post(
        "/zones/{zone_id:str}/runs",
        operation_id="startSweepingRun",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SWEEPING_WRITE)],
        responses=problem_responses(*ACT, "sweeping-plan-missing", "sweeping-zone-busy"),
    )
    async def start(
        self,
        request: Request[Any, Any, Any],
        zone_id: ZoneIdPath,
        data: JSONBody[StartRunBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> SweepingRunView:
        """Have a zone swept by the next sweeper that is free, or by the one named."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        vehicle = None if data.vehicle_no is None else VehicleNo(data.vehicle_no)
        at = dashboard.clock.now()
        deed = partial(
            start_run, principal=principal, zone_id=SweepingZoneId(zone_id), vehicle_no=vehicle, at=at
        )
        return await act_on_run(dashboard, repeated, deed, status=HTTP_201_CREATED)

    @get(
        "/runs",
        operation_id="listSweepingRuns",
        guards=[requires(Scope.SWEEPING_READ)],
        responses=problem_responses(*READ),
    )
    async def list_runs(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        zone_id: Annotated[str | None, QueryParameter(name="zoneId", max_length=64)] = None,
        wanted: Annotated[RunState | None, QueryParameter(name="state")] = None,
    ) -> list[SweepingRunView]:
        """Return the newest hundred runs."""
        zone = None if zone_id is None else SweepingZoneId(zone_id)
        return await runs_of(dashboard, principal, zone, wanted)

    @get(
        "/runs/{run_id:str}",
        operation_id="readSweepingRun",
        guards=[requires(Scope.SWEEPING_READ)],
        responses=problem_responses(*OF_ONE, "redis-unavailable"),
    )
    async def read_run(
        self,
        run_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> SweepingRunSheet:
        """Return a run with what was swept of each cell; so far, and preliminary, until it is measured."""
        return await run_of_id(dashboard, principal, SweepingRunId(run_id))

    @post(
        "/runs/{run_id:str}/repair",
        operation_id="repairSweepingRun",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SWEEPING_WRITE)],
        responses=problem_responses(
            *ACT, "sweeping-not-measured", "sweeping-nothing-missed", "sweeping-zone-busy"
        ),
    )
    async def repair(
        self,
        request: Request[Any, Any, Any],
        run_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> SweepingRunView:
        """Have swept what a run missed."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        at = dashboard.clock.now()
        deed = partial(repair_run, principal=principal, run_id=SweepingRunId(run_id), at=at)
        return await act_on_run(dashboard, repeated, deed, status=HTTP_201_CREATED)

    @post(
        "/runs/{run_id:str}/withdraw",
        operation_id="withdrawSweepingRun",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SWEEPING_WRITE)],
        responses=problem_responses(*ACT, "illegal-transition"),
    )
    async def withdraw(
        self,
        request: Request[Any, Any, Any],
        run_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> SweepingRunView:
        """Take back a run that no vehicle has begun."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        at = dashboard.clock.now()
        deed = partial(withdraw_run, principal=principal, run_id=SweepingRunId(run_id), at=at)
        return await act_on_run(dashboard, repeated, deed, status=HTTP_200_OK)

    @post(
        "/runs/{run_id:str}/recall",
        operation_id="recallSweepingRun",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SWEEPING_WRITE)],
        responses=problem_responses(
            *ACT, "illegal-transition", "reason-missing", "operator-full", "routing-unavailable"
        ),
    )
    async def recall(
        self,
        request: Request[Any, Any, Any],
        run_id: IdPath,
        data: JSONBody[RecallRunBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> SweepingRunView:
        """Call a run under way home: its vehicle raises the brush and drives to a depot."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await call_run_home(dashboard, principal, repeated, SweepingRunId(run_id), data)

    @post(
        "/runs/{run_id:str}/excuse",
        operation_id="excuseSweepingRun",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SWEEPING_WRITE)],
        responses=problem_responses(*ACT, "reason-missing", "sweeping-nothing-missed"),
    )
    async def excuse(
        self,
        request: Request[Any, Any, Any],
        run_id: IdPath,
        data: JSONBody[ExcuseBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> SweepingRunView:
        """Say why ground was not swept; the m² stay as they are."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        run, at = SweepingRunId(run_id), dashboard.clock.now()
        deed = partial(excuse_run, principal=principal, run_id=run, excuse=data.reason, at=at)
        return await act_on_run(dashboard, repeated, deed, status=HTTP_200_OK)
