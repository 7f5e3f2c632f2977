"""What a run swept so far, before it is measured: out of the history's files and the stream's last seconds.

Preliminary: a run is measured when its positions are all on disk (``work_on``).
"""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from core.clock import Clock, moment_of_ms, ms_of_moment
from core.ids import SweepingRunId
from core.redis import StreamsRedis
from fleet.history.kept import Recent
from fleet.history.tail import StreamTail
from services.sweeping.ledger import Ledger, ledger
from services.sweeping.run import SweepingRun
from services.sweeping.run_states import RunState
from services.sweeping.zone import StoredPlan

WATCHED: Final = frozenset({RunState.UNDER_WAY, RunState.SWEPT})
"""States in which something may have been swept that nobody has measured."""
KEPT_S: Final = 4.0
"""Wall seconds for which everybody who looks is given the same answer."""
KEPT_TIMES: Final = 10
"""It is kept for so many times the CPU that it took: watching one run takes a tenth of a core at most."""


class SweptSoFar(msgspec.Struct, frozen=True, kw_only=True):
    """What a run swept by the positions until a moment: preliminary, for late ones may come."""

    until: datetime | None
    """When the newest of the positions was measured; None while there is none."""
    ledger: Ledger


class _Answer(msgspec.Struct):
    found: asyncio.Task[SweptSoFar]
    until_s: float


class RunWatch:
    """Works out what runs swept so far: one at a time, once for all who look at the same run.

    One per api process. Files are read and areas cut in a thread; pyarrow is imported at the first.
    """

    def __init__(self, streams: StreamsRedis, clock: Clock, folder: Path, *, partitions: int) -> None:
        """Take the stream with its number of partitions, and the folder of the history."""
        self._tail = StreamTail(streams, partitions=partitions)
        self._clock = clock
        self._folder = folder
        self._answers: dict[SweepingRunId, _Answer] = {}
        self._turn = asyncio.Lock()

    async def so_far(self, run: SweepingRun, plan: StoredPlan) -> SweptSoFar | None:
        """Return what a run swept of its plan, some seconds old at most; None for one that is not watched.

        Raises Unavailable without the stream.
        """
        if run.state not in WATCHED or run.vehicle_no is None or run.started_at is None or plan.plan is None:
            return None
        now_s = self._clock.monotonic_s()
        self._answers = {key: each for key, each in self._answers.items() if _is_good(each, now_s)}
        answer = self._answers.get(run.run_id)
        if answer is None:
            answer = _Answer(asyncio.create_task(self._work_out(run, plan)), now_s + KEPT_S)
            self._answers[run.run_id] = answer
        return await asyncio.shield(answer.found)

    async def _work_out(self, run: SweepingRun, plan: StoredPlan) -> SweptSoFar:
        async with self._turn:
            # The stream before the files: what is flushed in between is then found twice, never not at all.
            recent = await self._tail.both_of_vehicle(run.vehicle_no or 0)
            to_ms = self._clock.now_ms() if run.ended_at is None else ms_of_moment(run.ended_at)
            found, cost_s = await asyncio.to_thread(self._look, run, plan, to_ms, recent)
        kept_s = max(KEPT_S, KEPT_TIMES * cost_s)
        self._answers[run.run_id].until_s = self._clock.monotonic_s() + kept_s
        return found

    def _look(
        self, run: SweepingRun, plan: StoredPlan, to_ms: int, recent: Recent
    ) -> tuple[SweptSoFar, float]:
        """Return it with the seconds of CPU that it took."""
        began_s = time.thread_time()
        from services.sweeping.read_track import read_track

        assert run.vehicle_no is not None
        assert run.started_at is not None
        assert plan.plan is not None
        track = read_track(self._folder, run.vehicle_no, ms_of_moment(run.started_at), to_ms, recent)
        newest = moment_of_ms(int(track.measured_ms[-1])) if len(track.measured_ms) else None
        found = SweptSoFar(until=newest, ledger=ledger(plan.ground, plan.plan.width_m, [track]))
        return found, time.thread_time() - began_s


def _is_good(answer: _Answer, now_s: float) -> bool:
    """Return whether an answer is on its way, or came and is not old."""
    if not answer.found.done():
        return True
    return now_s < answer.until_s and not answer.found.cancelled() and answer.found.exception() is None
