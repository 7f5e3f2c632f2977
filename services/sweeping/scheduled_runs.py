"""Sweeping runs as work of schedules (services.schedules.port)."""

from datetime import datetime

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import NotFound
from core.ids import SweepingZoneId
from services.dispatch.area import OUTSIDE_PERMIT
from services.schedules.kinds import OccurrenceState
from services.schedules.port import Subject
from services.schedules.schedule import Occurrence
from services.sweeping.run import advance
from services.sweeping.run_states import RunEvent, RunState
from services.sweeping.run_store import RunStore
from services.sweeping.start_run import add_run, why_not
from services.sweeping.zone import SweepingZone
from services.sweeping.zone_store import ZoneStore


class ScheduledRuns:
    """Starts a run of a zone for each occurrence."""

    async def subject(self, tx: Transaction, subject_id: str, reach: Reach, /) -> Subject:
        """Return a zone; raise NotFound for one that is out of reach or retired."""
        zone = await ZoneStore(tx).get(SweepingZoneId(subject_id), reach)
        if zone.is_retired:
            raise NotFound("not-found", "this zone is swept no more", zone_id=subject_id)
        return _subject(zone)

    async def subjects(self, tx: Transaction, reach: Reach, /) -> list[Subject]:
        """Return every zone within the reach that is swept."""
        return [_subject(zone) for zone in await ZoneStore(tx).all(reach)]

    async def came_due(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> str | None:
        """Store a run that waits; a word when the zone is retired, not planned, or still being swept."""
        zone = await ZoneStore(tx).get(SweepingZoneId(occurrence.subject_id), EVERYTHING)
        hindrance = await why_not(tx, zone)
        if hindrance is not None:
            return hindrance
        if await RunStore(tx).open_of(zone.zone_id) is not None:
            return "zone_busy"
        await add_run(
            tx,
            zone,
            wanted=occurrence.vehicle_no,
            by_name="",
            occurrence_id=occurrence.occurrence_id,
            at=at,
        )
        return None

    async def withdrawn(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> None:
        """Take back the run that no vehicle has begun; one under way finishes."""
        runs = RunStore(tx)
        run = await runs.of_occurrence(occurrence.occurrence_id)
        if run is None or run.state is not RunState.WAITING:
            return
        is_missed = occurrence.state is OccurrenceState.MISSED
        why = OUTSIDE_PERMIT if run.reason == OUTSIDE_PERMIT else "not_started"
        reason = why if is_missed else "schedule_excused"
        await runs.move(run, advance(run, RunEvent.WITHDRAWN, at=at, reason=reason), at=at)


def _subject(zone: SweepingZone) -> Subject:
    return Subject(
        subject_id=zone.zone_id,
        name_zh=zone.name_zh,
        name_en=zone.name_en,
        district=zone.district,
        operator=zone.operator,
        holds=(f"zone:{zone.zone_id}",),
    )
