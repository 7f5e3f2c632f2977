"""A drawing is planned by a real worker before it is saved; what is asked for anew is dropped, and a worker
that is killed leaves nothing hanging."""

import asyncio
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.auth.principal import Principal, reach_of
from core.auth.roles import Role
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.ids import OperatorId, StaffId
from core.queue import JobQueue
from geofences import shapes
from services.sweeping.ask_preview import ask_preview
from services.sweeping.equipment import Equipment
from services.sweeping.left_out import Why
from services.sweeping.preview import KEPT, PATIENCE, Preview, PreviewId, PreviewState, state_at
from services.sweeping.preview_store import PreviewStore
from services.sweeping.work_on import SweepingWaker
from services.sweeping.work_on_previews import HELD
from services.sweeping.zone import MOST_M2, Drawing, PlanState, ZoneKind
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.town import KB
from tests.integration.services.sweeping.sweepers import AREA, Yard

ROOT = Path(__file__).parents[4]
OWN = PreviewId("draft-0001")
OPERATOR = OperatorId("op-a")
LEAD = a_principal(Role.SHIFT_LEAD, operator=OPERATOR)
YARD = Drawing(kind=ZoneKind.GROUND, area=AREA)
ALLEY = Drawing(kind=ZoneKind.GROUND, area=shapes.rectangle(39.602, 109.781, 24.0, 1.5))
NARROWER = replace(YARD, equipment=Equipment(width_m=1.0, body_m=1.0))


async def ask(
    database: Database,
    clock: Clock,
    drawing: Drawing = YARD,
    *,
    preview_id: PreviewId = OWN,
    by: Principal = LEAD,
) -> Preview:
    async with database.write() as tx:
        return await ask_preview(
            tx,
            by,
            preview_id,
            drawing,
            district=KB,
            operator=OPERATOR,
            wall=clock.wall(),
            at=clock.now(),
        )


async def look(database: Database, by: Principal = LEAD, preview_id: PreviewId = OWN) -> Preview:
    async with database.read() as tx:
        return await PreviewStore(tx).get(preview_id, reach_of(by))


async def test_a_drawing_is_planned_and_says_what_it_leaves_out(any_yard: Yard) -> None:
    town = any_yard.town
    asked = await ask(town.database, town.clock)
    assert state_at(asked, town.clock.wall()) is PreviewState.WAITING
    assert await any_yard.worker.go_on() == {"previewed": 1}
    assert await any_yard.worker.go_on() == {"measured": 0}, "once is enough"
    found = await look(town.database)
    assert found.state is PlanState.READY
    assert found.plan is not None
    assert found.plan.covered_m2 == pytest.approx(18 * 11, rel=0.02)
    assert [each.why for each in found.left_out] == [Why.NARROW]
    assert await ask(town.database, town.clock) == found, "the same drawing is planned already"


async def test_a_preview_goes_before_the_plans_that_nobody_waits_for(yard: Yard) -> None:
    await yard.draw()
    await ask(yard.town.database, yard.town.clock)
    assert [await yard.worker.go_on(), await yard.worker.go_on()] == [{"previewed": 1}, {"planned": 1}]


async def test_what_cannot_be_planned_says_what_it_needs(yard: Yard) -> None:
    await ask(yard.town.database, yard.town.clock, ALLEY)
    await yard.worker.go_on()
    found = await look(yard.town.database)
    assert (found.state, found.problem, found.fields["needed_m"]) == (
        PlanState.FAILED,
        "sweeping-zone-too-narrow",
        2.0,
    )


async def test_too_large_a_drawing_is_refused_with_the_limit_and_its_size(yard: Yard) -> None:
    large = replace(YARD, area=shapes.rectangle(39.602, 109.781, 300.0, 200.0))
    with pytest.raises(Invalid) as refused:
        await ask(yard.town.database, yard.town.clock, large)
    assert (refused.value.fields["field"], refused.value.fields["limit"]) == ("geometry", f"{MOST_M2:.0f} m2")
    assert refused.value.fields["size_m2"] == pytest.approx(60_000, rel=0.01)


async def test_the_plan_of_a_drawing_that_was_drawn_anew_is_dropped(any_yard: Yard) -> None:
    database, clock = any_yard.town.database, any_yard.town.clock
    await ask(database, clock)
    async with database.write() as tx:
        held = await PreviewStore(tx).take(clock.wall(), clock.wall() + HELD)
    assert held is not None
    anew = await ask(database, clock, NARROWER)
    assert (anew.number, state_at(anew, clock.wall())) == (2, PreviewState.WAITING)
    async with database.write() as tx:
        assert not await PreviewStore(tx).keep(replace(held, state=PlanState.FAILED, problem="of the first"))
    assert await any_yard.worker.go_on() == {"previewed": 1}, "the new one waits for nobody's plan"
    found = await look(database)
    assert (found.number, found.state, found.problem) == (2, PlanState.READY, "")
    assert found.plan is not None
    assert found.plan.width_m == 1.0


async def test_two_workers_make_two_previews_and_none_twice(any_yard: Yard) -> None:
    database, clock = any_yard.town.database, any_yard.town.clock
    await ask(database, clock)
    await ask(database, clock, preview_id=PreviewId("draft-0002"))
    done = await asyncio.gather(*(any_yard.worker.go_on() for _ in range(3)))
    assert sorted(map(str, done)) == ["{'measured': 0}", "{'previewed': 1}", "{'previewed': 1}"]


async def test_who_comes_while_another_still_takes_the_first_takes_the_next(
    postgresql_database: Database, clock: Clock
) -> None:
    await ask(postgresql_database, clock)
    await ask(postgresql_database, clock, preview_id=PreviewId("draft-0002"))
    wall = clock.wall()
    async with postgresql_database.write() as one, postgresql_database.write() as other:
        taken = [await PreviewStore(tx).take(wall, wall + HELD) for tx in (one, other)]
    assert {each.preview_id for each in taken if each is not None} == {"draft-0001", "draft-0002"}


async def test_nobody_takes_the_id_of_somebody_elses_preview(yard: Yard) -> None:
    database, clock = yard.town.database, yard.town.clock
    asked = await ask(database, clock)
    colleague = a_principal(Role.SHIFT_LEAD, operator=OPERATOR, id=StaffId("staff-2"))
    assert await look(database, colleague) == asked
    with pytest.raises(Conflict):
        await ask(database, clock, NARROWER, by=colleague)
    stranger = a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-b"))
    with pytest.raises(NotFound):
        await look(database, stranger)
    with pytest.raises(NotFound):
        await ask(database, clock, by=stranger, preview_id=PreviewId("draft-0003"))


async def test_an_hour_later_it_is_forgotten(yard: Yard) -> None:
    town = yard.town
    await ask(town.database, town.clock)
    town.clock.advance(KEPT.total_seconds() + 1)
    await ask(town.database, town.clock, preview_id=PreviewId("draft-0002"))
    with pytest.raises(NotFound):
        await look(town.database)


async def worked(folder: Path, url: str, point: str, seconds_later: int) -> int:
    """Work the queue empty in a process of its own; return how it ended."""
    module = "tests.integration.services.sweeping.preview_process"
    program = [sys.executable, "-m", module, url, str(folder), point, str(seconds_later)]
    process = await asyncio.create_subprocess_exec(*program, cwd=ROOT, stderr=subprocess.DEVNULL)
    return await asyncio.wait_for(process.wait(), 120)


async def test_a_worker_that_is_killed_half_way_leaves_nothing_hanging(
    sqlite_database: Database, tmp_path: Path, valkey_url: str
) -> None:
    clock: Any = Clock.real()
    queue = JobQueue(valkey_url)
    waker = SweepingWaker(sqlite_database, queue, clock)
    asked = await ask(sqlite_database, clock)
    try:
        assert await waker.reconcile_once()
        assert not await waker.reconcile_once(), "one waits already"
        assert await worked(tmp_path, valkey_url, "after_commit", 0) == -signal.SIGKILL
        left = await look(sqlite_database)
        now = datetime.now(UTC)
        assert left.state is PlanState.WANTED
        assert state_at(left, now) is PreviewState.PLANNING, "the dead one still holds it"
        assert state_at(left, now + HELD) is PreviewState.WAITING
        assert state_at(left, asked.asked_at + PATIENCE) is PreviewState.LATE
        later = int(HELD.total_seconds()) + 1
        assert await waker.wake()
        assert await worked(tmp_path, valkey_url, "", later) == 0
    finally:
        queue.close()
    assert (await look(sqlite_database)).state is PlanState.READY


async def test_one_that_nobody_came_back_with_is_late_and_may_be_asked_for_again(yard: Yard) -> None:
    town = yard.town
    await ask(town.database, town.clock)
    town.clock.advance(PATIENCE.total_seconds())
    assert state_at(await look(town.database), town.clock.wall()) is PreviewState.LATE
    assert await yard.worker.go_on() == {"measured": 0}, "nobody waits for it any more"
    again = await ask(town.database, town.clock)
    assert (again.number, again.gives_up_at) == (2, town.clock.wall() + timedelta(seconds=120))
    assert await yard.worker.go_on() == {"previewed": 1}
