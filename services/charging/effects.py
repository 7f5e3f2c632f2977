"""What the progress of a charging task means for its slot."""

from datetime import datetime

from core.database import Transaction
from services.charging.charger import ReservationEvent, ReservationState, advance
from services.charging.store import ChargerStore
from services.tasks.effects import NothingOnBoard
from services.tasks.states import StopKind
from services.tasks.task import Stop, Task


class ChargingEffects(NothingOnBoard):
    """Moves the reservation of a charging task with it; a task without one is left alone."""

    async def stop_reached(self, tx: Transaction, task: Task, stop: Stop, at: datetime, /) -> None:
        """The vehicle stands in its slot."""
        if stop.kind is StopKind.CHARGE:
            await _move(tx, task, ReservationEvent.ARRIVED, at)

    async def stop_left(self, tx: Transaction, task: Task, stop: Stop, at: datetime, /) -> None:
        """The slot is free for the next."""
        if stop.kind is StopKind.CHARGE:
            await _move(tx, task, ReservationEvent.LEFT, at)

    async def lost(self, tx: Transaction, task: Task, cause: str, at: datetime, /) -> bool:
        """Whoever does not come needs no slot; nothing is on board."""
        await _move(tx, task, ReservationEvent.GIVEN_UP, at, cause)
        return False


async def _move(tx: Transaction, task: Task, event: ReservationEvent, at: datetime, reason: str = "") -> None:
    store = ChargerStore(tx)
    reservation = await store.of_task(task.task_id)
    if reservation is None:
        return
    if event is ReservationEvent.LEFT and reservation.state is ReservationState.RESERVED:
        # it left a stop whose arrival was never heard: both happened
        arrived = advance(reservation, ReservationEvent.ARRIVED, at=at)
        reservation = await store.save(reservation, arrived)
    if event is ReservationEvent.ARRIVED and reservation.state is ReservationState.CHARGING:
        return
    await store.save(reservation, advance(reservation, event, at=at, reason=reason))
