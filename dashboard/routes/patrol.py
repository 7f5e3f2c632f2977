"""Patrol over the api: beats made and changed, runs started and read with evidence, a place looked at."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from litestar import Controller, Request, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.errors import Conflict
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.patrol_desk import PatrolDesk
from dashboard.routes.parameters import Cursor, IdPath
from dashboard.schemas.patrol import (
    AcceptBody,
    BeatBody,
    BeatHistory,
    BeatList,
    BeatView,
    ChangedBeat,
    LookBody,
    OfVersion,
    RoadPoint,
    RunPage,
    RunSheet,
    beat_view,
    road_point,
)
from services.patrol.beat import BeatId
from services.patrol.beat_store import BeatStore
from services.patrol.doubt import accept_doubtful
from services.patrol.edit_beat import retire_beat
from services.patrol.look_now import Looker
from services.patrol.run import RunId
from services.patrol.start_run import call_off_run, start_run
from services.routing.route import GeoPoint

READ = ("invalid-input", "not-authenticated", "forbidden", "database-unavailable")
OF_ONE = (*READ, "not-found")
WRITE = (*OF_ONE, "origin-refused", "database-busy", "conflict")
LOOKS = (
    *WRITE,
    *REPEATED,
    "reason-missing",
    "route-not-found",
    "vehicle-not-dispatchable",
    "operator-full",
    "routing-unavailable",
    "unavailable",
)


class PatrolBeats(Controller):
    """What patrol vehicles go round."""

    path = "/api/patrol/beats"
    tags = ("patrol",)

    @get(
        "/",
        operation_id="listBeats",
        guards=[requires(Scope.PATROL_READ)],
        responses=problem_responses(*READ),
    )
    async def list_beats(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        with_retired: Annotated[bool, QueryParameter(name="withRetired")] = False,
    ) -> BeatList:
        """Return the beats within reach by name."""
        async with dashboard.database.read() as tx:
            found = await BeatStore(tx).all(reach_of(principal), with_retired=with_retired)
        return BeatList(items=tuple(beat_view(beat) for beat in found))

    @post(
        "/",
        operation_id="makeBeat",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.PATROL_WRITE)],
        responses=problem_responses(*WRITE, *REPEATED),
    )
    async def make(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[BeatBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> BeatView:
        """Make a beat; schedules and runs may then name it."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await PatrolDesk(dashboard, principal).make(data, repeated)

    @get(
        "/{beat_id:str}",
        operation_id="readBeat",
        guards=[requires(Scope.PATROL_READ)],
        responses=problem_responses(*OF_ONE),
    )
    async def read(
        self,
        beat_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> BeatHistory:
        """Return a beat with every version of it."""
        return await PatrolDesk(dashboard, principal).beat(BeatId(beat_id))

    @put(
        "/{beat_id:str}",
        operation_id="changeBeat",
        guards=[requires(Scope.PATROL_WRITE)],
        responses=problem_responses(*WRITE, "version-mismatch"),
    )
    async def change(
        self,
        beat_id: IdPath,
        data: JSONBody[ChangedBeat],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> BeatView:
        """Make the next version; a retired beat is in use again."""
        return await PatrolDesk(dashboard, principal).change(BeatId(beat_id), data)

    @post(
        "/{beat_id:str}/retirements",
        operation_id="retireBeat",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.PATROL_WRITE)],
        responses=problem_responses(*WRITE, "version-mismatch"),
    )
    async def retire(
        self,
        beat_id: IdPath,
        data: JSONBody[OfVersion],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> BeatView:
        """Let nothing be started of a beat any more; what is under way goes on."""
        at = dashboard.clock.now()
        async with dashboard.database.write() as tx:
            return beat_view(await retire_beat(tx, principal, BeatId(beat_id), version=data.version, at=at))

    @post(
        "/{beat_id:str}/runs",
        operation_id="startBeatRun",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.PATROL_WRITE)],
        responses=problem_responses(*WRITE, *REPEATED),
    )
    async def start(
        self,
        request: Request[Any, Any, Any],
        beat_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> RunSheet:
        """Have the next free patrol vehicle go round, within an hour."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        act = partial(start_run, principal=principal, beat_id=BeatId(beat_id), at=dashboard.clock.now())
        return await PatrolDesk(dashboard, principal).once(act, repeated, status=201)


class PatrolRuns(Controller):
    """What came of beats and looks."""

    path = "/api/patrol/runs"
    tags = ("patrol",)

    @get(
        "/",
        operation_id="listPatrolRuns",
        guards=[requires(Scope.PATROL_READ)],
        responses=problem_responses(*READ, "cursor-invalid"),
    )
    async def list_runs(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        beat_id: Annotated[str | None, QueryParameter(name="beatId", max_length=64)] = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> RunPage:
        """Return runs, the newest first."""
        before = read_cursor(cursor, tuple[datetime, str])
        beat = None if beat_id is None else BeatId(beat_id)
        return await PatrolDesk(dashboard, principal).runs(beat, before, limit)

    @get(
        "/{patrol_run_id:str}",
        operation_id="readPatrolRun",
        guards=[requires(Scope.PATROL_READ)],
        responses=problem_responses(*OF_ONE),
    )
    async def read(
        self,
        patrol_run_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> RunSheet:
        """Return a run with its checkpoints and evidence."""
        return await PatrolDesk(dashboard, principal).sheet(RunId(patrol_run_id))

    @post(
        "/{patrol_run_id:str}/cancellations",
        operation_id="callOffPatrolRun",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.PATROL_WRITE)],
        responses=problem_responses(*WRITE, *REPEATED, "illegal-transition"),
    )
    async def call_off(
        self,
        request: Request[Any, Any, Any],
        patrol_run_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> RunSheet:
        """Call off a run that waits for a vehicle."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        run_id, now = RunId(patrol_run_id), dashboard.clock.now()
        act = partial(call_off_run, principal=principal, run_id=run_id, at=now)
        return await PatrolDesk(dashboard, principal).once(act, repeated, status=200)

    @post(
        "/{patrol_run_id:str}/acceptances",
        operation_id="acceptDoubtfulCheckpoint",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.PATROL_WRITE)],
        responses=problem_responses(*WRITE, *REPEATED, "illegal-transition", "reason-missing"),
    )
    async def accept(
        self,
        request: Request[Any, Any, Any],
        patrol_run_id: IdPath,
        data: JSONBody[AcceptBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> RunSheet:
        """Count a checkpoint as inspected although its evidence is doubtful, with a reason."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        act = partial(
            accept_doubtful,
            principal=principal,
            run_id=RunId(patrol_run_id),
            checkpoint_id=data.checkpoint_id,
            reason=data.reason,
            at=dashboard.clock.now(),
        )
        return await PatrolDesk(dashboard, principal).once(act, repeated, status=200)


@get(
    "/api/patrol/road-points",
    operation_id="nearestRoad",
    tags=["patrol"],
    guards=[requires(Scope.PATROL_WRITE)],
    responses=problem_responses(*READ, "route-not-found", "routing-unavailable", "unavailable"),
)
async def nearest_road(
    lat: Annotated[float, QueryParameter(ge=-90, le=90)],
    lng: Annotated[float, QueryParameter(ge=-180, le=180)],
    dashboard: NamedDependency[DashboardParts],
) -> RoadPoint:
    """Return where a vehicle would stand for a checkpoint: the nearest point on a road, and how far it is."""
    stand = await dashboard.roads.near(GeoPoint(lat, lng))
    if stand is None:
        raise Conflict("route-not-found", "no road leads near the place")
    return road_point(stand, lat, lng)


@post(
    "/api/patrol/looks",
    operation_id="goAndLook",
    status_code=HTTP_201_CREATED,
    tags=["patrol"],
    guards=[requires(Scope.PATROL_WRITE)],
    responses=problem_responses(*LOOKS),
)
async def go_and_look(
    request: Request[Any, Any, Any],
    data: JSONBody[LookBody],
    principal: NamedDependency[Principal],
    dashboard: NamedDependency[DashboardParts],
    looker: NamedDependency[Looker],
    idempotency_key: IdempotencyKey = None,
) -> RunSheet:
    """Send the nearest patrol vehicle, or the one that is named, to look at a place now."""
    repeated = await Repeated.of(request, principal, idempotency_key)
    return await PatrolDesk(dashboard, principal).look(looker, data, repeated)
