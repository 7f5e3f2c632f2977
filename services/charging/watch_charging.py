"""Looks whether vehicles at chargers take a charge: one that takes none is an alarm, which calls a crew."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict
from core.ids import VehicleNo
from core.repeating import repeat
from fleet.alarms.alarm import AlarmCleared, AlarmRaised, AlarmSignal
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.store import AlarmStore
from fleet.vehicles.last_heard import LastHeard, LastHeardReader
from services.charging.charger import Reservation, ReservationState
from services.charging.stalled import is_stalled, looked_at
from services.charging.store import ChargerStore

HEARD_WITHIN: Final = timedelta(minutes=5)

_log = structlog.get_logger("services.charging")


class ChargingWatch:
    """The reconciler of charges. Any number may run: compare-and-set and the alarm's key let one win."""

    def __init__(
        self, database: Database, clock: Clock, heard: LastHeardReader, *, every_s: float = 5.0
    ) -> None:
        """Take the reservations, who knows the batteries, and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._heard = heard
        self._every_s = every_s

    async def look_once(self) -> int:
        """Note what has risen, raise and clear alarms; return how many alarms changed. Raises Unavailable."""
        at = self._clock.now()
        async with self._database.read() as tx:
            charging = await ChargerStore(tx).living(None, [ReservationState.CHARGING])
            alarms = await AlarmStore(tx).standing_of_kinds([AlarmKind.CHARGE_STALLED])
        heard = await self._heard.last_heard([each.vehicle_no for each in charging])
        risen = {each.vehicle_no: _seen(each, heard.get(each.vehicle_no), at) for each in charging}
        changed = [(each, risen[each.vehicle_no]) for each in charging if risen[each.vehicle_no] is not each]
        signals = _signals(risen, {alarm.vehicle_no for alarm in alarms}, heard, at)
        if not changed and not signals:
            return 0
        async with self._database.write() as tx:
            await _note(tx, changed)
            return await apply_signals(tx, signals)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`, through outages."""
        await repeat("charging", self._look_unless_raced, self._every_s, stop)

    async def _look_unless_raced(self) -> None:
        try:
            await self.look_once()
        except Conflict as race:
            # the vehicle left, or another scheduler noted it; the next look sees it
            _log.info("charging_watch_raced", code=race.code)


async def _note(tx: Transaction, changed: Sequence[tuple[Reservation, Reservation]]) -> None:
    store = ChargerStore(tx)
    for before, after in changed:
        await store.save(before, after)


def _seen(reservation: Reservation, heard: LastHeard | None, at: datetime) -> Reservation:
    if heard is None or heard.battery_ratio is None:
        return reservation
    return looked_at(reservation, heard.battery_ratio, at=at)


def _signals(
    charging: Mapping[VehicleNo, Reservation],
    alarmed: set[VehicleNo],
    heard: Mapping[VehicleNo, LastHeard],
    at: datetime,
) -> list[AlarmSignal]:
    """Return what to raise and to clear: an alarm is over when the charge rises or the vehicle has left.

    Of a vehicle that is not heard nobody knows either; its silence is another alarm.
    """
    unheard = {number for number in charging if not _is_heard(heard.get(number), at)}
    stalled = {number for number, each in charging.items() if is_stalled(each, at=at)} - unheard
    signals: list[AlarmSignal] = []
    for number in sorted(stalled - alarmed):
        last, each = heard.get(number), charging[number]
        signals.append(
            AlarmRaised(
                vehicle_no=number,
                kind=AlarmKind.CHARGE_STALLED,
                at=at,
                lat=None if last is None else last.lat,
                lng=None if last is None else last.lng,
                details={
                    "place_id": each.place_id,
                    "slot": each.slot,
                    "battery_ratio": each.risen_ratio,
                    "battery_c": None if last is None else last.battery_c,
                },
            )
        )
    over = sorted(alarmed - stalled - unheard)
    return [
        *signals,
        *(AlarmCleared(vehicle_no=number, kind=AlarmKind.CHARGE_STALLED, at=at) for number in over),
    ]


def _is_heard(last: LastHeard | None, at: datetime) -> bool:
    return last is not None and at - last.measured_at <= HEARD_WITHIN
