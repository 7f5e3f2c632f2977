"""Alarms: read, given to somebody, answered, acknowledged, commented."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import AlarmId, StaffId
from core.problem_http import problem_responses
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import Cursor, IdPath
from dashboard.schemas.alarms import (
    AcknowledgeAlarm,
    AlarmKinds,
    AlarmMembers,
    AlarmPage,
    AlarmPeople,
    AlarmView,
    AnswerAlarm,
    AssignAlarm,
    CommentAlarm,
    alarm_kinds,
    alarm_members,
    alarm_page,
    alarm_people,
    alarm_view,
)
from fleet.alarms.acknowledge_alarm import acknowledge_alarm, comment_alarm
from fleet.alarms.alarm import Alarm
from fleet.alarms.answer_alarm import answer_alarm
from fleet.alarms.assign_alarm import assign_alarm
from fleet.alarms.groups import members_of
from fleet.alarms.kinds import STANDING, WAITING, AlarmState
from fleet.alarms.people import people_for
from fleet.alarms.store import AlarmPlace, AlarmStore
from fleet.vehicles.store import VehicleStore

Shown = Literal["open", "waiting", "standing", "all"]
STATES: dict[Shown, frozenset[AlarmState]] = {
    "open": frozenset(AlarmState) - {AlarmState.CLOSED},
    "waiting": WAITING,
    "standing": STANDING,
    "all": frozenset(),
}
"""open: not closed; waiting: nobody acknowledged; standing: the cause is there."""


ACTING = problem_responses(
    "invalid-input",
    "not-authenticated",
    "forbidden",
    "not-found",
    "illegal-transition",
    "version-mismatch",
    "unavailable",
)


class Alarms(Controller):
    """What asks somebody to act."""

    path = "/api/alarms"
    tags = ("alarms",)

    @get(
        "/",
        operation_id="listAlarms",
        guards=[requires(Scope.ALARMS_READ)],
        responses=problem_responses(
            "invalid-input", "cursor-invalid", "not-authenticated", "forbidden", "unavailable"
        ),
    )
    async def list_alarms(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        shown: Annotated[Shown, QueryParameter(name="state")] = "open",
        vehicle_no: Annotated[int | None, QueryParameter(name="vehicleNo", ge=1, le=4_294_967_295)] = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> AlarmPage:
        """Return alarms, newest first."""
        place = read_cursor(cursor, tuple[datetime, str])
        after = None if place is None else AlarmPlace(*place)
        async with dashboard.database.read() as tx:
            found = await AlarmStore(tx).page(
                reach_of(principal), states=STATES[shown], vehicle_no=vehicle_no, after=after, limit=limit + 1
            )
            codes = await VehicleStore(tx).codes_of({alarm.vehicle_no for alarm in found})
        return alarm_page(found, codes, limit)

    @get(
        "/kinds",
        operation_id="listAlarmKinds",
        guards=[requires(Scope.ALARMS_READ)],
        responses=problem_responses("not-authenticated", "forbidden"),
    )
    async def list_kinds(self) -> AlarmKinds:
        """Return every kind with its names, default severity, suggested action and allowed answers."""
        return alarm_kinds()

    @get(
        "/{alarm_id:str}/people",
        operation_id="listAlarmPeople",
        guards=[requires(Scope.ALARMS_ACT)],
        responses=problem_responses("not-authenticated", "forbidden", "not-found", "unavailable"),
    )
    async def list_people(
        self,
        alarm_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> AlarmPeople:
        """Return who may be given an alarm."""
        async with dashboard.database.read() as tx:
            alarm = await AlarmStore(tx).get(AlarmId(alarm_id), reach_of(principal))
            return alarm_people(await people_for(tx, alarm))

    @get(
        "/{alarm_id:str}/members",
        operation_id="listAlarmMembers",
        guards=[requires(Scope.ALARMS_READ)],
        responses=problem_responses("not-authenticated", "forbidden", "not-found", "unavailable"),
    )
    async def list_members(
        self,
        alarm_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> AlarmMembers:
        """Return the vehicles of a group alarm and which of them are back."""
        async with dashboard.database.read() as tx:
            alarm = await AlarmStore(tx).get(AlarmId(alarm_id), reach_of(principal))
            members = await members_of(tx, alarm.alarm_id)
            codes = await VehicleStore(tx).codes_of({member.vehicle_no for member in members})
        return alarm_members(members, codes)

    @post(
        "/{alarm_id:str}/assign",
        operation_id="assignAlarm",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ALARMS_ACT)],
        responses=ACTING,
    )
    async def assign(
        self,
        alarm_id: IdPath,
        data: JSONBody[AssignAlarm],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> AlarmView:
        """Take an alarm, or give it to somebody; acknowledges nothing."""
        alarm = await assign_alarm(
            dashboard.database,
            principal,
            AlarmId(alarm_id),
            assignee=None if data.assignee is None else StaffId(data.assignee),
            version=data.version,
            at=dashboard.clock.now(),
            wall=dashboard.clock.wall(),
        )
        return await _with_code(dashboard, alarm)

    @post(
        "/{alarm_id:str}/answers",
        operation_id="answerAlarm",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ALARMS_ACT)],
        responses=ACTING,
    )
    async def answer(
        self,
        alarm_id: IdPath,
        data: JSONBody[AnswerAlarm],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> AlarmView:
        """Answer an alarm; every answer but `watching` acknowledges it."""
        alarm = await answer_alarm(
            dashboard.database,
            principal,
            AlarmId(alarm_id),
            given=data.answer,
            comment=data.comment,
            version=data.version,
            at=dashboard.clock.now(),
        )
        return await _with_code(dashboard, alarm)

    @post(
        "/{alarm_id:str}/acknowledge",
        operation_id="acknowledgeAlarm",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ALARMS_ACT)],
        responses=ACTING,
    )
    async def acknowledge(
        self,
        alarm_id: IdPath,
        data: JSONBody[AcknowledgeAlarm],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> AlarmView:
        """Take notice of an alarm by name; its cause still has to go away."""
        alarm = await acknowledge_alarm(
            dashboard.database,
            principal,
            AlarmId(alarm_id),
            comment=data.comment,
            version=data.version,
            at=dashboard.clock.now(),
        )
        return await _with_code(dashboard, alarm)

    @post(
        "/{alarm_id:str}/comments",
        operation_id="commentAlarm",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ALARMS_ACT)],
        responses=problem_responses(
            "invalid-input", "not-authenticated", "forbidden", "not-found", "version-mismatch", "unavailable"
        ),
    )
    async def comment(
        self,
        alarm_id: IdPath,
        data: JSONBody[CommentAlarm],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> AlarmView:
        """Say something about an alarm; changes neither flag."""
        at = dashboard.clock.now()
        alarm = await comment_alarm(
            dashboard.database, principal, AlarmId(alarm_id), text=data.comment, at=at
        )
        return await _with_code(dashboard, alarm)


async def _with_code(dashboard: DashboardParts, alarm: Alarm) -> AlarmView:
    async with dashboard.database.read() as tx:
        codes = await VehicleStore(tx).codes_of([alarm.vehicle_no])
    return alarm_view(alarm, codes.get(alarm.vehicle_no))
