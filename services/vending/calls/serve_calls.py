"""What the progress of a vending vehicle's task means for the calls that it serves."""

from datetime import datetime, timedelta

from core.database import Transaction
from services.tasks.effects import NothingOnBoard
from services.tasks.task import Stop, Task
from services.vending.calls.states import OPEN, CallEvent, CallState
from services.vending.calls.store import CallStore
from services.vending.rounds.leave_round import lose_rest
from services.vending.sales.release_sale import release_unopened


class CallEffects(NothingOnBoard):
    """Moves the calls of a task with it (services.tasks.effects). Calls that went another way are left."""

    async def started(self, tx: Transaction, task: Task, at: datetime, /) -> None:
        """The vehicle is on its way to whoever called."""
        await _move_all(tx, task, CallState.ASSIGNED, CallEvent.VEHICLE_STARTED, at)

    async def stop_reached(self, tx: Transaction, task: Task, stop: Stop, at: datetime, /) -> None:
        """The vehicle stands there and stays for a while."""
        leaves_at = at + timedelta(seconds=stop.wait_s)
        await _move_all(tx, task, CallState.ON_THE_WAY, CallEvent.VEHICLE_ARRIVED, at, leaves_at=leaves_at)

    async def stop_left(self, tx: Transaction, task: Task, _stop: Stop, at: datetime, /) -> None:
        """The vehicle drives on: its callers are served, and what was reserved and not opened is free."""
        await _move_all(tx, task, CallState.ARRIVED, CallEvent.VEHICLE_LEFT, at)
        await release_unopened(tx, task.vehicle_no, "vehicle_left", at=at)

    async def is_settled(self, tx: Transaction, task: Task, /) -> bool:
        """Return whether no call of the task is open."""
        return not any(call.state in OPEN for call in await CallStore(tx).of_task(task.task_id))

    async def lost(self, tx: Transaction, task: Task, cause: str, at: datetime, /) -> bool:
        """Look for another vehicle for those who wait, and for the round that this one left for them.

        Nobody has to fetch anything out of this one: return False.
        """
        for state in (CallState.ASSIGNED, CallState.ON_THE_WAY, CallState.ARRIVED):
            await _move_all(tx, task, state, CallEvent.VEHICLE_LOST, at, reason=cause)
        await release_unopened(tx, task.vehicle_no, cause, at=at)
        await lose_rest(tx, task, cause, at=at)
        return False


async def _move_all(
    tx: Transaction,
    task: Task,
    state: CallState,
    event: CallEvent,
    at: datetime,
    *,
    leaves_at: datetime | None = None,
    reason: str = "",
) -> None:
    store, actor = CallStore(tx), f"vehicle:{task.vehicle_no}"
    for call in await store.of_task(task.task_id):
        if call.state is state:
            await store.move(call, event, at=at, actor=actor, leaves_at=leaves_at, reason=reason)
