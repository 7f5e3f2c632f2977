"""Schedules over the api: read, made, changed, paused and ended; their occurrences looked at and excused."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from litestar import Controller, Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import OccurrenceId, ScheduleId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath, moment_of
from dashboard.schedule_desk import ScheduleDesk
from dashboard.schemas.schedules import (
    CalendarView,
    ChangedSchedule,
    NewSchedule,
    OccurrenceView,
    ScheduleList,
    SchedulePreviewView,
    ScheduleView,
    SlotException,
    SubjectList,
    TriedSchedule,
    Why,
    schedule_view,
)
from services.schedules.kinds import WorkKind
from services.schedules.store import ScheduleStore

Shown = Literal["current", "ended", "all"]
Kind = Annotated[WorkKind | None, QueryParameter()]
READ = ("invalid-input", "not-authenticated", "forbidden", "database-unavailable")
OF_ONE = (*READ, "not-found")
WRITE = (*OF_ONE, "reason-missing", "version-mismatch", "conflict", "database-busy")
A_WEEK = timedelta(days=7)


class Schedules(Controller):
    """What is started when."""

    path = "/api/schedules"
    tags = ("schedules",)

    @get(
        "/",
        operation_id="listSchedules",
        guards=[requires(Scope.SCHEDULES_READ)],
        responses=problem_responses(*READ),
    )
    async def list_schedules(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        kind: Kind = None,
        shown: Annotated[Shown, QueryParameter(name="state")] = "current",
    ) -> ScheduleList:
        """Return schedules by name: those that have not been ended, unless said otherwise."""
        async with dashboard.database.read() as tx:
            found = await ScheduleStore(tx).all(reach_of(principal), kinds=() if kind is None else (kind,))
        views = [schedule_view(schedule) for schedule in found]
        wanted = {"current": (False,), "ended": (True,), "all": (False, True)}[shown]
        return ScheduleList(items=tuple(view for view in views if (view.ended_at is not None) in wanted))

    @get(
        "/subjects",
        operation_id="listScheduleSubjects",
        guards=[requires(Scope.SCHEDULES_READ)],
        responses=problem_responses(*READ),
    )
    async def list_subjects(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        kind: Kind = None,
    ) -> SubjectList:
        """Return what may be scheduled: zones, beats, rounds within the caller's reach."""
        return await ScheduleDesk(dashboard, principal).subjects(kind)

    @get(
        "/{schedule_id:str}",
        operation_id="readSchedule",
        guards=[requires(Scope.SCHEDULES_READ)],
        responses=problem_responses(*OF_ONE),
    )
    async def read_schedule(
        self,
        schedule_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ScheduleView:
        """Return one schedule with its exceptions."""
        async with dashboard.database.read() as tx:
            return schedule_view(await ScheduleStore(tx).get(ScheduleId(schedule_id), reach_of(principal)))

    @get(
        "/{schedule_id:str}/preview",
        operation_id="previewSchedule",
        guards=[requires(Scope.SCHEDULES_READ)],
        responses=problem_responses(*OF_ONE),
    )
    async def preview(
        self,
        schedule_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> SchedulePreviewView:
        """Return the next thirty occurrences and what they clash with."""
        return await ScheduleDesk(dashboard, principal).preview(ScheduleId(schedule_id))

    @post(
        "/previews",
        operation_id="tryOutSchedule",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SCHEDULES_WRITE)],
        responses=problem_responses(*OF_ONE),
    )
    async def try_out(
        self,
        data: JSONBody[TriedSchedule],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> SchedulePreviewView:
        """Return what a schedule would do; nothing is stored."""
        return await ScheduleDesk(dashboard, principal).try_out(data)

    @post(
        "/",
        operation_id="makeSchedule",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SCHEDULES_WRITE)],
        responses=problem_responses(*OF_ONE, *REPEATED, "database-busy"),
    )
    async def make(
        self,
        data: JSONBody[NewSchedule],
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[ScheduleView]:
        """Store a new schedule; its first occurrence is the next one from now."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        made = await ScheduleDesk(dashboard, principal).make(data, repeated)
        headers = {"Location": f"/api/schedules/{made.schedule_id}"}
        return Response(made, status_code=HTTP_201_CREATED, headers=headers)

    @put(
        "/{schedule_id:str}",
        operation_id="changeSchedule",
        guards=[requires(Scope.SCHEDULES_WRITE)],
        responses=problem_responses(*WRITE),
    )
    async def change(
        self,
        schedule_id: IdPath,
        data: JSONBody[ChangedSchedule],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ScheduleView:
        """Replace what is said about a schedule; what came due goes on, the rest is planned anew."""
        return await ScheduleDesk(dashboard, principal).change(ScheduleId(schedule_id), data)

    @post(
        "/{schedule_id:str}/pauses",
        operation_id="pauseSchedule",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SCHEDULES_WRITE)],
        responses=problem_responses(*WRITE),
    )
    async def pause(
        self,
        schedule_id: IdPath,
        data: JSONBody[Why],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ScheduleView:
        """Let nothing more come due until somebody lets it go on."""
        desk = ScheduleDesk(dashboard, principal)
        return await desk.pause(ScheduleId(schedule_id), data, is_paused=True)

    @post(
        "/{schedule_id:str}/resumptions",
        operation_id="resumeSchedule",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SCHEDULES_WRITE)],
        responses=problem_responses(*WRITE),
    )
    async def resume(
        self,
        schedule_id: IdPath,
        data: JSONBody[Why],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ScheduleView:
        """Let a paused schedule go on from now; what was left out is not made up for."""
        desk = ScheduleDesk(dashboard, principal)
        return await desk.pause(ScheduleId(schedule_id), data, is_paused=False)

    @post(
        "/{schedule_id:str}/endings",
        operation_id="endSchedule",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SCHEDULES_WRITE)],
        responses=problem_responses(*WRITE),
    )
    async def end(
        self,
        schedule_id: IdPath,
        data: JSONBody[Why],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ScheduleView:
        """End a schedule for good; its past stays."""
        return await ScheduleDesk(dashboard, principal).end(ScheduleId(schedule_id), data)

    @post(
        "/{schedule_id:str}/exceptions",
        operation_id="exceptOccurrence",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SCHEDULES_WRITE)],
        responses=problem_responses(*WRITE),
    )
    async def except_slot(
        self,
        schedule_id: IdPath,
        data: JSONBody[SlotException],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ScheduleView:
        """Move one occurrence, leave it out, or put it back at its own time."""
        return await ScheduleDesk(dashboard, principal).except_slot(ScheduleId(schedule_id), data)


class Occurrences(Controller):
    """What became of each time of each schedule, and what is to come."""

    path = "/api/occurrences"
    tags = ("schedules",)

    @get(
        "/",
        operation_id="listOccurrences",
        guards=[requires(Scope.SCHEDULES_READ)],
        responses=problem_responses(*READ),
    )
    async def list_occurrences(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        from_at: Annotated[datetime | None, QueryParameter(name="from")] = None,
        to_at: Annotated[datetime | None, QueryParameter(name="to")] = None,
        kind: Kind = None,
        schedule_id: Annotated[str | None, QueryParameter(name="schedule", max_length=64)] = None,
    ) -> CalendarView:
        """Return what is due in [from, to), at most 35 days: from the city's midnight, for a week, unless
        said otherwise."""
        begin = (
            dashboard.day_began() if from_at is None else moment_of(from_at, dashboard.clock, field="from")
        )
        end = begin + A_WEEK if to_at is None else moment_of(to_at, dashboard.clock, field="to")
        return await ScheduleDesk(dashboard, principal).calendar(begin, end, kind, schedule_id)

    @post(
        "/{occurrence_id:str}/excuses",
        operation_id="excuseOccurrence",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SCHEDULES_WRITE)],
        responses=problem_responses(*WRITE, "illegal-transition"),
    )
    async def excuse(
        self,
        occurrence_id: IdPath,
        data: JSONBody[Why],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> OccurrenceView:
        """Excuse what was missed or will be; work that waits for a vehicle is taken back."""
        return await ScheduleDesk(dashboard, principal).excuse(OccurrenceId(occurrence_id), data)
