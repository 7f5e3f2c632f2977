"""Tasks whose vehicle fell silent: given to another vehicle, or to a person when goods are on board."""

import asyncio
from datetime import datetime, timedelta

import structlog

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, IllegalTransition, VersionMismatch
from core.ids import VehicleNo
from core.repeating import repeat
from fleet.commands.store import CommandStore
from fleet.vehicles.last_heard import LastHeardReader
from services.tasks.lose_task import lose_task
from services.tasks.reports import TaskReports
from services.tasks.states import StopKind, StopState, TaskState
from services.tasks.store import TaskStore
from services.tasks.task import Task

SILENT_S = 180.0
"""City seconds without a word after which another vehicle takes a job that is not loaded yet."""
SILENT_LOADED_S = 600.0
"""City seconds without a word after which a person is asked to look for loaded goods."""
SILENT_WALL_S = 20.0
"""Silence shorter than this on the wall is no silence: at 60× a reconnect takes minutes of the city."""
FEW = 3
"""Up to so many silent vehicles are believed whatever their share."""

_log = structlog.get_logger("services.tasks")


class TaskWatch:
    """The reconciler of running tasks; two may run, compare-and-set lets one win."""

    def __init__(
        self,
        database: Database,
        last_heard: LastHeardReader,
        clock: Clock,
        reports: TaskReports,
        *,
        every_s: float = 5.0,
    ) -> None:
        """Take the stores, who knows when a vehicle was heard, who moves tasks, and the pause in wall
        seconds."""
        self._database = database
        self._last_heard = last_heard
        self._clock = clock
        self._reports = reports
        self._every_s = every_s
        self._began_wall = clock.wall()

    async def watch_once(self) -> int:
        """Give up every task whose vehicle is silent or never answered; return how many. Raises
        Unavailable."""
        at = self._clock.now()
        async with self._database.read() as tx:
            tasks = await TaskStore(tx).active(EVERYTHING)
        if not tasks:
            return 0
        heard = await self._last_heard.last_heard([task.vehicle_no for task in tasks])
        moments = {number: state.measured_at for number, state in heard.items()}
        silent = {task.task_id for task in tasks if self._is_silent(task, moments, at)}
        if len(silent) > max(FEW, len(tasks) / 2):
            # most of a city does not fall silent at once: it is we who do not hear
            _log.warning("most_vehicles_silent", silent=len(silent), tasks=len(tasks))
            silent = set()
        given_up = 0
        for task in tasks:
            if task.state is TaskState.NEEDS_PERSON:
                continue
            if task.task_id in silent:
                given_up += await self._give_up(task, "vehicle_silent")
            elif task.state is TaskState.ASSIGNED and self._is_older(task.created_at, SILENT_S, at):
                given_up += await self._give_up(task, "plan_unanswered")
        return given_up

    def _is_silent(self, task: Task, moments: dict[VehicleNo, datetime], at: datetime) -> bool:
        # after our own outage every vehicle looks silent: wait until it had time to be heard again
        if self._clock.wall() - self._began_wall < timedelta(seconds=SILENT_WALL_S):
            return False
        spoke = [task.created_at, *(m for m in (task.last_report_at, moments.get(task.vehicle_no)) if m)]
        return self._is_older(max(spoke), SILENT_LOADED_S if _is_loaded(task) else SILENT_S, at)

    def _is_older(self, moment: datetime, limit_s: float, at: datetime) -> bool:
        return (at - moment).total_seconds() > max(limit_s, SILENT_WALL_S * self._clock.rate)

    async def _give_up(self, task: Task, cause: str) -> int:
        try:
            async with self._database.write() as tx:
                fresh = await TaskStore(tx).get(task.task_id, EVERYTHING)
                if fresh.version != task.version:
                    return 0
                if cause == "plan_unanswered" and await CommandStore(tx).open_of_task(task.task_id):
                    return 0
                await lose_task(tx, fresh, cause, self._reports.effects(fresh), at=self._clock.now())
        except (Conflict, IllegalTransition, VersionMismatch):
            return 0
        _log.warning("task_given_up", task_id=task.task_id, vehicle_no=task.vehicle_no, cause=cause)
        return 1

    async def run(self, stop: asyncio.Event) -> None:
        """Do so every few seconds until `stop`, through outages."""
        await repeat("tasks", self.watch_once, self._every_s, stop)


def _is_loaded(task: Task) -> bool:
    """Return whether the vehicle has left its first load stop; then goods may be on board."""
    return any(stop.kind is StopKind.LOAD and stop.state is StopState.DONE for stop in task.stops)
