"""Violations: read, counted, judged by the city, appealed by the operator of the vehicle."""

from datetime import datetime, timedelta
from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import ViolationId
from core.problem_http import problem_responses
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import Cursor, IdPath, bound_of, moment_of
from dashboard.schemas.violations import (
    STEPS,
    AppealViolation,
    DecideAppeal,
    JudgeViolation,
    ViolationCounts,
    ViolationPage,
    ViolationView,
    violation_counts,
    violation_page,
    violation_view,
)
from fleet.vehicles.store import VehicleStore
from fleet.violations.decide_violation import decide_violation
from fleet.violations.kinds import ViolationEvent, ViolationState
from fleet.violations.store import CountBy, ViolationPlace, ViolationStore
from fleet.violations.violation import Violation

_REFUSALS = (
    "invalid-input",
    "reason-missing",
    "not-authenticated",
    "forbidden",
    "not-found",
    "illegal-transition",
    "version-mismatch",
    "unavailable",
)
A_MONTH = timedelta(days=30)


class Violations(Controller):
    """What is kept and counted of broken rules."""

    path = "/api/violations"
    tags = ("violations",)

    @get(
        "/",
        operation_id="listViolations",
        guards=[requires(Scope.VIOLATIONS_READ)],
        responses=problem_responses(
            "invalid-input", "cursor-invalid", "not-authenticated", "forbidden", "unavailable"
        ),
    )
    async def list_violations(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        shown: Annotated[ViolationState | None, QueryParameter(name="state")] = None,
        vehicle_no: Annotated[int | None, QueryParameter(name="vehicleNo", ge=1, le=4_294_967_295)] = None,
        from_at: Annotated[datetime | None, QueryParameter(name="from")] = None,
        to_at: Annotated[datetime | None, QueryParameter(name="to")] = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> ViolationPage:
        """Return violations, the latest begin first; with `from` and `to` those that began in [from, to)."""
        place = read_cursor(cursor, tuple[datetime, str])
        after = None if place is None else ViolationPlace(*place)
        states = () if shown is None else (shown,)
        async with dashboard.database.read() as tx:
            found = await ViolationStore(tx).page(
                reach_of(principal),
                states=states,
                vehicle_no=vehicle_no,
                from_at=bound_of(from_at, dashboard.clock, field="from"),
                to_at=bound_of(to_at, dashboard.clock, field="to"),
                after=after,
                limit=limit + 1,
            )
            codes = await VehicleStore(tx).codes_of({one.vehicle_no for one in found})
        return violation_page(found, codes, limit)

    @get(
        "/counts",
        operation_id="countViolations",
        guards=[requires(Scope.VIOLATIONS_READ)],
        responses=problem_responses("invalid-input", "not-authenticated", "forbidden", "unavailable"),
    )
    async def count_violations(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        by: Annotated[CountBy, QueryParameter()] = "kind",
        from_at: Annotated[datetime | None, QueryParameter(name="from")] = None,
        to_at: Annotated[datetime | None, QueryParameter(name="to")] = None,
    ) -> ViolationCounts:
        """Return how many began in a span on one axis; the last 30 days unless said."""
        end = moment_of(to_at, dashboard.clock, field="to")
        begin = end - A_MONTH if from_at is None else moment_of(from_at, dashboard.clock, field="from")
        async with dashboard.database.read() as tx:
            counts = await ViolationStore(tx).counts(reach_of(principal), by, from_at=begin, to_at=end)
        return violation_counts(by, begin, end, counts)

    @get(
        "/{violation_id:str}",
        operation_id="readViolation",
        guards=[requires(Scope.VIOLATIONS_READ)],
        responses=problem_responses(
            "invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable"
        ),
    )
    async def read_violation(
        self,
        violation_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ViolationView:
        """Return one violation."""
        async with dashboard.database.read() as tx:
            found = await ViolationStore(tx).get(ViolationId(violation_id), reach_of(principal))
        return await _with_code(dashboard, found)

    @post(
        "/{violation_id:str}/judgements",
        operation_id="judgeViolation",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.VIOLATIONS_JUDGE)],
        responses=problem_responses(*_REFUSALS, "appeal-still-open", "own-violation"),
    )
    async def judge(
        self,
        violation_id: IdPath,
        data: JSONBody[JudgeViolation],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ViolationView:
        """Confirm, dismiss or close: the city, never the operator of the vehicle."""
        return await _decide(dashboard, principal, violation_id, STEPS[data.step], data)

    @post(
        "/{violation_id:str}/appeals",
        operation_id="appealViolation",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.VIOLATIONS_APPEAL)],
        responses=problem_responses(*_REFUSALS, "appeal-too-late"),
    )
    async def appeal(
        self,
        violation_id: IdPath,
        data: JSONBody[AppealViolation],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ViolationView:
        """Appeal against a confirmed violation, for the operator of the vehicle."""
        return await _decide(dashboard, principal, violation_id, ViolationEvent.APPEALED, data)

    @post(
        "/{violation_id:str}/decisions",
        operation_id="decideAppeal",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.VIOLATIONS_DECIDE)],
        responses=problem_responses(*_REFUSALS, "own-violation", "own-finding"),
    )
    async def decide(
        self,
        violation_id: IdPath,
        data: JSONBody[DecideAppeal],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ViolationView:
        """Uphold or overturn what was appealed; somebody else than who confirmed it."""
        return await _decide(dashboard, principal, violation_id, STEPS[data.step], data)


async def _decide(
    dashboard: DashboardParts,
    principal: Principal,
    violation_id: str,
    event: ViolationEvent,
    data: JudgeViolation | AppealViolation | DecideAppeal,
) -> ViolationView:
    done = await decide_violation(
        dashboard.database,
        principal,
        ViolationId(violation_id),
        event,
        reason=data.reason,
        version=data.version,
        appeal=timedelta(days=dashboard.judging.appeal_days),
        at=dashboard.clock.now(),
    )
    return await _with_code(dashboard, done)


async def _with_code(dashboard: DashboardParts, violation: Violation) -> ViolationView:
    async with dashboard.database.read() as tx:
        codes = await VehicleStore(tx).codes_of([violation.vehicle_no])
    return violation_view(violation, codes.get(violation.vehicle_no))
