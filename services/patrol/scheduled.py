"""Beats on schedules: an occurrence that comes due becomes a run that waits for a vehicle."""

from datetime import datetime, timedelta

import msgspec

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import NotFound
from core.ids import new_id
from services.patrol.beat import Beat, BeatId
from services.patrol.beat_store import BeatStore
from services.patrol.kinds import RunState
from services.patrol.run import Run, RunId, points_of, run_of
from services.patrol.run_store import RunStore
from services.patrol.settle_run import give_up_waiting
from services.schedules.kinds import OccurrenceState
from services.schedules.port import Subject
from services.schedules.schedule import Occurrence

KEPT_UNTIL_WITHDRAWN = timedelta(days=2)
"""The schedule says until when its run waits; this only ends one whose schedule is gone."""


class ScheduledBeats:
    """What occurrences of kind ``patrol_beat`` do (services.schedules.port)."""

    async def subject(self, tx: Transaction, subject_id: str, reach: Reach, /) -> Subject:
        """Return a beat within the reach; raise NotFound, also for one that is retired."""
        beat = await BeatStore(tx).get(BeatId(subject_id), reach)
        if beat.is_retired:
            raise NotFound("not-found", "the beat is retired", beat_id=subject_id)
        return _subject(beat)

    async def subjects(self, tx: Transaction, reach: Reach, /) -> list[Subject]:
        """Return every beat within the reach that is not retired."""
        return [_subject(beat) for beat in await BeatStore(tx).all(reach)]

    async def came_due(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> str | None:
        """Make a run wait; ``beat_retired`` when its beat is, NotFound when there never was one."""
        beat = await BeatStore(tx).get(BeatId(occurrence.subject_id), EVERYTHING)
        if beat.is_retired:
            return "beat_retired"
        plain = run_of(beat, RunId(new_id()), begin_by=at + KEPT_UNTIL_WITHDRAWN, at=at)
        run = msgspec.structs.replace(
            plain, occurrence_id=occurrence.occurrence_id, wanted_vehicle=occurrence.vehicle_no
        )
        await RunStore(tx).add(run, points_of(run, beat.checkpoints))
        return None

    async def withdrawn(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> None:
        """End a run that still waits: its checkpoints are missed. One under way may finish."""
        run: Run | None = await RunStore(tx).of_occurrence(occurrence.occurrence_id)
        if run is not None and run.state is RunState.WAITING:
            is_excused = occurrence.state is OccurrenceState.EXCUSED
            await give_up_waiting(tx, run, is_excused=is_excused, at=at)


def _subject(beat: Beat) -> Subject:
    return Subject(
        subject_id=beat.beat_id,
        name_zh=beat.name_zh,
        name_en=beat.name_en,
        district=beat.district,
        operator=beat.operator,
        holds=(f"beat:{beat.beat_id}",),
    )
