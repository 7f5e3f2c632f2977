"""Giving slots: who needs it most first, under the charger's lock, and what ends without a word."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import DistrictCode, TaskId, VehicleNo, new_id
from services.charging.charger import (
    Charger,
    Reservation,
    ReservationEvent,
    ReservationState,
    advance,
    free_slot,
)
from services.charging.store import ChargerStore
from services.tasks.store import TaskStore


async def take_slot(
    tx: Transaction,
    charger: Charger,
    vehicle_no: VehicleNo,
    task_id: TaskId,
    *,
    reach_m: float,
    preheat_s: float,
    at: datetime,
) -> Reservation:
    """Reserve the lowest free slot for a vehicle whose task goes there; raise Conflict when there is none.

    A vehicle that waited leaves the queue with it, whichever charger it waited at.
    """
    store = ChargerStore(tx)
    locked = await store.lock(charger.place_id)
    slot = free_slot(locked, await store.slots_taken(charger.place_id))
    asked = await store.of_vehicle(vehicle_no)
    if asked is None:
        waiting = await queue_up(tx, charger, vehicle_no, reach_m=reach_m, at=at)
    else:
        waiting = asked
    given = advance(
        waiting,
        ReservationEvent.SLOT_GIVEN,
        at=at,
        slot=slot,
        place_id=charger.place_id,
        task_id=task_id,
        reach_m=reach_m,
        preheat_s=preheat_s,
    )
    return await store.save(waiting, given)


async def queue_up(
    tx: Transaction, charger: Charger, vehicle_no: VehicleNo, *, reach_m: float, at: datetime
) -> Reservation:
    """Return a vehicle's place in the queue of a charger, new or with how far it reaches by now."""
    store = ChargerStore(tx)
    asked = await store.of_vehicle(vehicle_no)
    if asked is not None:
        if asked.state is ReservationState.WAITING and asked.reach_m != reach_m:
            changed = msgspec.structs.replace(asked, reach_m=reach_m, version=asked.version + 1)
            return await store.save(asked, changed)
        return asked
    reservation = Reservation(
        reservation_id=new_id(),
        place_id=charger.place_id,
        vehicle_no=vehicle_no,
        district=charger.district,
        reach_m=reach_m,
        asked_at=at,
    )
    await store.add(reservation)
    return reservation


async def over_reservations(
    tx: Transaction, district: DistrictCode, needing: Collection[VehicleNo]
) -> list[tuple[Reservation, str]]:
    """Return reservations whose task is over, or whose vehicle no longer asks, each with the word for why."""
    living = await ChargerStore(tx).living([district])
    tasks = await TaskStore(tx).of_ids([each.task_id for each in living if each.task_id], EVERYTHING)
    over = []
    for each in living:
        if each.state is ReservationState.WAITING:
            if each.vehicle_no not in needing:
                over.append((each, "not_asked_for"))
            continue
        task = None if each.task_id is None else tasks.get(each.task_id)
        if task is None or not task.is_active:
            over.append((each, "task_over"))
    return over


async def tidy_reservations(
    tx: Transaction, district: DistrictCode, needing: Collection[VehicleNo], *, at: datetime
) -> int:
    """End what is over and return how much: the task's own progress moves a reservation, this ends what a
    cancelled task left behind."""
    over = await over_reservations(tx, district, needing)
    for each, reason in over:
        gone = advance(each, ReservationEvent.GIVEN_UP, at=at, reason=reason)
        await ChargerStore(tx).save(each, gone)
    return len(over)
