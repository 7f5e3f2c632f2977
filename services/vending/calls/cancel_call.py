"""A call is taken back by who made it, or declined by the operator; the last one sets the vehicle free."""

from datetime import datetime

from core import audit
from core.auth.principal import EVERYTHING, Principal, Reach, reach_of
from core.database import Transaction
from core.errors import Invalid
from core.ids import CallId, TaskId
from services.orders.zone import want_dispatch
from services.tasks.end_task import end_task
from services.tasks.states import TaskCancelled
from services.tasks.store import TaskStore
from services.vending.calls.call import VendingCall
from services.vending.calls.states import CallEvent, CallState
from services.vending.calls.store import CallStore

LONGEST_REASON = 64


async def cancel_call(
    tx: Transaction, call_id: CallId, reach: Reach, *, actor: str, at: datetime
) -> VendingCall:
    """Return the cancelled call; one that is cancelled already is given back as it is.

    Raises NotFound, and IllegalTransition once the vehicle has arrived.
    """
    store = CallStore(tx)
    call = await store.get(call_id, reach)
    if call.state is CallState.CANCELLED:
        return call
    cancelled = await store.move(call, CallEvent.CANCELLED, at=at, actor=actor, reason="changed_mind")
    await _set_free(tx, call, at)
    return cancelled


async def decline_call(
    tx: Transaction, principal: Principal, call_id: CallId, reason: str, *, at: datetime
) -> VendingCall:
    """Return the call that its operator does not serve, and says why; declined already is given back.

    Raises Invalid without a reason, NotFound, IllegalTransition once the vehicle has arrived.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    store = CallStore(tx)
    call = await store.get(call_id, reach_of(principal))
    if call.state is CallState.DECLINED:
        return call
    actor = f"{principal.kind}:{principal.id}"
    declined = await store.move(call, CallEvent.DECLINED, at=at, actor=actor, reason=reason.strip())
    about = f"call:{call_id}"
    await audit.record(tx, principal, "vending_call.declined", about, {"place": call.place_id}, reason, at=at)
    await _set_free(tx, call, at)
    return declined


async def _set_free(tx: Transaction, call: VendingCall, at: datetime) -> None:
    """End the task of a call that nobody else waits for."""
    if call.task_id is None or await _is_wanted(tx, call.task_id):
        return
    task = await TaskStore(tx).get(call.task_id, EVERYTHING)
    if task.is_active:
        await end_task(tx, task, TaskCancelled(reason="calls_cancelled"), at=at)
        await want_dispatch(tx, call.district, at=at)


async def _is_wanted(tx: Transaction, task_id: TaskId) -> bool:
    return any(each.is_open for each in await CallStore(tx).of_task(task_id))
