"""What the progress of a roaming vehicle's task means for the round that was scheduled."""

from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from services.schedules.kinds import OccurrenceState
from services.schedules.settle_occurrence import occurrence_given_back, occurrence_met
from services.schedules.store import ScheduleStore
from services.tasks.effects import NothingOnBoard
from services.tasks.task import Stop, Task
from services.vending.rounds.round import RoundState, ScheduledRound
from services.vending.rounds.round_store import RoundStore
from services.vending.sales.release_sale import release_unopened


class RoundEffects(NothingOnBoard):
    """Meets or gives back the occurrence of a round; one that nobody scheduled changes nothing."""

    async def stop_left(self, tx: Transaction, task: Task, _stop: Stop, at: datetime, /) -> None:
        """What was reserved and not opened at the stop is free again."""
        await release_unopened(tx, task.vehicle_no, "vehicle_left", at=at)

    async def finished(self, tx: Transaction, task: Task, at: datetime, /) -> None:
        """The round was driven."""
        scheduled = await RoundStore(tx).of_task(task.task_id)
        if scheduled is not None:
            await RoundStore(tx).move(scheduled.occurrence_id, RoundState.DRIVEN, RoundState.OVER)
            await occurrence_met(tx, scheduled.occurrence_id, at=at)

    async def lost(self, tx: Transaction, task: Task, cause: str, at: datetime, /) -> bool:
        """Let another vehicle drive the round; nothing of it is on board."""
        await release_unopened(tx, task.vehicle_no, cause, at=at)
        scheduled = await RoundStore(tx).of_task(task.task_id)
        if scheduled is not None:
            await give_round_back(tx, scheduled, at=at)
        return False


async def give_round_back(tx: Transaction, scheduled: ScheduledRound, *, at: datetime) -> None:
    """Let another vehicle drive a round, unless somebody settled its occurrence meanwhile."""
    await occurrence_given_back(tx, scheduled.occurrence_id, at=at)
    occurrence = await ScheduleStore(tx).occurrence(scheduled.occurrence_id, EVERYTHING)
    after = RoundState.WAITING if occurrence.state is OccurrenceState.DUE else RoundState.OVER
    await RoundStore(tx).move(scheduled.occurrence_id, RoundState.DRIVEN, after)
