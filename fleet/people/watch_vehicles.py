"""Keeping every vehicle under way watched: bind, re-bind what a lost operator watched, else stop safely."""

import asyncio
from datetime import datetime, timedelta

import msgspec
import structlog

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict
from core.ids import StaffId, VehicleNo
from core.repeating import repeat
from core.transitions import advance as next_state
from fleet.alarms.alarm import AlarmCleared, AlarmRaised, AlarmSignal
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.kinds import AlarmKind
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, SafeStop
from fleet.people.duty import (
    SHIFT_TRANSITIONS,
    Bindings,
    Shift,
    ShiftEvent,
    ShiftState,
    UnderWay,
    choose_operator,
    is_at_limit,
    is_present,
    plan_bindings,
    rooms,
)
from fleet.people.store import ShiftStore
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle

NOBODY_WATCHES = "no remote operator could take the vehicle"

_log = structlog.get_logger("fleet.people")


class _Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a plan is made from."""

    shifts: list[Shift]
    vehicles: dict[VehicleNo, Vehicle]
    bound: dict[VehicleNo, StaffId]


class VehicleWatch:
    """The reconciler of bindings; two may run, unique indexes let one win."""

    def __init__(
        self, database: Database, clock: Clock, *, every_s: float = 1.0, start_grace_s: float = 0.0
    ) -> None:
        """Take where shifts and vehicles are, how often to look, and how long to let be after a start.

        Both are wall seconds. While the platform was down nobody could send a heartbeat: who was on duty gets
        the grace to be heard again before his vehicles are stopped.
        """
        self._database = database
        self._clock = clock
        self._every_s = every_s
        self._judges_from = clock.wall() + timedelta(seconds=start_grace_s)

    async def keep_once(self) -> Bindings:
        """Make every vehicle under way watched or stopped; return what was changed.

        Reads first and writes only when something has to change. A vehicle that stands held by a stop and
        cannot be watched is left standing.
        """
        if self._clock.wall() < self._judges_from:
            return Bindings()
        async with self._database.read() as tx:
            picture = await _look(tx)
        if not self._is_work(picture):
            return Bindings()
        async with self._database.write() as tx:
            return await self._keep(tx, await _look(tx))

    def _is_work(self, picture: _Picture) -> bool:
        wall = self._clock.wall()
        plan = _plan(picture, wall)
        to_stop = [number for number in plan.unwatched if not picture.vehicles[number].is_held_by_stop]
        tired = _at_limit(picture.shifts, self._clock.now())
        return bool(plan.ended or plan.made or to_stop or tired or _lost(picture.shifts, wall))

    async def _keep(self, tx: Transaction, picture: _Picture) -> Bindings:
        at, wall = self._clock.now(), self._clock.wall()
        store = ShiftStore(tx)
        for shift in _lost(picture.shifts, wall):
            state = next_state(SHIFT_TRANSITIONS, shift.state, ShiftEvent.LOST)
            await store.save(shift, msgspec.structs.replace(shift, state=state, version=shift.version + 1))
            _log.warning("remote_operator_lost", shift=shift.shift_id)
        for shift in _at_limit((await _look(tx)).shifts, at):
            # what he watches stays with him; nothing more is given to him
            await store.save(shift, msgspec.structs.replace(shift, capacity=0, version=shift.version + 1))
        picture = await _look(tx)
        plan = _plan(picture, wall)
        by_person = {shift.staff_id: shift for shift in picture.shifts}
        gone = [number for number in plan.ended if number in picture.vehicles]
        await store.end(gone, "operator_lost", at=at)
        await store.end([number for number in plan.ended if number not in gone], "not_under_way", at=at)
        for number, staff in plan.made:
            await store.bind(number, by_person[staff], at=at)
        await self._stop(tx, [picture.vehicles[number] for number in plan.unwatched], at)
        await apply_signals(tx, _signals(plan, at))
        return plan

    async def _stop(self, tx: Transaction, unwatched: list[Vehicle], at: datetime) -> None:
        for vehicle in unwatched:
            if vehicle.is_held_by_stop:
                continue
            wish = Wish(
                vehicle_no=vehicle.vehicle_no,
                kind=CommandKind.SAFE_STOP,
                body=SafeStop(),
                reason=NOBODY_WATCHES,
            )
            await queue_command(tx, wish, at=at, rate=self._clock.rate)
            _log.warning("vehicle_unwatched", vehicle_no=vehicle.vehicle_no)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep watch until `stop`; an outage of the database is waited out."""
        await repeat("operators", self._keep_unless_raced, self._every_s, stop)

    async def _keep_unless_raced(self) -> None:
        try:
            await self.keep_once()
        except Conflict as race:
            # another scheduler or an operator was faster; the next look sees it
            _log.info("vehicle_watch_raced", code=race.code)


async def bind_vehicle(tx: Transaction, vehicle: Vehicle, clock: Clock) -> StaffId:
    """Return who watches the vehicle, bound now if nobody did; for the transaction that gives it work.

    Raises Conflict("operator-full") when nobody on duty has room.
    """
    store = ShiftStore(tx)
    bound = await store.bound()
    running = await store.running(EVERYTHING)
    watcher = bound.get(vehicle.vehicle_no)
    if watcher is not None:
        return watcher
    chosen = choose_operator(_under_way(vehicle), running, rooms(running, bound, clock.wall()))
    if chosen is None:
        raise Conflict("operator-full", "no remote operator on duty has room", vehicle_no=vehicle.vehicle_no)
    shift = next(shift for shift in running if shift.staff_id == chosen)
    await store.take_turn(shift)
    if rooms([shift], await store.bound(), clock.wall())[chosen] == 0:
        raise Conflict("operator-full", "the last room was taken", vehicle_no=vehicle.vehicle_no)
    await store.bind(vehicle.vehicle_no, shift, at=clock.now())
    return chosen


async def _look(tx: Transaction) -> _Picture:
    store = ShiftStore(tx)
    return _Picture(
        shifts=await store.running(EVERYTHING),
        vehicles={vehicle.vehicle_no: vehicle for vehicle in await VehicleStore(tx).under_way()},
        bound=await store.bound(),
    )


def _plan(picture: _Picture, wall: datetime) -> Bindings:
    moving = [_under_way(vehicle) for vehicle in picture.vehicles.values()]
    return plan_bindings(picture.shifts, moving, picture.bound, wall)


def _under_way(vehicle: Vehicle) -> UnderWay:
    return UnderWay(vehicle_no=vehicle.vehicle_no, operator=vehicle.operator, district=vehicle.district)


def _lost(shifts: list[Shift], wall: datetime) -> list[Shift]:
    return [shift for shift in shifts if shift.state is ShiftState.ON_DUTY and not is_present(shift, wall)]


def _at_limit(shifts: list[Shift], at: datetime) -> list[Shift]:
    return [
        shift
        for shift in shifts
        if shift.state is ShiftState.ON_DUTY and shift.capacity > 0 and is_at_limit(shift, at)
    ]


def _signals(plan: Bindings, at: datetime) -> list[AlarmSignal]:
    raised: list[AlarmSignal] = [
        AlarmRaised(vehicle_no=number, kind=AlarmKind.NOBODY_WATCHES, at=at) for number in plan.unwatched
    ]
    watched = {number for number, _ in plan.made} | set(plan.ended) - set(plan.unwatched)
    cleared: list[AlarmSignal] = [
        AlarmCleared(vehicle_no=number, kind=AlarmKind.NOBODY_WATCHES, at=at) for number in sorted(watched)
    ]
    return raised + cleared
