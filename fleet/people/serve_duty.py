"""A remote operator comes on duty, says that he is there, and goes."""

from datetime import datetime, timedelta

import msgspec

from core import audit
from core.auth.principal import Principal, Reach
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict
from core.ids import StaffId, VehicleNo, new_id
from core.transitions import advance as next_state
from fleet.people.duty import SHIFT_TRANSITIONS, VEHICLES_PER_OPERATOR, Shift, ShiftEvent, rest_until
from fleet.people.store import ShiftStore
from fleet.vehicles.store import VehicleStore

ONE_DAY = timedelta(days=1)


class DutyView(msgspec.Struct, frozen=True, kw_only=True):
    """A shift and the vehicles it watches, by number."""

    shift: Shift
    vehicles: tuple[VehicleNo, ...]


async def sign_in_operator(
    database: Database, principal: Principal, clock: Clock, *, capacity: int = VEHICLES_PER_OPERATOR
) -> DutyView:
    """Return the shift that begins now, or the one that is running: signing in twice is one shift.

    Raises Conflict("rest-needed") for somebody who was on duty too long and has not rested.
    """
    at, wall = clock.now(), clock.wall()
    async with database.write() as tx:
        store = ShiftStore(tx)
        running = await store.of_person(StaffId(principal.id))
        if running is not None:
            return await _view(store, await _heard(store, running, wall))
        resting = rest_until(await store.lately_of(StaffId(principal.id), at - ONE_DAY), at)
        if resting is not None:
            raise Conflict("rest-needed", rest_until=resting.isoformat())
        shift = Shift(
            shift_id=new_id(),
            staff_id=StaffId(principal.id),
            name=principal.name,
            operator=principal.operator,
            districts=principal.districts,
            capacity=min(capacity, VEHICLES_PER_OPERATOR),
            signed_in_at=at,
            heard_at=wall,
        )
        await store.add(shift)
        await audit.record(tx, principal, "shift.began", f"shift:{shift.shift_id}", at=at)
    return DutyView(shift=shift, vehicles=())


async def heartbeat(database: Database, principal: Principal, clock: Clock) -> DutyView:
    """Return the shift and what it watches; raise Conflict when the operator is not signed in.

    An operator who was lost is on duty again; the vehicles that were taken from him stay with the others.
    """
    async with database.write() as tx:
        store = ShiftStore(tx)
        shift = await _running(store, principal)
        return await _view(store, await _heard(store, shift, clock.wall()))


async def my_duty(database: Database, principal: Principal) -> DutyView:
    """Return the shift and what it watches; raise Conflict when the operator is not signed in."""
    async with database.read() as tx:
        store = ShiftStore(tx)
        return await _view(store, await _running(store, principal))


async def sign_off_operator(database: Database, principal: Principal, clock: Clock) -> Shift:
    """Return the shift that ended; its vehicles are bound to others by the next pass of the watch.

    Raises Conflict when the operator is not signed in.
    """
    at = clock.now()
    async with database.write() as tx:
        store = ShiftStore(tx)
        shift = await _running(store, principal)
        ended = await store.save(
            shift,
            msgspec.structs.replace(_moved(shift, ShiftEvent.SIGNED_OFF), signed_off_at=at),
        )
        watched = [number for number, staff in (await store.bound()).items() if staff == shift.staff_id]
        await store.end(watched, "signed_off", at=at)
        await audit.record(
            tx, principal, "shift.ended", f"shift:{shift.shift_id}", {"vehicles": list(watched)}, at=at
        )
    return ended


async def shifts_on_duty(tx: Transaction, reach: Reach) -> list[DutyView]:
    """Return running shifts with the vehicles they watch within the reach, the earliest sign-in first."""
    store = ShiftStore(tx)
    everybody = await store.bound()
    seen = await VehicleStore(tx).of_numbers(everybody.keys(), reach)
    bound = {number: staff for number, staff in everybody.items() if number in seen}
    return [
        DutyView(
            shift=shift,
            vehicles=tuple(sorted(number for number, staff in bound.items() if staff == shift.staff_id)),
        )
        for shift in await store.running(reach)
    ]


async def _running(store: ShiftStore, principal: Principal) -> Shift:
    shift = await store.of_person(StaffId(principal.id))
    if shift is None:
        raise Conflict("not-signed-in-for-duty")
    return shift


async def _heard(store: ShiftStore, shift: Shift, wall: datetime) -> Shift:
    moved = msgspec.structs.replace(_moved(shift, ShiftEvent.HEARD), heard_at=wall)
    if moved.state is shift.state:
        await store.heard(shift, wall)
        return msgspec.structs.replace(shift, heard_at=wall)
    return await store.save(shift, moved)


def _moved(shift: Shift, event: ShiftEvent) -> Shift:
    state = next_state(SHIFT_TRANSITIONS, shift.state, event)
    return msgspec.structs.replace(shift, state=state, version=shift.version + 1)


async def _view(store: ShiftStore, shift: Shift) -> DutyView:
    bound = await store.bound()
    watched = tuple(sorted(number for number, staff in bound.items() if staff == shift.staff_id))
    return DutyView(shift=shift, vehicles=watched)
