"""The vehicle's answer to the plan with one order more: taken, or the order is given to another vehicle."""

from datetime import datetime
from typing import Final

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import CommandId, OrderId
from core.inbox import InboxItem
from core.inbox_consumer import ReportHandler
from fleet.commands.command import Command
from fleet.commands.kinds import CommandState
from fleet.commands.store import CommandStore
from fleet.links.wire.commands import AssignTask, CommandKind, Reroute, StopPlan, read_command_body
from fleet.links.wire.reports import CommandAck, CommandResult, read_report_body
from services.delivery.effects import DeliveryEffects, orders_of
from services.dispatch.joins.lines import ORDER_JOINS
from services.orders.states import OrderState, VehicleLost
from services.orders.store import OrderStore
from services.orders.zone import want_dispatch
from services.tasks.answers import NOT_THE_END
from services.tasks.plan import leg_of
from services.tasks.states import TERMINAL, StopState
from services.tasks.store import TaskStore
from services.tasks.take_off import take_off
from services.tasks.task import Leg, Task

REFUSED: Final = "plan_refused"
PLANS: Final = frozenset({CommandKind.ASSIGN_TASK, CommandKind.REROUTE})
NOT_TAKEN: Final = frozenset({"rejected", "superseded", "failed"})
"""Late answers of a vehicle that drives on with the plan it had."""


async def join_ended(tx: Transaction, command: Command, *, at: datetime) -> None:
    """Follow the end of a ``reroute`` (fleet.commands.ending) that brought an order more; others change
    nothing.

    Of a vehicle that did not answer nobody knows which plan it drives: its next stop says it
    (services.delivery.effects).
    """
    if command.reason != ORDER_JOINS:
        return
    if command.state is CommandState.SUCCEEDED:
        await _taken(tx, command, at)
    elif command.detail not in NOT_THE_END:
        await _give_back(tx, command, at)


class LateJoins:
    """Wraps fleet's handler of answers: what comes after the platform gave up waiting still tells which plan
    is driven."""

    def __init__(self, inner: ReportHandler) -> None:
        """Take the handler that moves commands."""
        self._inner = inner

    async def __call__(self, tx: Transaction, item: InboxItem, *, at: datetime) -> str:
        """Return the outcome of the inner handler."""
        outcome = await self._inner(tx, item, at=at)
        if outcome != "late":
            return outcome
        body = read_report_body(item.kind, item.body)
        if not isinstance(body, CommandAck | CommandResult):
            return outcome
        command = await CommandStore(tx).lock(CommandId(body.command_id))
        if command is None or command.reason != ORDER_JOINS:
            return outcome
        if body.result == "succeeded":
            await _taken(tx, command, at)
        elif body.result in NOT_TAKEN:
            await _give_back(tx, command, at)
        return outcome


async def _taken(tx: Transaction, command: Command, at: datetime) -> None:
    task = await _task_of(tx, command)
    if task is not None:
        await DeliveryEffects().started(tx, task, at)


async def _give_back(tx: Transaction, command: Command, at: datetime) -> None:
    """Put the order back among those that wait, and the run's stops back to what its vehicle drives."""
    task = await _task_of(tx, command)
    if task is None:
        return
    body = _body(command)
    named = tuple(dict.fromkeys(OrderId(order.order_id) for stop in body for order in stop.orders))
    for order in await orders_of(tx, task, named):
        if order.state is OrderState.ASSIGNED:
            actor = f"vehicle:{task.vehicle_no}"
            await OrderStore(tx).move(order, VehicleLost(cause=REFUSED), at=at, actor=actor)
    staying = {order.order_id for order in await orders_of(tx, task, named)}
    for order_id in named:
        if order_id not in staying:
            task = await take_off(tx, task, order_id, at=at)
    await _restore_legs(tx, task, at)
    await want_dispatch(tx, task.district, at=at)


async def _restore_legs(tx: Transaction, task: Task, at: datetime) -> None:
    """Give each stop to come the leg of the newest plan that the vehicle took."""
    legs: dict[str, Leg] = {}
    for command in await CommandStore(tx).of_task(task.task_id, PLANS):
        if command.state in (CommandState.SUCCEEDED, CommandState.ACKNOWLEDGED):
            legs |= {stop.stop_id: leg_of(stop) for stop in _body(command)}
    stops = tuple(
        msgspec.structs.replace(stop, leg=legs[stop.stop_id])
        if stop.state is StopState.PLANNED and stop.stop_id in legs
        else stop
        for stop in task.stops
    )
    await TaskStore(tx).amend(task, stops, at=at)


def _body(command: Command) -> tuple[StopPlan, ...]:
    body = read_command_body(command.kind, command.body)
    assert isinstance(body, AssignTask | Reroute), "no other kind brings stops"
    return body.stops


async def _task_of(tx: Transaction, command: Command) -> Task | None:
    """Return the run that the command changed while it lives with the same plan, or None."""
    if command.task_id is None:
        return None
    task = await TaskStore(tx).find(command.task_id, EVERYTHING)
    return task if task is not None and task.epoch == command.epoch and task.state not in TERMINAL else None
