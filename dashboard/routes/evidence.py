"""Sealed evidence of an incident: which editions there are, asked for, taken away on record."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import IncidentId
from core.problem_http import problem_responses
from dashboard.incident_actions import IncidentHands
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath
from dashboard.schemas.incidents import BundleList, IncidentView, WhyHold, bundle_list
from fleet.evidence.store import BundleStore
from fleet.evidence.waiting import waiting_of
from fleet.incidents.rules import rules_of
from fleet.incidents.store import IncidentStore
from fleet.incidents.take_recording import recording_is_open

TAR = "application/x-tar"
_READS = ("invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable")


class Evidence(Controller):
    """What was sealed of an incident."""

    path = "/api/incidents/{incident_id:str}/evidence"
    tags = ("incidents",)

    @get(
        "/",
        operation_id="listEvidence",
        guards=[requires(Scope.EVIDENCE_READ)],
        responses=problem_responses(*_READS),
    )
    async def list_evidence(
        self,
        incident_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> BundleList:
        """Return the sealed editions with the hash of each file, and what the next one waits for."""
        async with dashboard.database.read() as tx:
            incident = await IncidentStore(tx).get(IncidentId(incident_id), reach_of(principal))
            found = await BundleStore(tx).editions(incident.incident_id)
            is_open = await recording_is_open(tx, incident)
        rules = rules_of(dashboard.judging)
        at = dashboard.clock.now()
        return bundle_list(found, waiting_of(incident, rules, recording_is_open=is_open, at=at))

    @get(
        "/{edition:int}",
        operation_id="takeEvidence",
        media_type=TAR,
        guards=[requires(Scope.EVIDENCE_READ)],
        responses={
            **problem_responses(*_READS),
            HTTP_200_OK: ResponseSpec(
                bytes, generate_examples=False, description="The bundle", media_type=TAR
            ),
        },
    )
    async def take_evidence(
        self,
        incident_id: IdPath,
        edition: Annotated[int, PathParameter(ge=1, le=2_147_483_647)],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> Response[bytes]:
        """Return the file of an edition; that it was taken is on record."""
        data = await IncidentHands(dashboard, principal).take_bundle(incident_id, edition)
        name = f"evidence-{incident_id}-{edition}.tar"
        return Response(
            data, media_type=TAR, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    @post(
        "/",
        operation_id="askEvidence",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.INCIDENTS_ACT)],
        responses=problem_responses(*_READS, "reason-missing"),
    )
    async def ask_evidence(
        self,
        incident_id: IdPath,
        data: JSONBody[WhyHold],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> IncidentView:
        """Have one more edition sealed, because a vehicle has sent since what was missing."""
        return await IncidentHands(dashboard, principal).ask_evidence(incident_id, data.reason)
