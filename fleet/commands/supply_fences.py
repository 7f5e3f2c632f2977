"""The reconciler that brings every vehicle the fence set in force: it may not work with another."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import batched
from typing import Final, Protocol

from msgspec import UNSET, UnsetType

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.ids import VehicleNo
from core.repeating import repeat
from fleet.commands.kinds import CommandState
from fleet.commands.queue_command import Wish, queue_command
from fleet.commands.sign_fences import FenceSigner
from fleet.commands.store import CommandStore
from fleet.links.wire.commands import CommandKind, UpdateFences, WireFence
from fleet.links.wire.fence_hours import WireHours, WireOtherDay, WireSpan
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from geofences.fences import Fence, FenceKind, HourSpan
from geofences.rules import forbids_entry, forbids_stopping
from geofences.watch import FenceWatch

CARRIED: Final = frozenset(
    {FenceKind.OPERATING_AREA, FenceKind.NO_GO, FenceKind.SLOW_ZONE, FenceKind.KEEP_CLEAR}
)
"""Kinds that bind the wheels; the others are places that come with a task, or borders."""
LOOKED_BACK: Final = 50
"""Commands of a vehicle among which its last fence set with hours is looked for."""
VEHICLES_A_LOOK: Final = 500
"""Vehicles of which is read at once who is being told already."""
VEHICLES_A_TRANSACTION: Final = 20
"""A set is some 10 kB a vehicle: short transactions let others write in between."""


class BehindReader(Protocol):
    """Who knows what set vehicles hold."""

    async def behind(self, set_version: int) -> Sequence[VehicleNo]:
        """Return the connected vehicles that hold another fence set, ascending. Raises Unavailable."""
        ...


class FenceSupply:
    """Sends ``update_fences`` to every connected vehicle that holds another set. Two may run."""

    def __init__(
        self,
        database: Database,
        last_heard: BehindReader,
        clock: Clock,
        fences: FenceWatch,
        signer: FenceSigner,
        *,
        every_s: float = 2.0,
    ) -> None:
        """Take the stores, what vehicles last said, who holds the index, who signs, and the pause (wall)."""
        self._database = database
        self._last_heard = last_heard
        self._clock = clock
        self._fences = fences
        self._signer = signer
        self._every_s = every_s

    async def supply_once(self) -> int:
        """Queue what is missing and return for how many vehicles. Raises Unavailable, and what Redis raises.

        A vehicle with such a command still open gets no second one; one that refused it is asked again when
        the command has ended. Before the first set is read (version 0) nobody is told anything: an empty set
        would lift every rule.
        """
        index = self._fences.index
        if index.set_version == 0:
            return 0
        behind = await self._last_heard.behind(index.set_version)
        queued = 0
        for some in batched(behind, VEHICLES_A_LOOK):
            async with self._database.read() as tx:
                asked = await _asked(tx, some)
            for few in batched((number for number in some if number not in asked), VEHICLES_A_TRANSACTION):
                queued += await self._queue(few, index.fences, index.set_version)
        return queued

    async def _queue(self, numbers: Collection[VehicleNo], fences: Sequence[Fence], set_version: int) -> int:
        queued = 0
        async with self._database.write() as tx:
            asked = await _asked(tx, numbers)
            wanted = VehicleFilter(numbers=frozenset(numbers) - asked)
            for vehicle in await VehicleStore(tx).page(EVERYTHING, wanted):
                is_timed = not await _refused_hours(tx, vehicle.vehicle_no)
                body = self._signed(vehicle, fences, set_version, is_timed=is_timed)
                wish = Wish(
                    vehicle_no=VehicleNo(vehicle.vehicle_no),
                    kind=CommandKind.UPDATE_FENCES,
                    body=body,
                    reason="fence set published",
                )
                await queue_command(tx, wish, at=self._clock.now(), rate=self._clock.rate)
                queued += 1
        return queued

    def _signed(
        self, vehicle: Vehicle, fences: Sequence[Fence], set_version: int, *, is_timed: bool
    ) -> UpdateFences:
        own = tuple(fences_for(vehicle, fences, is_timed=is_timed))
        signature = self._signer.sign(vehicle.vehicle_no, set_version, own)
        return UpdateFences(fence_set_version=set_version, fences=own, signature=signature)

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until `stop`; an outage of a store is waited out."""
        await repeat("fence-supply", self.supply_once, self._every_s, stop)


async def _asked(tx: Transaction, numbers: Collection[VehicleNo]) -> frozenset[VehicleNo]:
    """Return those that are being told already, and those that an agency holds where they stand."""
    open_now = await CommandStore(tx).open_of(numbers)
    told = frozenset(c.vehicle_no for c in open_now if c.kind is CommandKind.UPDATE_FENCES)
    return told | await VehicleStore(tx).held_at_scene(numbers)


async def _refused_hours(tx: Transaction, number: VehicleNo) -> bool:
    """Say whether a vehicle rejected the last set of format 2 that it was sent: it knows format 1 only.

    A vehicle rejects what it does not know. After fifty more commands it is asked anew.
    """
    sent = await CommandStore(tx).of_vehicle(number, EVERYTHING, limit=LOOKED_BACK)
    timed = (c for c in sent if c.kind is CommandKind.UPDATE_FENCES and b'"hours"' in bytes(c.body))
    last = next(timed, None)
    return last is not None and last.state is CommandState.REJECTED


def hours_of(fence: Fence) -> WireHours | UnsetType:
    """Return the hours of a fence as vehicles are told them; unset when its rules always hold."""
    hours = fence.hours
    if hours is None:
        return UNSET
    return WireHours(
        time_zone=hours.time_zone,
        spans=_spans(hours.spans),
        valid_from=hours.valid_from,
        valid_until=hours.valid_until,
        other_days=tuple(
            WireOtherDay(day=other.day, spans=_spans(other.spans)) for other in hours.other_days
        ),
    )


def _spans(spans: Iterable[HourSpan]) -> tuple[WireSpan, ...]:
    return tuple(
        WireSpan(
            start_minute=span.start_minute, end_minute=span.end_minute, weekdays=tuple(sorted(span.weekdays))
        )
        for span in spans
    )


def fences_for(vehicle: Vehicle, fences: Sequence[Fence], *, is_timed: bool = True) -> Iterator[WireFence]:
    """Yield the fences that concern a vehicle: of its 旗区 or of all, for its service and its operator.

    A fence of several parts comes as several of the same id. ``is_timed``: with their hours; without them a
    vehicle keeps their rules at any hour.
    """
    for fence in fences:
        is_its = (
            fence.kind in CARRIED
            and fence.district in (None, vehicle.district)
            and fence.operator in (None, vehicle.operator)
            and (not fence.services or vehicle.service in fence.services)
        )
        if not is_its:
            continue
        for part in fence.area:
            yield WireFence(
                fence_id=fence.fence_id,
                version=fence.version,
                kind=fence.kind.value,
                rings=tuple(part),
                speed_limit_mps=fence.rules.speed_limit_mps,
                no_entry=forbids_entry(fence),
                no_stopping=forbids_stopping(fence),
                hours=hours_of(fence) if is_timed else UNSET,
            )
