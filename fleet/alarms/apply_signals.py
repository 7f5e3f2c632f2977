"""From causes that come and go to alarms in SQL: one alarm a cause, however often a tracker says so."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Database, Transaction
from core.ids import AlarmId, new_id
from fleet.alarms.alarm import (
    AlarmCleared,
    AlarmPast,
    AlarmRaised,
    AlarmSignal,
    Person,
    clear,
    dedup_key,
    past_alarm,
    raise_alarm,
    worsened,
)
from fleet.alarms.groups import apply_group, group_key, last_group_of
from fleet.alarms.kinds import GROUPED
from fleet.alarms.store import AlarmStore
from fleet.people.store import ShiftStore
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle

SEEN_AGAIN_AFTER: Final = timedelta(seconds=30)
"""A repeated cause is written down at most this often: repeats must not become writes."""
LARGEST_GROUP: Final = 500
"""Signals in one transaction, so that a storm does not hold the write lock for long."""


class AlarmSink:
    """Where trackers and others put causes; safe to call twice with the same signals."""

    def __init__(self, database: Database) -> None:
        """Take where alarms are."""
        self._database = database

    async def put(self, signals: Sequence[AlarmSignal]) -> int:
        """Return how many alarms were raised or cleared, after the commit; signals keep their order.

        Raises Unavailable when the database does not answer: put the same signals again.
        """
        changed = 0
        for start in range(0, len(signals), LARGEST_GROUP):
            async with self._database.write() as tx:
                changed += await apply_signals(tx, signals[start : start + LARGEST_GROUP])
        return changed


async def apply_signals(tx: Transaction, signals: Sequence[AlarmSignal]) -> int:
    """Raise and clear alarms in one transaction; return how many changed.

    A vehicle that is not registered raises nothing. A cause that is older than the clearing of its last
    alarm is a late repeat and raises nothing either.
    """
    vehicles = await VehicleStore(tx).of_numbers({signal.vehicle_no for signal in signals}, EVERYTHING)
    changed = 0
    groups: dict[str, list[tuple[AlarmSignal, Vehicle]]] = {}
    for signal in signals:
        vehicle = vehicles.get(signal.vehicle_no)
        if vehicle is None:
            continue
        if signal.kind in GROUPED:
            key = group_key(signal, vehicle.operator, vehicle.district)
            groups.setdefault(key, []).append((signal, vehicle))
            continue
        if isinstance(signal, AlarmRaised):
            changed += await _raise(tx, signal, vehicle)
        elif isinstance(signal, AlarmPast):
            changed += await _note_past(AlarmStore(tx), signal, vehicle)
        else:
            changed += await _clear(AlarmStore(tx), signal)
    for key, group in groups.items():
        changed += await apply_group(tx, key, group)
    return changed


async def _raise(tx: Transaction, signal: AlarmRaised, vehicle: Vehicle) -> bool:
    store, key = AlarmStore(tx), dedup_key(signal)
    known = (await store.standing([key])).get(key)
    if known is not None:
        graver = worsened(known, signal)
        if graver is not known:
            await store.save(known, graver)
            return True
        if signal.at - known.last_seen_at >= SEEN_AGAIN_AFTER:
            await store.seen(known, at=signal.at)
        return False
    if await store.was_cleared_since(key, signal.at):
        return False
    watcher = (await ShiftStore(tx).watchers([vehicle.vehicle_no])).get(vehicle.vehicle_no)
    alarm = raise_alarm(
        signal,
        alarm_id=AlarmId(new_id()),
        district=vehicle.district,
        operator=vehicle.operator,
        owner=None if watcher is None else Person(staff_id=watcher.staff_id, name=watcher.name),
    )
    if "after_group" in signal.details:
        group = await last_group_of(tx, vehicle.vehicle_no)
        alarm = msgspec.structs.replace(alarm, group_id=group)
    return await store.add(alarm)


async def _note_past(store: AlarmStore, signal: AlarmPast, vehicle: Vehicle) -> bool:
    """Keep a cause that is over already, unless an alarm of it says so; its time is the vehicle's own."""
    if await store.overlaps(dedup_key(signal), signal.at, signal.ended_at):
        return False
    return await store.add(
        past_alarm(signal, alarm_id=AlarmId(new_id()), district=vehicle.district, operator=vehicle.operator)
    )


async def _clear(store: AlarmStore, signal: AlarmCleared) -> bool:
    key = dedup_key(signal)
    known = (await store.standing([key])).get(key)
    if known is None or signal.at < known.raised_at:
        return False
    await store.save(known, clear(known, at=signal.at))
    return True
