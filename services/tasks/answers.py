"""The vehicle's answer to its plan: taken, or refused and given to another."""

from datetime import datetime
from typing import cast

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import CommandId
from core.inbox import InboxItem
from core.inbox_consumer import ReportHandler
from fleet.commands.command import Command
from fleet.commands.kinds import CommandState
from fleet.commands.store import CommandStore
from fleet.links.wire.commands import CommandKind
from fleet.links.wire.reports import CommandAck, read_report_body
from services.tasks.lose_task import lose_task
from services.tasks.reports import TaskReports
from services.tasks.states import TaskState
from services.tasks.store import TaskStore
from services.tasks.task import Task

CAUSES = {
    CommandState.REJECTED: "plan_refused",
    CommandState.FAILED: "plan_refused",
    CommandState.EXPIRED: "plan_unanswered",
}
"""Ends of an ``assign_task`` command after which its vehicle will not drive the plan."""
NOT_THE_END = frozenset({"no-result", "unanswered"})
"""Details of commands that fleet gave up waiting for. A task may last for hours, and a vehicle that was
sent its
plan may be driving it although its answer is late. Silence is judged by services.tasks.watch_tasks."""


class PlanTaken:
    """Wraps fleet's handler of ``command_ack``: the command moves first, then the task it brought is under
    way."""

    def __init__(self, inner: ReportHandler, reports: TaskReports) -> None:
        """Take the handler that moves commands, and who moves tasks."""
        self._inner = inner
        self._reports = reports

    async def __call__(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Return the outcome of the inner handler."""
        outcome = await self._inner(tx, item, at=at)
        body = cast(CommandAck, read_report_body(item.kind, item.body))
        if body.result != "accepted":
            return outcome
        command = await CommandStore(tx).lock(CommandId(body.command_id))
        if command is None or command.vehicle_no != item.vehicle_no:
            return outcome
        task = await _task_of(tx, command)
        if task is not None and task.state is TaskState.ASSIGNED:
            await self._reports.start(tx, task, at=at)
        return outcome


class PlanEnded:
    """What follows when an ``assign_task`` command is over (fleet.commands.ending): a refused plan is
    given up."""

    def __init__(self, reports: TaskReports) -> None:
        """Take who knows what each task carries."""
        self._reports = reports

    async def __call__(self, tx: Transaction, command: Command, *, at: datetime) -> None:
        """Lose the task of a refused, failed or expired command unless its vehicle went on without
        answering."""
        cause = CAUSES.get(command.state)
        if cause is None or command.detail in NOT_THE_END:
            return
        task = await _task_of(tx, command)
        if task is None:
            return
        is_refused = task.state is TaskState.EXECUTING and command.state is not CommandState.EXPIRED
        is_unheard = task.state is TaskState.EXECUTING and not _spoke_since(task, command)
        if task.state is TaskState.ASSIGNED or is_refused or is_unheard:
            await lose_task(tx, task, cause, self._reports.effects(task), at=at)


def _spoke_since(task: Task, command: Command) -> bool:
    """Return whether the vehicle said anything about the plan that the command brought.

    A task that was taken up again is under way before its vehicle answers.
    """
    return task.last_report_at is not None and task.last_report_at > command.issued_at


async def _task_of(tx: Transaction, command: Command) -> Task | None:
    """Return the task whose present plan an ``assign_task`` command brought, or None."""
    if command.kind is not CommandKind.ASSIGN_TASK or command.task_id is None:
        return None
    task = await TaskStore(tx).find(command.task_id, EVERYTHING)
    return task if task is not None and task.epoch == command.epoch else None
