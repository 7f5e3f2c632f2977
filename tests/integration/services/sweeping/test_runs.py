"""A zone is planned, swept by a simulated sweeper, measured from its archived positions, and repaired."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from core.auth.principal import EVERYTHING
from core.errors import Conflict, IllegalTransition, NotFound
from core.ids import DistrictCode, OperatorId, SweepingRunId, VehicleNo
from fleet.days.gather import Counted
from fleet.links.wire.commands import CommandKind
from geofences import shapes
from services.schedules.calendar import Calendar, Cron
from services.schedules.edit_schedule import Draft, make_schedule
from services.schedules.keep_schedules import ScheduleKeeper
from services.schedules.kinds import OccurrenceState as S
from services.schedules.kinds import WorkKind
from services.schedules.store import ScheduleStore
from services.sweeping.count_day import count_swept
from services.sweeping.run import SweepingRun
from services.sweeping.run_states import RunKind, RunState
from services.sweeping.run_store import RunStore
from services.sweeping.start_run import excuse_run, repair_run, start_run, withdraw_run
from services.sweeping.wetness import Way
from services.sweeping.work_on import HELD
from services.sweeping.zone import PlanState
from services.tasks.states import StopKind
from steppe.composition import scheduled_work
from tests.integration.fleet.builders import a_principal
from tests.integration.services.sweeping.sweepers import SWEEPER, ZONE, Yard, a_sweeper


async def test_a_run_is_planned_swept_measured_and_its_gaps_are_swept_again(any_yard: Yard) -> None:
    yard = any_yard
    await yard.planned()
    await yard.sweeper()
    started = await yard.start()
    assert await yard.settle() == {"round": 1}
    vehicle = a_sweeper()
    plan = await yard.drive(vehicle, brush_fails_after_m=40.0)
    assert {stop.kind for stop in plan.stops} == {"visit", "sweep"}
    assert (await yard.run(started.run_id)).state is RunState.SWEPT
    yard.mark.until_ms = 0
    assert await yard.worker.go_on() == {"measured": 0}, "positions are not on disk yet"
    yard.mark.until_ms = 1 << 60
    assert await yard.worker.go_on() == {"measured": 1}
    first = await yard.run(started.run_id)
    stored = await yard.plan()
    assert stored.plan is not None
    assert first.planned_m2 == pytest.approx(stored.plan.reachable_m2, rel=0.01)
    assert 40 < first.verified_m2 < 120
    assert first.missed_m2 > 0.3 * first.planned_m2
    assert (first.vehicle_no, first.month, first.way) == (SWEEPER, "2026-07", Way.WET)
    repair, *_ = await yard.runs()
    assert (repair.kind, repair.repairs, repair.state) == (RunKind.REPAIR, first.run_id, RunState.PLANNING)
    assert await yard.worker.go_on() == {"planned": 1}
    yard.town.listener.says(SWEEPER, measured_at=yard.town.now, outside_c=18.0)
    await yard.town.operators_stay()
    assert await yard.settle() == {"round": 1}
    await yard.drive(vehicle)
    assert await yard.worker.go_on() == {"measured": 1}
    mended = await yard.run(repair.run_id)
    assert mended.verified_m2 > 0.75 * mended.planned_m2, "what was swept the first time counts there"
    assert mended.missed_m2 < 0.1 * first.missed_m2
    async with yard.town.database.read() as tx:
        [month] = await RunStore(tx).months(EVERYTHING, begin="2026-07", end="2026-07")
        now = yard.town.now + timedelta(seconds=1)
        today = await count_swept(tx, [VehicleNo(SWEEPER), VehicleNo(8)], now - timedelta(days=1), now)
        measured = await count_swept(tx, None, now - timedelta(days=1), now)
        before = await count_swept(tx, [VehicleNo(SWEEPER)], now - timedelta(days=2), now - timedelta(days=1))
    assert (month.runs, month.repairs) == (2, 1)
    assert month.verified_m2 == pytest.approx(first.verified_m2 + mended.verified_m2)
    assert today == measured == {SWEEPER: Counted(m2=round(month.verified_m2, 1))}
    assert before == {SWEEPER: Counted(m2=0.0)}, "a sweeper that sweeps nothing has swept 0 m²"


async def test_what_one_worker_holds_no_other_takes(any_yard: Yard) -> None:
    yard = any_yard
    await yard.draw()
    done = await asyncio.gather(yard.worker.go_on(), yard.worker.go_on())
    assert sorted(map(str, done)) == ["{'measured': 0}", "{'planned': 1}"]
    assert (await yard.plan()).state is PlanState.READY


async def test_a_run_that_could_not_be_measured_keeps_no_other_waiting(any_yard: Yard) -> None:
    await any_yard.planned()
    plan_id = (await any_yard.plan()).plan_id
    now, wall = any_yard.town.now, any_yard.town.clock.wall()
    async with any_yard.town.database.write() as tx:
        store = RunStore(tx)
        for number, name in enumerate(("first", "second")):
            ended = SweepingRun(
                run_id=SweepingRunId(name),
                zone_id=ZONE,
                plan_id=plan_id,
                district=DistrictCode("KB"),
                operator=OperatorId("op-a"),
                state=RunState.SWEPT,
                vehicle_no=VehicleNo(SWEEPER),
                started_at=now,
                ended_at=now + timedelta(minutes=number),
                created_at=now,
            )
            await store.add(ended)
        first = await store.next_to_measure(wall)
        assert first is not None
        assert first.run_id == "first"
        assert await store.hold(first, wall, wall + HELD)
        for later in (wall, wall + 2 * HELD):
            following = await store.next_to_measure(later)
            assert following is not None
            assert following.run_id == "second"


async def test_a_drawing_without_room_says_so_and_nothing_is_started(yard: Yard) -> None:
    with pytest.raises(NotFound):
        await yard.start()
    await yard.draw(area=shapes.rectangle(39.602, 109.781, 24.0, 1.5))
    with pytest.raises(Conflict):
        await yard.start()
    await yard.worker.go_on()
    stored = await yard.plan()
    assert (stored.state, stored.problem) == (PlanState.FAILED, "sweeping-zone-too-narrow")


async def test_one_zone_has_one_run_whoever_starts_it(any_yard: Yard) -> None:
    yard = any_yard
    await yard.planned()
    both = await asyncio.gather(yard.start(), yard.start(), return_exceptions=True)
    assert [type(each).__name__ for each in both].count("Conflict") == 1
    [run] = await yard.runs()
    async with yard.town.database.write() as tx:
        await withdraw_run(tx, yard.lead, run.run_id, at=yard.town.now)
    assert (await yard.start()).state is RunState.WAITING


@pytest.mark.parametrize(
    ("may_dry", "state", "way"), [(False, "excused", None), (True, "under_way", Way.DRY)]
)
async def test_a_cold_road_is_swept_dry_or_not_at_all_and_says_why(
    yard: Yard, may_dry: bool, state: str, way: Way | None
) -> None:
    await yard.planned(may_sweep_dry=may_dry)
    await yard.sweeper(outside_c=2.0)
    run = await yard.start()
    await yard.settle()
    found = await yard.run(run.run_id)
    assert (found.state, found.way, found.reason) == (state, way, "road_cold")


async def test_a_lost_vehicle_gives_back_what_it_did_not_begin_and_the_rest_is_measured(yard: Yard) -> None:
    await yard.planned()
    await yard.sweeper()
    run = await yard.start(SWEEPER)
    await yard.settle()
    script = yard.town.script(SWEEPER)
    await script.take_plan()
    await script.say("fault", {"code": 9, "fatal": True, "detail": "x"})
    assert (await yard.run(run.run_id)).state is RunState.WAITING
    await script.say("fault", {"code": 9, "isCleared": True, "detail": "x"}, task_id=None, epoch=None)
    await yard.town.operators_stay()
    assert await yard.settle() == {"round": 1}
    await script.take_plan()
    await script.reach(StopKind.VISIT)
    await script.leave(StopKind.VISIT)
    assert await script.say("task_done", {"result": "failed", "detail": "x"}) == "failed"
    found = await yard.run(run.run_id)
    assert (found.state, found.reason) == (RunState.SWEPT, "task_failed")
    assert await yard.worker.go_on() == {"measured": 1}
    measured = await yard.run(run.run_id)
    assert (measured.verified_m2, measured.state) == (0.0, RunState.MEASURED)
    async with yard.town.database.write() as tx:
        excused = await excuse_run(tx, yard.lead, run.run_id, "市集 market day", at=yard.town.now)
        assert (excused.excuse, excused.excused_by_name) == ("市集 market day", yard.lead.name)
        with pytest.raises(Conflict):
            await repair_run(tx, yard.lead, run.run_id, at=yard.town.now)


async def test_a_vehicle_that_would_run_dry_or_empty_goes_for_supplies_and_comes_back(yard: Yard) -> None:
    zone = await yard.draw()
    thirsty = msgspec.structs.replace(zone.drawing.equipment, water_m2=60.0, hopper_m2=130.0)
    await yard.worker.go_on()
    await yard.planned(equipment=thirsty)
    await yard.sweeper()
    await yard.start()
    await yard.settle()
    plan = await yard.town.script(SWEEPER).take_plan()
    kinds = [stop.kind for stop in plan.stops]
    assert kinds.count("water") >= 2
    assert kinds.count("dump") >= 1
    first = kinds.index("water")
    assert kinds[first - 1] == "sweep"
    back = kinds.index("sweep", first)
    assert kinds[back - 1] == "visit"
    begun, gone = plan.stops[back - 1], plan.stops[first - 1]
    assert (begun.lat, begun.lng) == pytest.approx((gone.lat, gone.lng), abs=1e-6)
    assert all(stop.sweeps for stop in plan.stops if stop.kind == "sweep")


async def test_nobody_else_starts_sees_or_moves_it(yard: Yard) -> None:
    await yard.planned()
    run = await yard.start()
    stranger = a_principal(operator=OperatorId("op-b"))
    async with yard.town.database.write() as tx:
        for deed in (
            start_run(tx, stranger, ZONE, None, at=yard.town.now),
            withdraw_run(tx, stranger, run.run_id, at=yard.town.now),
            repair_run(tx, stranger, run.run_id, at=yard.town.now),
        ):
            with pytest.raises(NotFound):
                await deed
    await yard.sweeper()
    await yard.settle()
    async with yard.town.database.write() as tx:
        with pytest.raises(IllegalTransition):
            await withdraw_run(tx, yard.lead, run.run_id, at=yard.town.now)
    assert await yard.town.commands(SWEEPER, CommandKind.ASSIGN_TASK)


async def hourly(yard: Yard) -> ScheduleKeeper:
    """The zone on the hour; its first time is an hour away."""
    calendar = Calendar(timing=Cron(expression="0 * * * *"), zone="Asia/Shanghai")
    draft = Draft(
        name="清晨", kind=WorkKind.SWEEPING_RUN, subject_id=ZONE, calendar=calendar, start_within_s=7200
    )
    async with yard.town.database.write() as tx:
        await make_schedule(tx, yard.lead, scheduled_work(), draft, at=yard.town.now)
    keeper = ScheduleKeeper(yard.town.database, yard.town.clock, scheduled_work())
    await keeper.keep_once()
    return keeper


async def slots(yard: Yard) -> list[tuple[S, str]]:
    """Return state and reason of what came due in the last three hours."""
    now = yard.town.now
    async with yard.town.database.read() as tx:
        found = await ScheduleStore(tx).between(
            EVERYTHING, begin=now - timedelta(hours=3), end=now + timedelta(seconds=1)
        )
    return [(each.state, each.reason) for each in found]


async def test_a_schedule_sweeps_is_met_and_waits_for_the_zone_to_be_free(yard: Yard) -> None:
    await yard.planned()
    await yard.sweeper()
    keeper, clock = await hourly(yard), yard.town.clock
    clock.advance(3600)
    await keeper.keep_once()
    [run] = await yard.runs()
    assert (run.state, run.occurrence_id is None) == (RunState.WAITING, False)
    clock.advance(3600)
    await keeper.keep_once()
    assert [each.run_id for each in await yard.runs()] == [run.run_id], "the zone is not free"
    yard.town.listener.says(SWEEPER, measured_at=yard.town.now, outside_c=18.0)
    await yard.town.operators_stay()
    assert await yard.settle() == {"round": 1}
    await yard.drive(a_sweeper())
    [first, second] = await slots(yard)
    assert (first[0], second) == (S.MET, (S.SKIPPED, "zone_busy"))


async def test_ground_outside_the_permit_is_not_swept_and_the_run_says_why(any_yard: Yard) -> None:
    yard = any_yard
    await yard.planned()
    await yard.sweeper()
    started = await yard.start()
    stored = await yard.plan()
    assert stored.plan is not None
    yard.town.outside = {stored.plan.pieces[-1].points[-1]}
    assert await yard.settle() == {}
    waits = await yard.run(started.run_id)
    assert (waits.state, waits.reason) == (RunState.WAITING, "outside_permit")
    assert await yard.settle() == {}
    assert (await yard.run(started.run_id)).version == waits.version, "said once"
    yard.town.outside = set()
    assert await yard.settle() == {"round": 1}
    given = await yard.run(started.run_id)
    assert (given.state, given.vehicle_no, given.reason) == (RunState.UNDER_WAY, SWEEPER, "")


async def test_what_a_lost_vehicle_left_of_a_scheduled_run_is_made_good_by_the_repair(yard: Yard) -> None:
    await yard.planned()
    await yard.sweeper()
    keeper, clock = await hourly(yard), yard.town.clock
    clock.advance(3600)
    await keeper.keep_once()
    yard.town.listener.says(SWEEPER, measured_at=yard.town.now, outside_c=18.0)
    await yard.town.operators_stay()
    assert await yard.settle() == {"round": 1}
    script = yard.town.script(SWEEPER)
    await script.take_plan()
    await script.reach(StopKind.VISIT)
    await script.leave(StopKind.VISIT)
    assert await script.say("task_done", {"result": "failed", "detail": "x"}) == "failed"
    assert await slots(yard) == [(S.MISSED, "task_failed")]
    assert await yard.worker.go_on() == {"measured": 1}
    assert await yard.worker.go_on() == {"planned": 1}
    yard.town.listener.says(SWEEPER, measured_at=yard.town.now, outside_c=18.0)
    await yard.town.operators_stay()
    assert await yard.settle() == {"round": 1}
    await yard.drive(a_sweeper())
    assert [state for state, _ in await slots(yard)] == [S.MET]
