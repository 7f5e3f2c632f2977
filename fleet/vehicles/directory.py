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
"""City time looked back at each poll: a change is stamped before it commits, so it may appear later."""

FULL_READ_EVERY: Final = 600
"""Every so many reads everything is read, so that a clock that was put back hides no change for long."""

_log = structlog.get_logger("fleet.vehicles")


class ChangeReader:
    """Reads vehicles that changed since the last read; the first read gives all. One event loop.

    A change is given once: the version of every vehicle is remembered (100 bytes each).
    """

    def __init__(self, database: Database) -> None:
        """Take where vehicles are."""
        self._database = database
        self._since: datetime | None = None
        self._reads = 0
        self._given: dict[VehicleNo, int] = {}

    async def changed(self) -> list[Vehicle]:
        """Return every vehicle at first, then those whose version is new. Raises Unavailable."""
        since = None if self._reads % FULL_READ_EVERY == 0 else self._since
        async with self._database.read() as tx:
            found = await VehicleStore(tx).changed_since(since)
        self._reads += 1
        fresh = [vehicle for vehicle in found if self._given.get(vehicle.vehicle_no) != vehicle.version]
        if found:
            newest = max(vehicle.changed_at for vehicle in found)
            self._since = newest - OVERLAP
            self._given |= {vehicle.vehicle_no: vehicle.version for vehicle in found}
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
