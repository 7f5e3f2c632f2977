"""The keeper that holds evidence against the vehicle's own track, as soon as its positions are there."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog

from core.clock import Clock, ms_of_moment
from core.database import Database
from core.errors import Conflict, IllegalTransition
from core.ids import VehicleNo
from core.repeating import repeat
from services.patrol.doubt import doubt_checkpoint, doubt_run
from services.patrol.kinds import TrackCheck
from services.patrol.run import Evidence, Run
from services.patrol.run_store import RunStore
from services.patrol.track import NEAR_S, Fix, compare

MOST_AT_ONCE: Final = 50

_log = structlog.get_logger("services.patrol")


class Tracks(Protocol):
    """Who knows where a vehicle was."""

    async def around(self, vehicle_no: VehicleNo, moment_ms: int, near_ms: int) -> Sequence[Fix]:
        """Return positions at most ``near_ms`` of city time from a moment, the last before and the first
        after it among them. Raises Unavailable."""
        ...


class EvidenceCheck:
    """Marks evidence that the track contradicts, and its checkpoints; several may run, each piece is decided
    once."""

    def __init__(self, database: Database, clock: Clock, tracks: Tracks, *, every_s: float = 10.0) -> None:
        """Take the runs, the clock, who knows tracks, and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._tracks = tracks
        self._every_s = every_s

    async def check_once(self) -> int:
        """Compare what waits and return how many pieces were decided. Raises Unavailable.

        Runs that ended before a checkpoint of theirs became doubtful do not count as done any more.
        """
        async with self._database.read() as tx:
            waiting = await RunStore(tx).unchecked(limit=MOST_AT_ONCE)
        decided = sum([await self._check(evidence, self._clock.now()) for evidence in waiting])
        async with self._database.read() as tx:
            doubtful = await RunStore(tx).done_in_doubt(limit=MOST_AT_ONCE)
        for run in doubtful:
            await self._doubt(run, self._clock.now())
        return decided

    async def _check(self, evidence: Evidence, at: datetime) -> int:
        moment_ms, near_ms = ms_of_moment(evidence.taken_at), int(NEAR_S * 1_000)
        fixes = await self._tracks.around(evidence.vehicle_no, moment_ms, near_ms)
        found = compare(evidence, fixes, at=at)
        if found.check is TrackCheck.WAITING:
            return 0
        async with self._database.write() as tx:
            is_first = await RunStore(tx).note_track(evidence, found.check, found.off_m)
            if is_first and found.check is TrackCheck.DOUBTFUL:
                await doubt_checkpoint(tx, evidence)
        if is_first and found.check is TrackCheck.DOUBTFUL:
            _log.warning("evidence_doubtful", evidence_id=evidence.evidence_id, off_m=found.off_m)
        return int(is_first)

    async def _doubt(self, run: Run, at: datetime) -> None:
        try:
            async with self._database.write() as tx:
                await doubt_run(tx, run, at=at)
        except (Conflict, IllegalTransition):
            return
        _log.warning("patrol_run_doubtful", run_id=run.run_id)

    async def run(self, stop: asyncio.Event) -> None:
        """Do so every few seconds until `stop`, through outages."""
        await repeat("patrol-evidence", self.check_once, self._every_s, stop)
