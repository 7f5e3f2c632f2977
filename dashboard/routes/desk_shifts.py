"""Shifts at desks: who sits there, whether it is muted, and what is handed over."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Controller, Request, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.database import Transaction
from core.ids import StaffId
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath
from dashboard.schemas.desk_shifts import (
    DeskAlive,
    DeskBoard,
    DeskShiftView,
    HandOver,
    desk_shift_view,
)
from fleet.desk_shifts.desk_shift import DeskShift
from fleet.desk_shifts.store import DeskShiftStore
from fleet.desk_shifts.work_desk_shift import begin_shift, hand_over, read_note

READ = ("not-authenticated", "forbidden", "unavailable")
ACT = (*READ, *REPEATED, "invalid-input", "origin-refused", "conflict", "database-busy")


class DeskShifts(Controller):
    """The desks of one's own company; the city's people see all."""

    path = "/api/desk-shifts"
    tags = ("desk shifts",)
    guards = (requires(Scope.DESK_SERVE),)

    @get("/", operation_id="readDeskBoard", responses=problem_responses(*READ))
    async def board(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> DeskBoard:
        """Return one's own shift, who is at which desk and the last hand-overs."""
        reach, wall = reach_of(principal), dashboard.clock.wall()
        async with dashboard.database.read() as tx:
            store = DeskShiftStore(tx)
            own = await store.current(StaffId(principal.id))
            return DeskBoard(
                own=None if own is None else desk_shift_view(own, wall=wall),
                desks=tuple(desk_shift_view(one, wall=wall) for one in await store.open_ones(reach)),
                notes=tuple(desk_shift_view(one, wall=wall) for one in await store.handed_over(reach)),
            )

    @post("/", operation_id="beginDeskShift", status_code=HTTP_200_OK, responses=problem_responses(*ACT))
    async def begin(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> DeskShiftView:
        """Begin one's shift; somebody who is in one stays in it."""
        clock = dashboard.clock

        async def work(tx: Transaction) -> DeskShift:
            return await begin_shift(tx, principal, at=clock.now(), wall=clock.wall())

        return await _once(request, principal, dashboard, idempotency_key, work)

    @put(
        "/presence",
        operation_id="sayDeskAlive",
        status_code=HTTP_200_OK,
        responses=problem_responses(*READ, "invalid-input", "origin-refused", "database-busy"),
    )
    async def presence(
        self,
        data: JSONBody[DeskAlive],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> DeskAlive:
        """Say that somebody sits at the desk and whether it makes a sound; kept for who is in a shift."""
        async with dashboard.database.write() as tx:
            wall = dashboard.clock.wall()
            await DeskShiftStore(tx).seen(StaffId(principal.id), is_muted=data.is_muted, wall=wall)
        return data

    @post(
        "/closings",
        operation_id="handOverDesk",
        status_code=HTTP_200_OK,
        responses=problem_responses(*ACT, "critical-alarm-without-owner"),
    )
    async def close(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[HandOver],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> DeskShiftView:
        """Close one's shift with a note; refused while a critical alarm belongs to nobody."""

        async def work(tx: Transaction) -> DeskShift:
            return await hand_over(tx, principal, data.note, at=dashboard.clock.now())

        return await _once(request, principal, dashboard, idempotency_key, work)

    @post(
        "/{shift_id:str}/readings",
        operation_id="readHandOver",
        status_code=HTTP_200_OK,
        responses=problem_responses(*ACT, "not-found"),
    )
    async def read(
        self,
        request: Request[Any, Any, Any],
        shift_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> DeskShiftView:
        """Say that one has read what a shift left."""

        async def work(tx: Transaction) -> DeskShift:
            return await read_note(tx, principal, shift_id, at=dashboard.clock.now())

        return await _once(request, principal, dashboard, idempotency_key, work)


async def _once(
    request: Request[Any, Any, Any],
    principal: Principal,
    dashboard: DashboardParts,
    key: str | None,
    deed: Callable[[Transaction], Awaitable[DeskShift]],
) -> DeskShiftView:
    wall = dashboard.clock.wall()

    async def work(tx: Transaction) -> DeskShiftView:
        return desk_shift_view(await deed(tx), wall=wall)

    repeated = await Repeated.of(request, principal, key)
    return await answer_once(dashboard.database, repeated, DeskShiftView, work, status=200, wall=wall)
