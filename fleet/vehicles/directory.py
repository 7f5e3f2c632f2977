"""The fleet's few facts that must be known without asking SQL: whose a vehicle is and its stop epoch."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from core.auth.principal import Reach
from core.database import Database
from core.errors import Unavailable
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle

OVERLAP: Final = timedelta(minutes=2)
"""City time looked back when a change is missing: it was stamped before it committed."""
SMALL_FLEET: Final = 5_000
"""Up to so many vehicles the fingerprint is compared at every read: it costs 0.1 ms a thousand."""
COMPARE_EVERY: Final = 5
"""Reads between two comparisons in a larger fleet."""

_log = structlog.get_logger("fleet.vehicles")


class ChangeReader:
    """Reads vehicles that changed since the last read; the first read gives all. One event loop.

    A change is given once: the version of every vehicle is remembered (100 bytes each). What was stamped
    early and committed late, or by a clock that was put back, is found because versions only grow: their
    sum says that something is missing.
    """

    def __init__(self, database: Database) -> None:
        """Take where vehicles are."""
        self._database = database
        self._newest: datetime | None = None
        self._reads = 0
        self._given: dict[VehicleNo, int] = {}
        self._versions = 0

    async def changed(self) -> list[Vehicle]:
        """Return every vehicle at first, then those whose version is new. Raises Unavailable."""
        self._reads += 1
        async with self._database.read() as tx:
            store = VehicleStore(tx)
            if self._newest is None:
                return self._take(await store.changed_since(None))
            fresh = self._take(await store.changed_since(self._newest, included=False))
            if len(self._given) <= SMALL_FLEET or self._reads % COMPARE_EVERY == 0:
                fresh += await self._take_missing(store)
        return fresh

    async def _take_missing(self, store: VehicleStore) -> list[Vehicle]:
        """Look back until the fingerprint fits; twice the work only when something was missing."""
        fresh: list[Vehicle] = []
        wanted = await store.fingerprint()
        if wanted != (len(self._given), self._versions) and self._newest is not None:
            fresh += self._take(await store.changed_since(self._newest - OVERLAP))
        if wanted != (len(self._given), self._versions):
            fresh += self._take(await store.changed_since(None))
        return fresh

    def _take(self, found: list[Vehicle]) -> list[Vehicle]:
        fresh = [vehicle for vehicle in found if self._given.get(vehicle.vehicle_no) != vehicle.version]
        for vehicle in fresh:
            self._versions += vehicle.version - self._given.get(vehicle.vehicle_no, 0)
            self._given[vehicle.vehicle_no] = vehicle.version
        if fresh:
            newest = max(vehicle.changed_at for vehicle in fresh)
            self._newest = newest if self._newest is None else max(self._newest, newest)
        return fresh


class DirectoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one vehicle without SQL, as of at most a second ago."""

    vehicle_no: VehicleNo
    code: str | None
    district: DistrictCode
    operator: OperatorId
    maker: MakerId
    stop_epoch: int


class Directory:
    """Every vehicle of the city in the memory of one process, polled once a second."""

    def __init__(self, database: Database, *, every_s: float = 1.0) -> None:
        """Take where vehicles are and how often to look, in wall seconds."""
        self._changes = ChangeReader(database)
        self._every_s = every_s
        self._entries: dict[VehicleNo, DirectoryEntry] = {}

    def __repr__(self) -> str:
        return f"Directory({len(self._entries)} vehicles)"

    def find(self, vehicle_no: VehicleNo, reach: Reach) -> DirectoryEntry | None:
        """Return the vehicle when it lies within the reach, else None."""
        entry = self._entries.get(vehicle_no)
        return entry if entry is not None and _reaches(reach, entry) else None

    def within(self, reach: Reach) -> list[DirectoryEntry]:
        """Return every vehicle within the reach, in no order."""
        return [entry for entry in self._entries.values() if _reaches(reach, entry)]

    def raise_stop_epoch(self, vehicle_no: VehicleNo, epoch: int) -> None:
        """Remember a stop epoch that this process gave out before SQL shows it."""
        entry = self._entries.get(vehicle_no)
        if entry is not None and epoch > entry.stop_epoch:
            self._entries[vehicle_no] = msgspec.structs.replace(entry, stop_epoch=epoch)

    async def refresh(self) -> int:
        """Take what changed; return how many vehicles that were. Raises Unavailable."""
        changed = await self._changes.changed()
        for vehicle in changed:
            known = self._entries.get(vehicle.vehicle_no)
            pushed = 0 if known is None else known.stop_epoch
            self._entries[vehicle.vehicle_no] = DirectoryEntry(
                vehicle_no=vehicle.vehicle_no,
                code=vehicle.code,
                district=vehicle.district,
                operator=vehicle.operator,
                maker=vehicle.maker,
                stop_epoch=max(vehicle.stop_epoch, pushed),
            )
        return len(changed)

    async def run(self, stop: asyncio.Event) -> None:
        """Refresh until `stop`; an outage of the database leaves the last picture standing."""
        is_away = False
        while not stop.is_set():
            try:
                await self.refresh()
                if is_away:
                    is_away = False
                    _log.info("directory_back")
            except Unavailable as error:
                if not is_away:
                    is_away = True
                    _log.warning("directory_interrupted", code=error.code)
            try:
                await asyncio.wait_for(stop.wait(), self._every_s)
            except TimeoutError:
                continue


def _reaches(reach: Reach, entry: DirectoryEntry) -> bool:
    axes = (
        (reach.districts, entry.district),
        (reach.operators, entry.operator),
        (reach.makers, entry.maker),
        (reach.vehicles, entry.vehicle_no),
    )
    return all(allowed is None or value in allowed for allowed, value in axes)
