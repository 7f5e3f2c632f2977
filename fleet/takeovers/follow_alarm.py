"""Alarms that ask for a remote operator become one session a vehicle, which ends when all are gone."""

from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Transaction
from core.errors import NotFound
from core.ids import TakeoverId, new_id
from fleet.alarms.alarm import Alarm
from fleet.alarms.store import AlarmStore
from fleet.people.store import ShiftStore
from fleet.takeovers.kinds import ASKED_BY, WAITING, TakeoverEvent
from fleet.takeovers.store import TakeoverStore
from fleet.takeovers.takeover import Takeover, advance, join_cause
from fleet.vehicles.store import VehicleStore


class TakeoverFollower:
    """Opens and expires sessions; plugged into the follow-up of alarms. Safe to repeat."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock: offers and claims are wall time."""
        self._clock = clock

    async def __call__(self, tx: Transaction, alarm: Alarm, *, at: datetime) -> None:
        """Ask for a person once a cause, offered first to whoever watches the vehicle."""
        if alarm.kind not in ASKED_BY:
            return
        if alarm.is_cleared:
            await _expire(tx, alarm, at)
        elif not await TakeoverStore(tx).has_cause(alarm.alarm_id):
            await self._ask(tx, alarm, at)

    async def _ask(self, tx: Transaction, alarm: Alarm, at: datetime) -> None:
        store = TakeoverStore(tx)
        standing = await store.of_vehicle(alarm.vehicle_no)
        if standing is None:
            standing = await self._opened(tx, alarm, at)
        else:
            joined = join_cause(standing, alarm)
            if joined is not standing:
                await store.save(standing, joined, at=at)
        if standing is not None:
            await store.add_cause(alarm.alarm_id, standing.takeover_id)

    async def _opened(self, tx: Transaction, alarm: Alarm, at: datetime) -> Takeover | None:
        try:
            vehicle = await VehicleStore(tx).get(alarm.vehicle_no, EVERYTHING)
        except NotFound:
            return None
        asked = Takeover(
            takeover_id=TakeoverId(new_id()),
            vehicle_no=vehicle.vehicle_no,
            maker=vehicle.maker,
            district=vehicle.district,
            operator=vehicle.operator,
            severity=alarm.severity,
            cause=alarm.kind,
            reason=str(alarm.details.get("reason") or ""),
            lat=alarm.lat,
            lng=alarm.lng,
            requested_at=alarm.raised_at,
            requested_wall=self._clock.wall(),
        )
        watcher = (await ShiftStore(tx).watchers([vehicle.vehicle_no])).get(vehicle.vehicle_no)
        if watcher is not None:
            asked = advance(asked, TakeoverEvent.OFFERED, at=at, offered_to=watcher.staff_id)
            asked = msgspec.structs.replace(asked, version=1)
        return asked if await TakeoverStore(tx).add(asked, at=at) else None


async def _expire(tx: Transaction, alarm: Alarm, at: datetime) -> None:
    store = TakeoverStore(tx)
    standing = await store.of_vehicle(alarm.vehicle_no)
    if standing is None or standing.state not in WAITING:
        return
    causes = await AlarmStore(tx).of_ids(await store.causes_of(standing.takeover_id), EVERYTHING)
    if causes and all(cause.is_cleared for cause in causes):
        await store.save(standing, advance(standing, TakeoverEvent.CAUSE_GONE, at=at), at=at)
