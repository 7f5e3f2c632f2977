"""What the end of a permit, an insurance or a code does, once a minute."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog

from core import audit
from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Unavailable, VersionMismatch
from fleet.alarms.alarm import AlarmCleared, AlarmRaised, AlarmSignal
from fleet.alarms.apply_signals import apply_signals
from fleet.alarms.kinds import AlarmKind
from fleet.vehicles.codes import CodeEvent, advance_code
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.lifecycle import LifecycleEvent
from fleet.vehicles.paper_store import CodeStore, PaperStore
from fleet.vehicles.papers import Insurance, Permit
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle, advance_lifecycle

WARN_BEFORE: Final = timedelta(days=14)
"""How long before its end an expiring permit becomes an alarm; ours, a city may want longer."""

_log = structlog.get_logger("fleet.vehicles")


class PaperWatch:
    """Suspends vehicles whose papers have ended; two may run, the compare-and-set lets one win."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = 60.0) -> None:
        """Take where papers are and how often to look, in wall seconds."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def lapse_once(self) -> int:
        """Suspend, expire and warn as of now; return how many vehicles and codes were moved."""
        at = self._clock.now()
        from_everywhere = VehicleFilter(lifecycles=frozenset({Lifecycle.IN_SERVICE, Lifecycle.PERMITTED}))
        lapsing: list[tuple[Vehicle, LifecycleEvent]] = []
        signals: list[AlarmSignal] = []
        async with self._database.read() as tx:
            async for working in VehicleStore(tx).parts(EVERYTHING, from_everywhere):
                numbers = [vehicle.vehicle_no for vehicle in working]
                permits = await PaperStore(tx).permits_of(numbers)
                policies = await PaperStore(tx).insurances_of(numbers)
                for vehicle in working:
                    own = permits.get(vehicle.vehicle_no, ())
                    event = lapsed(vehicle, own, policies.get(vehicle.vehicle_no, ()), at)
                    lapsing += [] if event is None else [(vehicle, event)]
                    signals += permit_signals(vehicle, own, at)
            ended = await CodeStore(tx).past_end(at)
        moved = 0
        for vehicle, event in lapsing:
            moved += await self._move(vehicle, event, at)
        for record in ended:
            async with self._database.write() as tx:
                await CodeStore(tx).save(record, advance_code(record, CodeEvent.EXPIRED, at=at))
                await audit.record(tx, None, "code.moved", f"code:{record.code}", {"to": "expired"}, at=at)
            moved += 1
        await self._signal(signals)
        return moved

    async def _move(self, vehicle: Vehicle, event: LifecycleEvent, at: datetime) -> bool:
        try:
            async with self._database.write() as tx:
                await _lapse(tx, vehicle, event, at)
        except VersionMismatch:
            return False
        return True

    async def _signal(self, signals: list[AlarmSignal]) -> None:
        """Write only what is new: raising again what stands costs no row."""
        if signals:
            async with self._database.write() as tx:
                await apply_signals(tx, signals)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`; an outage of the database is waited out."""
        while not stop.is_set():
            try:
                await self.lapse_once()
            except (Unavailable, VersionMismatch) as error:
                _log.warning("paper_watch_interrupted", code=error.code)
            try:
                await asyncio.wait_for(stop.wait(), self._every_s)
            except TimeoutError:
                continue


def lapsed(
    vehicle: Vehicle, permits: tuple[Permit, ...], policies: tuple[Insurance, ...], at: datetime
) -> LifecycleEvent | None:
    """Return what the end of its papers does to a vehicle, None while they last.

    A permit that has not begun yet is no permit, but it is not lapsed either while an older one is valid.
    """
    if not any(permit.valid_to > at for permit in permits):
        return LifecycleEvent.PERMIT_LAPSED
    if vehicle.lifecycle is Lifecycle.IN_SERVICE and not any(policy.valid_to > at for policy in policies):
        return LifecycleEvent.INSURANCE_LAPSED
    return None


def permit_signals(vehicle: Vehicle, permits: tuple[Permit, ...], at: datetime) -> list[AlarmSignal]:
    """Return the alarms that the end of the last permit raises; empty while it is far or there is none."""
    if not permits:
        return []
    last = max(permits, key=lambda permit: permit.valid_to)
    if last.valid_to <= at:
        kind = AlarmKind.PERMIT_EXPIRED
    elif last.valid_to - at <= WARN_BEFORE:
        kind = AlarmKind.PERMIT_EXPIRING
    else:
        return []
    details = {"permit_no": last.permit_no, "valid_to": last.valid_to.isoformat()}
    raised = AlarmRaised(
        vehicle_no=vehicle.vehicle_no, kind=kind, cause=last.permit_no, at=at, details=details
    )
    if kind is AlarmKind.PERMIT_EXPIRING:
        return [raised]
    cleared = AlarmCleared(
        vehicle_no=vehicle.vehicle_no, kind=AlarmKind.PERMIT_EXPIRING, cause=last.permit_no, at=at
    )
    return [raised, cleared]


async def _lapse(tx: Transaction, vehicle: Vehicle, event: LifecycleEvent, at: datetime) -> None:
    moved = await VehicleStore(tx).save(vehicle, advance_lifecycle(vehicle, event, at=at))
    shown = {"from": vehicle.lifecycle.value, "to": moved.lifecycle.value, "event": event.value}
    await audit.record(tx, None, "vehicle.moved", f"vehicle:{vehicle.vehicle_no}", shown, at=at)
