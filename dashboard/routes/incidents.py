"""Incidents: reported, read, triaged, held, judged, closed, reopened."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import IncidentId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.cursors import read_cursor
from dashboard.incident_actions import IncidentHands
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import Cursor, IdPath, bound_of
from dashboard.schemas.incidents import (
    DetermineResponsibility,
    IncidentPage,
    IncidentView,
    MoveIncident,
    ReportIncident,
    TriageIncident,
    WhyHold,
    incident_page,
)
from fleet.incidents.kinds import IncidentEvent, IncidentState
from fleet.incidents.move_incident import Move
from fleet.incidents.store import IncidentPlace, IncidentStore
from fleet.vehicles.store import VehicleStore

_READS = ("invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable")
_ACTS = (*_READS, "reason-missing", "version-mismatch")
_MOVES = (*_ACTS, "illegal-transition")


class Incidents(Controller):
    """What happened to vehicles and who answers for it."""

    path = "/api/incidents"
    tags = ("incidents",)

    @get(
        "/",
        operation_id="listIncidents",
        guards=[requires(Scope.INCIDENTS_READ)],
        responses=problem_responses(
            "invalid-input", "cursor-invalid", "not-authenticated", "forbidden", "unavailable"
        ),
    )
    async def list_incidents(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        shown: Annotated[IncidentState | None, QueryParameter(name="state")] = None,
        vehicle_no: Annotated[int | None, QueryParameter(name="vehicleNo", ge=1, le=4_294_967_295)] = None,
        from_at: Annotated[datetime | None, QueryParameter(name="from")] = None,
        to_at: Annotated[datetime | None, QueryParameter(name="to")] = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> IncidentPage:
        """Return incidents, the latest first; with `from` and `to` those that happened in [from, to)."""
        place = read_cursor(cursor, tuple[datetime, str])
        after = None if place is None else IncidentPlace(*place)
        states = () if shown is None else (shown,)
        async with dashboard.database.read() as tx:
            found = await IncidentStore(tx).page(
                reach_of(principal),
                states=states,
                vehicle_no=vehicle_no,
                from_at=bound_of(from_at, dashboard.clock, field="from"),
                to_at=bound_of(to_at, dashboard.clock, field="to"),
                after=after,
                limit=limit + 1,
            )
            codes = await VehicleStore(tx).codes_of({one.vehicle_no for one in found})
        return incident_page(found, codes, limit, dashboard.clock.now())

    @get(
        "/{incident_id:str}",
        operation_id="readIncident",
        guards=[requires(Scope.INCIDENTS_READ)],
        responses=problem_responses(*_READS),
    )
    async def read_incident(
        self,
        incident_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> IncidentView:
        """Return one incident."""
        async with dashboard.database.read() as tx:
            found = await IncidentStore(tx).get(IncidentId(incident_id), reach_of(principal))
        return await IncidentHands(dashboard, principal).shown(found)

    @post(
        "/",
        operation_id="reportIncident",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.INCIDENTS_OPEN)],
        responses=problem_responses(*_READS, "time-out-of-range", *REPEATED),
    )
    async def report_incident(
        self,
        data: JSONBody[ReportIncident],
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[IncidentView]:
        """Open an incident, also for a time days ago: its evidence is sealed from the history."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        opened = await IncidentHands(dashboard, principal).report(data, repeated)
        headers = {"Location": f"/api/incidents/{opened.incident_id}"}
        return Response(opened, status_code=HTTP_201_CREATED, headers=headers)

    @post(
        "/{incident_id:str}/triage",
        operation_id="triageIncident",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.INCIDENTS_ACT)],
        responses=problem_responses(*_MOVES),
    )
    async def triage_incident(
        self,
        incident_id: IdPath,
        data: JSONBody[TriageIncident],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> IncidentView:
        """Say what it is on a second look."""
        hands = IncidentHands(dashboard, principal)
        move = Move(
            event=IncidentEvent.TRIAGED,
            reason=data.reason,
            version=data.version,
            type=data.incident_type,
            severity=data.severity,
            medical_dispatch=data.medical_dispatch,
            report_id=data.report_id,
        )
        return await hands.move(incident_id, move)

    @post(
        "/{incident_id:str}/holds",
        operation_id="holdScene",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.INCIDENTS_ACT)],
        responses=problem_responses(*_ACTS),
    )
    async def hold_scene(
        self,
        incident_id: IdPath,
        data: JSONBody[WhyHold],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> IncidentView:
        """Hold the vehicle at the scene: it takes only what cannot change it."""
        hands = IncidentHands(dashboard, principal)
        return await hands.hold(incident_id, data.reason, held=True)

    @post(
        "/{incident_id:str}/releases",
        operation_id="releaseScene",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.INCIDENTS_JUDGE)],
        responses=problem_responses(*_ACTS),
    )
    async def release_scene(
        self,
        incident_id: IdPath,
        data: JSONBody[WhyHold],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> IncidentView:
        """Release the scene: the agency alone does."""
        hands = IncidentHands(dashboard, principal)
        return await hands.hold(incident_id, data.reason, held=False)

    @post(
        "/{incident_id:str}/referrals",
        operation_id="referIncident",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.INCIDENTS_JUDGE)],
        responses=problem_responses(*_MOVES),
    )
    async def refer_incident(
        self,
        incident_id: IdPath,
        data: JSONBody[MoveIncident],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> IncidentView:
        """Refer a sealed incident to whoever determines responsibility."""
        hands = IncidentHands(dashboard, principal)
        return await hands.move(
            incident_id, Move(event=IncidentEvent.REFERRED, reason=data.reason, version=data.version)
        )

    @post(
        "/{incident_id:str}/responsibility",
        operation_id="determineResponsibility",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.INCIDENTS_JUDGE)],
        responses=problem_responses(*_MOVES),
    )
    async def determine_responsibility(
        self,
        incident_id: IdPath,
        data: JSONBody[DetermineResponsibility],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> IncidentView:
        """Say who answers for it."""
        hands = IncidentHands(dashboard, principal)
        move = Move(
            event=IncidentEvent.DETERMINED,
            reason=data.reason,
            version=data.version,
            responsibility=data.responsibility,
        )
        return await hands.move(incident_id, move)

    @post(
        "/{incident_id:str}/closings",
        operation_id="closeIncident",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.INCIDENTS_JUDGE)],
        responses=problem_responses(*_MOVES, "conflict"),
    )
    async def close_incident(
        self,
        incident_id: IdPath,
        data: JSONBody[MoveIncident],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> IncidentView:
        """Close an incident whose scene is free."""
        hands = IncidentHands(dashboard, principal)
        return await hands.move(
            incident_id, Move(event=IncidentEvent.CLOSED, reason=data.reason, version=data.version)
        )

    @post(
        "/{incident_id:str}/reopenings",
        operation_id="reopenIncident",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.INCIDENTS_JUDGE)],
        responses=problem_responses(*_MOVES),
    )
    async def reopen_incident(
        self,
        incident_id: IdPath,
        data: JSONBody[MoveIncident],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> IncidentView:
        """Open it again; what is known by now is sealed once more."""
        hands = IncidentHands(dashboard, principal)
        return await hands.move(
            incident_id, Move(event=IncidentEvent.REOPENED, reason=data.reason, version=data.version)
        )
