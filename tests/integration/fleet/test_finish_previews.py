"""What a preview had no time for is worked out by jobs: the whole week, exactly, whatever happens to them."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.auth.principal import EVERYTHING
from core.clock import moment_of_ms
from core.database import Database
from core.ids import FenceId, FenceVersion
from core.outbox import outbox
from core.queue import JobQueue
from fleet.fences.finish_previews import HELD, TRIES_MOST, PreviewFinisher, PreviewWaker
from fleet.fences.preview_fence import FencePreviewer
from fleet.fences.week_store import TOPIC, WeekStore
from fleet.fences.whole_week import PreviewWeek, go_on
from fleet.history.kept import HOUR_MS
from fleet.telemetry.records import STATE, Records
from geofences.fences import draft_of
from geofences.preview import FencePreview, PastCrossings, RestOfWeek
from geofences.publishing import draw_fence, preview_fence, publish_fence, retire_fence
from geofences.store import FenceRecord, FenceStore
from services.orders.fence_impact import OrderImpact
from tests.history import T0, compact
from tests.integration.fleet.builders import a_principal
from tests.integration.fleet.test_past_crossings import FENCE, HOURS, a_week, live, written

ROOT = Path(__file__).parents[3]
END = T0 + HOURS * HOUR_MS
GATE, FIRST = FenceId("gate"), FenceVersion(1)
CUT_SHORT = PastCrossings(
    events={"enter": 1},
    vehicles=1,
    positions=9,
    from_at=moment_of_ms(END - HOUR_MS),
    to_at=moment_of_ms(END),
    is_whole=False,
)


def a_preview_week(reached_ms: int = T0) -> PreviewWeek:
    return PreviewWeek(
        fence_id=GATE, version=FIRST, week_id="w", vehicles=np.arange(1, 5),
        from_ms=T0, to_ms=END, reached_ms=reached_ms,
    )  # fmt: skip


@pytest.mark.thorough
@given(seed=st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_a_week_laid_down_after_every_window_says_what_the_live_step_would_have_said(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    folder, records = tmp_path_factory.mktemp("history"), a_week(seed)
    written(folder, records)
    week, times = a_preview_week(), 0
    while not week.is_done:
        week, past = go_on(folder, FENCE, week, left_s=lambda: 0.0)
        times += 1
    assert times == HOURS * 12
    assert (past.events, past.vehicles) == live(FENCE, records)
    assert (past.positions, past.is_whole) == (len(records), True)


def test_a_week_whose_history_is_compacted_meanwhile_is_the_same(tmp_path: Path) -> None:
    records = a_week(7)
    written(tmp_path, records)
    week, past = go_on(tmp_path, FENCE, a_preview_week(), left_s=lambda: 0.0)
    assert not past.is_whole
    compact(tmp_path, END + 10 * HOUR_MS)
    week, past = go_on(tmp_path, FENCE, week, left_s=lambda: 1.0)
    assert week.is_done
    assert (past.events, past.vehicles) == live(FENCE, records)


async def cut_short(database: Database, wall: datetime, end: int = END) -> None:
    """Draw the gate, and preview it as somebody whose time was over after an hour."""
    rest = RestOfWeek(from_at=moment_of_ms(T0), to_at=moment_of_ms(end), reached_at=moment_of_ms(T0))
    seen = FencePreview(vehicles_inside=0, inside=(), past=CUT_SHORT, rest=rest, orders_touched=0, orders=())
    async with database.write() as tx:
        if await FenceStore(tx).newest_of(GATE) is None:
            await draw_fence(tx, draft_of(FENCE), at=wall, by="s-1")
        await WeekStore(tx).begin(GATE, FIRST, np.arange(1, 5), from_ms=T0, to_ms=end, due_at=wall)
        await preview_fence(tx, GATE, FIRST, seen, at=wall, by="s-1", reach=EVERYTHING)


async def shown(database: Database) -> FenceRecord:
    async with database.read() as tx:
        return await FenceStore(tx).get(GATE, FIRST, reach=EVERYTHING)


async def seen_by(database: Database) -> FencePreview:
    preview = (await shown(database)).preview
    assert preview is not None
    return preview


async def waiting(database: Database, wall: datetime) -> int:
    async with database.read() as tx:
        return await WeekStore(tx).due(wall + timedelta(days=1))


async def test_jobs_go_through_the_week_and_show_how_far_they_are(
    database: Database, clock: Any, tmp_path: Path
) -> None:
    records = a_week(1)
    written(tmp_path, records)
    await cut_short(database, clock.wall())
    finisher = PreviewFinisher(database, clock, tmp_path, work_s=0.0)
    before = await shown(database)
    await finisher.go_on()
    seen = await seen_by(database)
    assert seen.past == CUT_SHORT
    assert seen.rest is not None
    assert seen.rest.reached_at == moment_of_ms(T0 + 300_000)
    whole = PreviewFinisher(database, clock, tmp_path, work_s=60.0)
    assert (await whole.go_on())["hours"] == HOURS - 1
    after = await shown(database)
    seen = await seen_by(database)
    assert (dict(seen.past.events), seen.past.vehicles) == live(FENCE, records)
    assert (seen.past.is_whole, seen.past.from_at, seen.past.to_at, seen.rest) == (
        True, moment_of_ms(T0), moment_of_ms(END), None,
    )  # fmt: skip
    assert (after.previewed_at, after.previewed_by) == (before.previewed_at, before.previewed_by)
    assert await waiting(database, clock.wall()) == 0
    assert await whole.go_on() == {"hours": 0}


class NobodyHeard:
    """Trackers that wrote nothing yet."""

    async def states(self) -> Records:
        return np.zeros(0, STATE)


async def test_what_there_was_no_time_for_is_left_to_a_job_and_forgotten_when_there_is(
    database: Database, clock: Any, tmp_path: Path
) -> None:
    async with database.write() as tx:
        await draw_fence(tx, draft_of(FENCE), at=clock.now(), by="s-1")
    parts = (database, clock, NobodyHeard(), tmp_path, OrderImpact())
    hasty, patient = FencePreviewer(*parts, wall_s=0.0), FencePreviewer(*parts, wall_s=60.0)
    seen = (await hasty.preview(GATE, FIRST, a_principal())).preview
    assert seen is not None
    assert not seen.past.is_whole
    week_ago = seen.past.to_at - timedelta(days=7)
    assert seen.rest == RestOfWeek(from_at=week_ago, to_at=seen.past.to_at, reached_at=week_ago)
    assert await waiting(database, clock.wall()) == 1
    async with database.read() as tx:
        assert await tx.scalar(select(outbox.c.topic)) == TOPIC
    assert (await PreviewFinisher(database, clock, tmp_path).go_on())["hours"] == 7 * 24
    done = await seen_by(database)
    assert (done.past.is_whole, done.past.from_at, done.rest) == (True, week_ago, None)
    await hasty.preview(GATE, FIRST, a_principal())
    await patient.preview(GATE, FIRST, a_principal())
    assert (await seen_by(database)).rest is None
    assert await waiting(database, clock.wall()) == 0


@pytest.mark.parametrize("step", ["publish", "discard", "redraw"])
async def test_nobody_goes_on_with_what_was_published_dropped_or_drawn_anew(
    sqlite_database: Database, clock: Any, tmp_path: Path, step: str
) -> None:
    written(tmp_path, a_week(1))
    await cut_short(sqlite_database, clock.wall())
    at = clock.now()
    steps: dict[str, Callable[[Any], Any]] = {
        "publish": lambda tx: publish_fence(tx, GATE, FIRST, at=at, by="s-2", reach=EVERYTHING),
        "discard": lambda tx: retire_fence(tx, GATE, FIRST, at=at, by="s-2", reach=EVERYTHING),
        "redraw": lambda tx: draw_fence(tx, draft_of(FENCE), at=at, by="s-2"),
    }
    async with sqlite_database.write() as tx:
        await steps[step](tx)
    finisher = PreviewFinisher(sqlite_database, clock, tmp_path, work_s=60.0)
    assert await finisher.go_on() == {"hours": 0}
    assert await waiting(sqlite_database, clock.wall()) == 0
    assert (await seen_by(sqlite_database)).past == CUT_SHORT


async def test_a_job_that_was_overtaken_by_a_new_preview_keeps_nothing(
    sqlite_database: Database, clock: Any, tmp_path: Path
) -> None:
    written(tmp_path, a_week(1))
    await cut_short(sqlite_database, clock.wall())
    async with sqlite_database.write() as tx:
        week = await WeekStore(tx).take(clock.wall(), clock.wall() + HELD)
    assert week is not None
    await cut_short(sqlite_database, clock.wall())
    came, _ = go_on(tmp_path, FENCE, week, left_s=lambda: 60.0)
    async with sqlite_database.write() as tx:
        assert not await WeekStore(tx).go_on(week, came, clock.wall())
    assert await waiting(sqlite_database, clock.wall()) == 1


async def test_a_week_that_kills_every_job_is_given_up_and_says_so_no_more(
    sqlite_database: Database, clock: Any, tmp_path: Path
) -> None:
    await cut_short(sqlite_database, clock.wall())
    for turn in range(TRIES_MOST):
        wall = clock.wall() + turn * HELD
        async with sqlite_database.write() as tx:
            assert await WeekStore(tx).take(wall, wall + HELD) is not None
            assert await WeekStore(tx).take(wall, wall + HELD) is None
    async with sqlite_database.write() as tx:
        late = clock.wall() + TRIES_MOST * HELD
        week = await WeekStore(tx).take(late, clock.wall())
    assert week is not None
    assert week.tries == TRIES_MOST
    async with sqlite_database.read() as tx:
        assert await WeekStore(tx).due(clock.wall()) == 1
    await PreviewFinisher(sqlite_database, clock, tmp_path).go_on()
    assert (await seen_by(sqlite_database)).rest is None
    assert await waiting(sqlite_database, clock.wall()) == 0


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_a_worker_that_is_killed_half_way_costs_time_and_no_event(
    sqlite_database: Database, clock: Any, tmp_path: Path, valkey_url: str, point: str
) -> None:
    records, end = a_week(5), T0 + 3 * HOUR_MS
    written(tmp_path, records)
    records = records[records["measured_ms"] < end]
    await cut_short(sqlite_database, clock.wall(), end)
    queue = JobQueue(valkey_url)
    waker = PreviewWaker(sqlite_database, queue, clock)
    try:
        assert await waker.reconcile_once()
        assert not await waker.reconcile_once()
        assert await worked(tmp_path, valkey_url, point, "9", "0") == -signal.SIGKILL
        rest = (await seen_by(sqlite_database)).rest
        assert rest is not None
        assert T0 < rest.reached_at.timestamp() * 1000 < end
        assert await waker.wake()
        assert await worked(tmp_path, valkey_url, "", "0", "3") == 0
    finally:
        queue.close()
    seen = await seen_by(sqlite_database)
    assert (dict(seen.past.events), seen.past.vehicles) == live(FENCE, records)
    assert (seen.past.positions, seen.past.is_whole, seen.rest) == (len(records), True, None)


async def worked(folder: Path, url: str, *words: str) -> int:
    """Work the queue empty in a process of its own; return how it ended."""
    program = [sys.executable, "-m", "tests.integration.fleet.preview_worker", url, str(folder), *words]
    process = await asyncio.create_subprocess_exec(*program, cwd=ROOT, stderr=subprocess.DEVNULL)
    return await asyncio.wait_for(process.wait(), 120)
