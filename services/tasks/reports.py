"""Reports that move a task along its stops, whatever it carries."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from core.database import Transaction
from core.inbox import InboxItem
from fleet.links.wire.reports import Fault, StopLeft, StopReached, TaskDone, read_report_body
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.take_reports import move_duty_if_it_can, take_fault
from services.orders.zone import want_dispatch
from services.tasks.effects import NothingOnBoard, TaskEffects
from services.tasks.end_task import end_task
from services.tasks.guard import current_task, moment_of
from services.tasks.lose_task import lose_task, take_up_again
from services.tasks.states import (
    StopEvent,
    StopKind,
    StopState,
    TaskFinished,
    TaskKind,
    TaskStarted,
    TaskState,
)
from services.tasks.store import TaskStore
from services.tasks.task import Stop, Task, advance_stop

APPLIED = "applied"


class TaskReports:
    """Handlers of stop_reached, stop_left, task_done and fault; each returns its outcome in a word."""

    def __init__(self, effects: Mapping[TaskKind, TaskEffects]) -> None:
        """Take what each task kind does on top; kinds that are absent carry nothing."""
        self._effects = effects

    def effects(self, task: Task) -> TaskEffects:
        """Return the effects of a task's kind."""
        return self._effects.get(task.kind) or NothingOnBoard()

    async def open_task(self, tx: Transaction, item: InboxItem, *, at: datetime) -> Task | str:
        """Return the task a report may move, under way, or the outcome that refuses the report.

        A report about the plan proves that the vehicle took it, also when its acknowledgement was lost.
        """
        task = await current_task(tx, item)
        if isinstance(task, str):
            return task
        task = TaskStore(tx).heard(task, at=at)
        effects = self.effects(task)
        if task.state is TaskState.ASSIGNED:
            return await self.start(tx, task, at=moment_of(item, task, at))
        return await take_up_again(tx, task, effects, at=moment_of(item, task, at))

    async def start(self, tx: Transaction, task: Task, *, at: datetime) -> Task:
        """Return the task that its vehicle took."""
        started = await TaskStore(tx).move(task, TaskStarted(), at=at)
        await self.effects(task).started(tx, started, at)
        return started

    async def stop_reached(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Note that the vehicle stands at a stop; stops before it that it never reported are skipped."""
        body = cast(StopReached, read_report_body(item.kind, item.body))
        task = await self.open_task(tx, item, at=at)
        if isinstance(task, str):
            return task
        stop = task.stop(body.stop_id)
        if stop is None:
            return "unknown-stop"
        if stop.state is not StopState.PLANNED:
            return "already"
        moment = moment_of(item, task, at)
        task = await self._pass_by(tx, task, stop, at=moment)
        reached = advance_stop(stop, StopEvent.REACH, at=moment)
        task = await TaskStore(tx).put_stop(task, reached, at=moment)
        is_charger = stop.kind is StopKind.CHARGE
        event = DutyEvent.CHARGING_STARTED if is_charger else DutyEvent.STOP_REACHED
        await move_duty_if_it_can(tx, task.vehicle_no, event, at)
        await self.effects(task).stop_reached(tx, task, reached, moment)
        return APPLIED

    async def stop_left(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Note that the vehicle drives on to its next stop."""
        body = cast(StopLeft, read_report_body(item.kind, item.body))
        task = await self.open_task(tx, item, at=at)
        if isinstance(task, str):
            return task
        stop = task.stop(body.stop_id)
        if stop is None:
            return "unknown-stop"
        if stop.state is not StopState.REACHED:
            return "already" if stop.state is StopState.DONE else "not-there"
        moment = moment_of(item, task, at)
        left = advance_stop(stop, StopEvent.FINISH, at=moment)
        task = await TaskStore(tx).put_stop(task, left, at=moment)
        if task.next_stop() is not None:
            await move_duty_if_it_can(tx, task.vehicle_no, DutyEvent.SENT_TO_STOP, at)
        await self.effects(task).stop_left(tx, task, left, moment)
        return APPLIED

    async def task_done(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """End the task. What a vehicle leaves unsettled, or calls failed, is a lost task."""
        body = cast(TaskDone, read_report_body(item.kind, item.body))
        task = await self.open_task(tx, item, at=at)
        if isinstance(task, str):
            return task
        moment = moment_of(item, task, at)
        effects = self.effects(task)
        if body.result == "failed":
            await lose_task(tx, task, "task_failed", effects, at=moment)
            return "failed"
        task = await self._close_stops(tx, task, at=moment)
        if not await effects.is_settled(tx, task):
            await lose_task(tx, task, "not_handed_over", effects, at=moment)
            return "not-settled"
        ended = await end_task(tx, task, TaskFinished(), at=moment)
        await effects.finished(tx, ended, moment)
        if task.kind is TaskKind.CHARGING:
            await move_duty_if_it_can(tx, task.vehicle_no, DutyEvent.CHARGING_ENDED, at)
        await want_dispatch(tx, task.district, at=at)
        return APPLIED

    async def fault(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Raise or clear the fault's alarm, and give the task up when the vehicle cannot go on with it."""
        outcome = await take_fault(tx, item, at=at)
        body = cast(Fault, read_report_body(item.kind, item.body))
        if not body.fatal or body.is_cleared:
            return outcome
        task = await current_task(tx, item)
        if isinstance(task, Task):
            await lose_task(tx, task, "vehicle_fault", self.effects(task), at=moment_of(item, task, at))
        return outcome

    async def _pass_by(self, tx: Transaction, task: Task, until: Stop, *, at: datetime) -> Task:
        for stop in task.stops:
            if stop.seq < until.seq and stop.state is StopState.PLANNED:
                skipped = advance_stop(stop, StopEvent.SKIP, at=at)
                task = await TaskStore(tx).put_stop(task, skipped, at=at)
        return task

    async def _close_stops(self, tx: Transaction, task: Task, *, at: datetime) -> Task:
        for stop in task.stops:
            if stop.state is StopState.PLANNED:
                task = await TaskStore(tx).put_stop(task, advance_stop(stop, StopEvent.SKIP, at=at), at=at)
            elif stop.state is StopState.REACHED:
                left = advance_stop(stop, StopEvent.FINISH, at=at)
                task = await TaskStore(tx).put_stop(task, left, at=at)
                await self.effects(task).stop_left(tx, task, left, at)
        return task
