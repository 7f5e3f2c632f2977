"""Alarms: read, acknowledged, commented."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import AlarmId
from core.problem_http import problem_responses
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import Cursor, IdPath
from dashboard.schemas.alarms import (
    AcknowledgeAlarm,
    AlarmPage,
    AlarmView,
    CommentAlarm,
    alarm_page,
    alarm_view,
)
from fleet.alarms.acknowledge_alarm import acknowledge_alarm, comment_alarm
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import STANDING, WAITING, AlarmState
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

    @post(
        "/{alarm_id:str}/acknowledge",
        operation_id="acknowledgeAlarm",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.ALARMS_ACT)],
        responses=problem_responses(
            "invalid-input",
            "not-authenticated",
            "forbidden",
            "not-found",
            "illegal-transition",
            "version-mismatch",
            "unavailable",
        ),
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
