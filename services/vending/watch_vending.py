"""What the passing of time does to calls, sales and rounds, and the repair of what a race left behind."""

import asyncio
from datetime import datetime

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, IllegalTransition
from core.ids import TaskId
from core.repeating import repeat
from services.orders.zone import want_dispatch
from services.tasks.states import TERMINAL
from services.tasks.store import TaskStore
from services.tasks.task import Task
from services.vending.calls.call import VendingCall
from services.vending.calls.place_call import join_neighbours
from services.vending.calls.states import CALLED_FOR, CallEvent, CallState
from services.vending.calls.store import CallStore
from services.vending.rounds.drive_round import give_round_back
from services.vending.rounds.leave_round import excuse_rest, overdue_rests
from services.vending.rounds.round_store import RoundStore
from services.vending.sales.release_sale import SYSTEM, release_late
from services.vending.sales.sale import VendingSale
from services.vending.sales.states import HOLDING
from services.vending.sales.store import SaleStore


class VendingWatch:
    """The reconciler of calls and sales; two may run, compare-and-set lets one win."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = 5.0) -> None:
        """Take the stores and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def watch_once(self) -> int:
        """Do what is due and return how many calls and sales it concerned. Raises Unavailable."""
        at = self._clock.now()
        async with self._database.read() as tx:
            calls = [call for call in await CallStore(tx).open_ones() if await _is_due(tx, call, at)]
            sales = await SaleStore(tx).past_their_time(sorted(HOLDING), at)
            rounds = [one for one in await RoundStore(tx).driven() if await _is_over(tx, one.task_id)]
            left = await overdue_rests(tx, at=at)
        moved = [await self._see_to_call(call, at) for call in calls]
        for one in rounds:
            async with self._database.write() as tx:
                await give_round_back(tx, one, at=at)
        moved += [await self._excuse(task, at) for task in left]
        return len(rounds) + sum(moved) + sum([await self._give_up_sale(sale, at) for sale in sales])

    async def _see_to_call(self, call: VendingCall, at: datetime) -> int:
        try:
            async with self._database.write() as tx:
                fresh = await CallStore(tx).get(call.call_id, EVERYTHING)
                if fresh.version != call.version:
                    return 0
                await _see_to(tx, fresh, at)
        except (Conflict, IllegalTransition):
            return 0
        return 1

    async def _excuse(self, task: Task, at: datetime) -> int:
        try:
            async with self._database.write() as tx:
                await excuse_rest(tx, task, at=at)
        except (Conflict, IllegalTransition):
            return 0
        return 1

    async def _give_up_sale(self, sale: VendingSale, at: datetime) -> int:
        try:
            async with self._database.write() as tx:
                fresh = await SaleStore(tx).own(sale.sale_id, EVERYTHING)
                if fresh.version != sale.version:
                    return 0
                await release_late(tx, fresh, at=at)
        except (Conflict, IllegalTransition):
            return 0
        return 1

    async def run(self, stop: asyncio.Event) -> None:
        """Do so every few seconds until `stop`, through outages."""
        await repeat("vending", self.watch_once, self._every_s, stop)


async def _is_due(tx: Transaction, call: VendingCall, at: datetime) -> bool:
    """Return whether a call is past its time, could go with its neighbours, or lost its vehicle's task."""
    if call.state in CALLED_FOR:
        return not await _has_task(tx, call)
    if call.expires_at <= at:
        return True
    neighbours = await CallStore(tx).at_place(call.place_id, call.operator)
    return any(other.state in CALLED_FOR for other in neighbours)


async def _see_to(tx: Transaction, call: VendingCall, at: datetime) -> None:
    store = CallStore(tx)
    if call.state in CALLED_FOR:
        if not await _has_task(tx, call):
            await store.move(call, CallEvent.VEHICLE_LOST, at=at, actor=SYSTEM, reason="task_over")
            await want_dispatch(tx, call.district, at=at)
        return
    joined = await join_neighbours(tx, call, at=at)
    if joined.state is CallState.CREATED and call.expires_at <= at:
        await store.move(call, CallEvent.EXPIRED, at=at, actor=SYSTEM, reason="no_vehicle")


async def _has_task(tx: Transaction, call: VendingCall) -> bool:
    task = await _task(tx, call.task_id)
    return task is not None and task.is_active


async def _is_over(tx: Transaction, task_id: TaskId | None) -> bool:
    """Return whether nothing drives a round any more; one that is put aside will be gone on with."""
    task = await _task(tx, task_id)
    return task is None or task.state in TERMINAL


async def _task(tx: Transaction, task_id: TaskId | None) -> Task | None:
    return None if task_id is None else await TaskStore(tx).find(task_id, EVERYTHING)
