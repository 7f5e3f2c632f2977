"""A plan is dead: what its vehicle was not given yet must never reach it."""

from datetime import datetime

from core.database import Transaction
from core.ids import TaskId
from fleet.commands.command import Command, advance_command
from fleet.commands.kinds import CommandEvent, CommandState
from fleet.commands.store import CommandStore

WITHDRAWN = "withdrawn"
"""Detail of a command that expired because its task ended."""


async def withdraw_commands(tx: Transaction, task_id: TaskId, *, at: datetime) -> list[Command]:
    """End the commands of a task that its vehicle has not acknowledged; return them as they ended.

    For the transaction that ends or reassigns the task. A command that is on a link already may still be
    obeyed: its answer then comes late, and the old epoch is what refuses the rest (reliability.md, promise
    6). Nothing follows from the end of a withdrawn command: who withdraws knows.
    """
    store = CommandStore(tx)
    ended = []
    for command in await store.open_of_task(task_id):
        if command.state is not CommandState.ACKNOWLEDGED:
            over = advance_command(command, CommandEvent.EXPIRED, at=at, detail=WITHDRAWN)
            ended.append(await store.save(command, over))
    return ended
