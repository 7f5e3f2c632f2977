"""What comes late into a window that is sealed already is sealed as well, by itself.

A vehicle that was in a radio hole sends what it measured there when it is back. The archiver puts it into raw
files, whose names say how far back they reach; whatever reaches into a sealed window has a further edition
owed. Nothing is remembered between two processes: the raw files that stand are looked at anew after a start,
and what is counted against the sealed file is true whoever counts.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import structlog

from core import audit
from core.auth.principal import EVERYTHING
from core.clock import Clock, moment_of_ms, ms_of_moment
from core.database import Database
from core.errors import Unavailable, VersionMismatch
from core.ids import IncidentId
from core.repeating import repeat
from fleet.evidence.bundle import read_parts
from fleet.evidence.read_window import WindowReader
from fleet.evidence.store import BundleStore
from fleet.history.files import RawFile, RawFiles
from fleet.incidents.incident import SYSTEM, Incident, Step, ask_again
from fleet.incidents.rules import IncidentRules
from fleet.incidents.store import IncidentStore

LATE_EVENT: Final = "evidence_late"
_log = structlog.get_logger("fleet.evidence")


class LateEvidence:
    """Looks at what the archiver wrote, and has what belongs into a sealed window sealed as well."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        reader: WindowReader,
        folder: Path,
        rules: IncidentRules,
        *,
        every_s: float = 5.0,
    ) -> None:
        """Take the stores, the history folder, and the pause between two looks in wall seconds."""
        self._database = database
        self._clock = clock
        self._reader = reader
        self._roots = (folder / "positions", folder / "status")
        self._quiet_s = clock.wall_s(rules.settle.total_seconds())
        self._every_s = every_s
        self._looked = 0
        """Serial of the raw file up to which everything was looked at."""
        self._came: dict[IncidentId, float] = {}
        """When something of a sealed window was last seen to come."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`; an outage of a store is waited out."""
        await repeat("late-evidence", self.look_once, self._every_s, stop)

    async def look_once(self) -> int:
        """Look at new raw files; return how many incidents are owed a further edition now.

        One buffer comes in many frames: an edition is owed when nothing more has come for a while.
        """
        files, up_to = await asyncio.to_thread(self._new_files)
        if files:
            reached = await self._sealed(files)
            late = await asyncio.to_thread(_reaching_into, files, reached)
            self._came |= dict.fromkeys(late, self._clock.monotonic_s())
        self._looked = up_to
        quiet = [one for one, at in self._came.items() if self._clock.monotonic_s() - at >= self._quiet_s]
        return sum([await self._owe(incident_id) for incident_id in quiet])

    def _new_files(self) -> tuple[list[RawFile], int]:
        """Return raw files of both kinds above the last look, and the serial up to which they are whole."""
        positions, status = (RawFiles.all(root) for root in self._roots)
        up_to = max((file.serial for file in positions), default=self._looked)
        return [file for file in (*positions, *status) if self._looked < file.serial <= up_to], up_to

    async def _sealed(self, files: Sequence[RawFile]) -> list[Incident]:
        """Return incidents that are sealed and whose window some file reaches into."""
        oldest, newest = min(file.oldest_ms for file in files), max(file.newest_ms for file in files)
        async with self._database.read() as tx:
            return await IncidentStore(tx).sealed_within(moment_of_ms(oldest), moment_of_ms(newest))

    async def _owe(self, incident_id: IncidentId) -> bool:
        """Have one more edition owed when more is known than was sealed; False when it is not, or not yet."""
        async with self._database.read() as tx:
            incident = await IncidentStore(tx).get(incident_id, EVERYTHING)
            sealed = await BundleStore(tx).data(incident_id, incident.evidence_edition)
        more = await self._more_than(incident, sealed) if incident.is_sealed else 0
        if more > 0 and not await self._ask(incident, more):
            return False
        del self._came[incident_id]
        return more > 0

    async def _more_than(self, incident: Incident, sealed: bytes) -> int:
        """Return how many records of the window are known by now that the sealed file has not."""
        from_ms, to_ms = ms_of_moment(incident.window_from), ms_of_moment(incident.window_to)
        known = await self._reader.read(incident.vehicle_no, from_ms, to_ms)
        counted = msgspec.json.decode(read_parts(sealed)["sources.json"], type=_Counted)
        return len(known.positions) + len(known.status) - counted.positions - counted.status

    async def _ask(self, incident: Incident, more: int) -> bool:
        at = self._clock.now()
        reason = f"{more} records came after edition {incident.evidence_edition} was sealed"
        step = Step(event=LATE_EVENT, by=SYSTEM, by_name="", role=SYSTEM, at=at, reason=reason)
        try:
            async with self._database.write() as tx:
                await IncidentStore(tx).save(incident, ask_again(incident, step))
                shown = {"vehicle_no": incident.vehicle_no, "records": more}
                about = f"incident:{incident.incident_id}"
                await audit.record(tx, None, "incident.evidence_late", about, shown, at=at)
        except (VersionMismatch, Unavailable) as error:
            _log.info("evidence_late_later", incident_id=incident.incident_id, code=error.code)
            return False
        _log.info("evidence_late", incident_id=incident.incident_id, records=more)
        return True


class _Counted(msgspec.Struct, frozen=True):
    """What a bundle says of how much is in it."""

    positions: int
    status: int


def _reaching_into(files: Sequence[RawFile], incidents: Sequence[Incident]) -> list[IncidentId]:
    """Return the incidents of whose vehicle and window some file holds a record. Blocking."""
    found: set[IncidentId] = set()
    for file in files:
        near = [
            one
            for one in incidents
            if ms_of_moment(one.window_from) <= file.newest_ms
            and ms_of_moment(one.window_to) >= file.oldest_ms
        ]
        if near:
            found |= _in_file(file, near)
    return sorted(found)


def _in_file(file: RawFile, incidents: Sequence[Incident]) -> set[IncidentId]:
    try:
        numbers, ms = file.measured()
    except FileNotFoundError:
        # An hour took it meanwhile: what is counted against the sealed files decides.
        return {one.incident_id for one in incidents}
    rows = np.flatnonzero(np.isin(numbers, [one.vehicle_no for one in incidents]))
    numbers, ms = numbers[rows], ms[rows]
    return {
        one.incident_id
        for one in incidents
        if (
            (numbers == one.vehicle_no)
            & (ms >= ms_of_moment(one.window_from))
            & (ms <= ms_of_moment(one.window_to))
        ).any()
    }
