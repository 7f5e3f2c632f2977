"""Giving the waiting calls of a stop to the vehicle whose task is claimed."""

import msgspec

from core.database import Transaction
from core.errors import Conflict
from core.ids import OperatorId
from services.places.place import Place, PlaceKind
from services.tasks.task import Task
from services.vending.calls.call import Coming, VendingCall
from services.vending.calls.decision import CallDecision, CallOutcome
from services.vending.calls.states import CallEvent, CallState
from services.vending.calls.store import CallStore

CALL_WAIT_S = 900.0
"""City seconds that a vehicle stays where it was called to."""


async def give_calls(
    tx: Transaction, task: Task, operator: OperatorId, decision: CallDecision | None = None
) -> None:
    """Give the vehicle of a task every call that waits at its stop, with why it comes.

    Without a ``decision`` the vehicle was idle, and what was decided last is kept beside its name. Raises
    Conflict when nobody waits there any more.
    """
    stop, store = task.stops[0], CallStore(tx)
    coming = Coming(task_id=task.task_id, vehicle_no=task.vehicle_no, eta_at=stop.eta_at)
    at_place = await store.at_place(stop.place_id, operator)
    waiting = [call for call in at_place if call.state is CallState.CREATED]
    if not waiting:
        raise Conflict("conflict", "nobody waits at this stop any more", place_id=stop.place_id)
    for call in waiting:
        await store.move(
            msgspec.structs.replace(call, decision=decision or _as_idle(call.decision, task)),
            CallEvent.VEHICLE_ASSIGNED,
            at=task.created_at,
            actor="system:dispatch",
            coming=coming,
        )


def stop_place(call: VendingCall) -> Place:
    """Return the stop of a call as a place that a vehicle can be sent to."""
    return Place(
        place_id=call.place_id,
        kind=PlaceKind.VISIT,
        district=call.district,
        name_zh=call.name_zh,
        name_en=call.name_en,
        lat=call.lat,
        lng=call.lng,
    )


def _as_idle(decision: CallDecision | None, task: Task) -> CallDecision | None:
    if decision is None:
        return None
    return msgspec.structs.replace(
        decision, at=task.created_at, outcome=CallOutcome.IDLE, vehicle_no=task.vehicle_no, gain_s=None
    )
