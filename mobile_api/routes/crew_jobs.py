"""The field crew's jobs on a phone: what is next, setting out, arriving, proof or why it cannot be done."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.errors import Invalid
from core.ids import WorkOrderId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from mobile_api.crew_actions import CrewHands, jobs_of_crew, one_job
from mobile_api.parts import MobileParts
from mobile_api.routes.parameters import IdPath
from mobile_api.schemas.crew_jobs import CrewJob, JobDone, JobImpossible, JobReason

Lat = Annotated[float | None, QueryParameter(ge=-90, le=90)]
Lng = Annotated[float | None, QueryParameter(ge=-180, le=180)]
OWN = ("invalid-input", "not-authenticated", "forbidden", "not-found", "database-unavailable")
CHANGE = (
    *OWN,
    *REPEATED,
    "conflict",
    "illegal-transition",
    "version-mismatch",
    "reason-missing",
    "database-busy",
)


class CrewJobs(Controller):
    """Work orders of the field crew."""

    path = "/api/crew/jobs"
    tags = ("crew jobs",)
    guards = (requires(Scope.WORK_DO),)

    @get("/", operation_id="listCrewJobs", responses=problem_responses(*OWN))
    async def list_jobs(
        self,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        lat: Lat = None,
        lng: Lng = None,
    ) -> list[CrewJob]:
        """Return one's own jobs and the open ones: under way first, then by severity and by distance from
        `lat`, `lng`, which are kept nowhere."""
        if (lat is None) is not (lng is None):
            raise Invalid("invalid-input", "a place has both", field="lat, lng", limit="both or neither")
        here = None if lat is None or lng is None else (lat, lng)
        return await jobs_of_crew(mobile, principal, here)

    @get("/{work_order_id:str}", operation_id="readCrewJob", responses=problem_responses(*OWN))
    async def read_job(
        self,
        work_order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
    ) -> CrewJob:
        """Return one job with its history."""
        return await one_job(mobile, principal, WorkOrderId(work_order_id))

    @post(
        "/{work_order_id:str}/take",
        operation_id="takeJob",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def take(
        self,
        request: Request[Any, Any, Any],
        work_order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CrewJob:
        """Take an open job."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await CrewHands(mobile, principal, work_order_id, repeated).take()

    @post(
        "/{work_order_id:str}/hand-back",
        operation_id="handBackJob",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def hand_back(
        self,
        request: Request[Any, Any, Any],
        work_order_id: IdPath,
        data: JSONBody[JobReason],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CrewJob:
        """Hand one's job back, open for others."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await CrewHands(mobile, principal, work_order_id, repeated).hand_back(data.reason)

    @post(
        "/{work_order_id:str}/start",
        operation_id="startJob",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def start(
        self,
        request: Request[Any, Any, Any],
        work_order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CrewJob:
        """Set out. Again: the same job."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await CrewHands(mobile, principal, work_order_id, repeated).set_out()

    @post(
        "/{work_order_id:str}/arrive",
        operation_id="arriveAtJob",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def arrive(
        self,
        request: Request[Any, Any, Any],
        work_order_id: IdPath,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CrewJob:
        """Say that one stands at the vehicle. Again: the same job."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await CrewHands(mobile, principal, work_order_id, repeated).arrive()

    @post(
        "/{work_order_id:str}/done",
        operation_id="finishJob",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def done(
        self,
        request: Request[Any, Any, Any],
        work_order_id: IdPath,
        data: JSONBody[JobDone],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CrewJob:
        """Prove it done, and say of a rescue what became of the goods."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await CrewHands(mobile, principal, work_order_id, repeated).finish(data)

    @post(
        "/{work_order_id:str}/cannot",
        operation_id="giveUpJob",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def cannot(
        self,
        request: Request[Any, Any, Any],
        work_order_id: IdPath,
        data: JSONBody[JobImpossible],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> CrewJob:
        """Say why it cannot be done. Safety work is opened again at once, as `instead` when that is named."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await CrewHands(mobile, principal, work_order_id, repeated).give_up(data)
