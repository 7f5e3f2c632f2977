"""Runs that end before their end: held back by the weather, called home by a person."""

from datetime import timedelta

import msgspec
import pytest

from core.auth.principal import EVERYTHING
from core.clock import ms_of_moment
from core.errors import Conflict, IllegalTransition, Invalid, NotFound
from core.ids import OperatorId, SweepingRunId
from fleet.links.wire.commands import CommandKind, ReturnToDepot
from fleet.weather.conditions import Precipitation, RoadCondition
from services.schedules.calendar import Calendar, Cron
from services.schedules.edit_schedule import Draft, make_schedule
from services.schedules.keep_schedules import ScheduleKeeper
from services.schedules.kinds import OccurrenceState as S
from services.schedules.kinds import WorkKind
from services.schedules.store import ScheduleStore
from services.sweeping.call_home import WaysHome
from services.sweeping.recall_run import recall_run
from services.sweeping.run import SweepingRun
from services.sweeping.run_states import Rest, RunKind, RunState
from services.sweeping.wetness import Way
from services.tasks.states import TaskState
from services.tasks.store import TaskStore
from simulator.vehicles.vehicle import Vehicle
from steppe.composition import scheduled_work
from tests.integration.fleet.builders import a_principal
from tests.integration.services.sweeping.sweepers import SWEEPER, ZONE, Yard, a_sweeper
from tests.simulated import Drive

SLEET = {"road": RoadCondition.WET, "precipitation": Precipitation.SLEET, "air_c": -14.0}


async def test_a_scheduled_run_is_excused_by_the_weather_with_its_occurrence(any_yard: Yard) -> None:
    yard = any_yard
    await yard.planned()
    keeper = await _hourly(yard)
    yard.town.clock.advance(3600)
    await keeper.keep_once()
    assert await yard.hold_back().look_once() == 0, "of the weather nothing is known"
    await yard.weather(**SLEET)
    assert await yard.hold_back().look_once() == 1, "though no vehicle would come for it"
    assert await yard.hold_back().look_once() == 0
    [run] = await yard.runs()
    assert (run.state, run.reason) == (RunState.EXCUSED, "ground_freezing")
    assert await _occurrence(yard) == (S.EXCUSED, "ground_freezing")


async def test_whoever_hands_out_work_looks_at_the_weather_too(yard: Yard) -> None:
    await yard.planned(may_sweep_dry=False)
    await yard.sweeper(outside_c=18.0)
    keeper = await _hourly(yard)
    yard.town.clock.advance(3600)
    await keeper.keep_once()
    await yard.weather(road_c=2.0)
    yard.town.listener.says(SWEEPER, measured_at=yard.town.now, outside_c=18.0)
    await yard.town.operators_stay()
    assert await yard.settle() == {}
    [run] = await yard.runs()
    assert (run.state, run.reason) == (RunState.EXCUSED, "road_cold"), "the road's own temperature decides"
    assert await _occurrence(yard) == (S.EXCUSED, "road_cold")
    await yard.weather(road=RoadCondition.ICE, road_c=8.0)
    held = await yard.start()
    await yard.settle()
    assert (await yard.run(held.run_id)).reason == "ground_icy"


async def test_a_run_under_way_comes_home_when_the_ground_gets_wet_and_nobody_is_sent_for_the_rest(
    yard: Yard,
) -> None:
    await yard.planned()
    await yard.sweeper()
    keeper = await _hourly(yard)
    yard.town.clock.advance(3600)
    await keeper.keep_once()
    vehicle = await _sweep_some(yard)
    await yard.weather(**SLEET)
    assert await yard.hold_back().look_once() == 1
    await _obeys(yard, vehicle)
    assert await yard.hold_back().look_once() == 0
    [run] = await yard.runs()
    assert (run.state, run.reason) == (RunState.SWEPT, "ground_freezing")
    assert await _occurrence(yard) == (S.EXCUSED, "ground_freezing")
    assert await yard.worker.go_on() == {"measured": 1}
    [measured] = await yard.runs()
    assert measured.verified_m2 > 20, "what was swept stays swept"
    assert measured.missed_m2 > 20


@pytest.mark.parametrize("rest", [Rest.REPAIR, Rest.EXCUSED])
async def test_a_run_called_home_keeps_what_it_swept_and_the_rest_is_as_the_person_said(
    yard: Yard, rest: Rest
) -> None:
    await yard.planned(repairs_itself=rest is Rest.EXCUSED)
    await yard.sweeper()
    started = await yard.start()
    vehicle = await _sweep_some(yard)
    with pytest.raises(Invalid):
        await _recall(yard, started.run_id, rest, reason=" ")
    with pytest.raises(NotFound):
        await _recall(yard, started.run_id, rest, operator="op-b")
    called = await _recall(yard, started.run_id, rest)
    assert (called.state, called.reason, called.excuse) == (RunState.SWEPT, "recalled", "a fair")
    with pytest.raises(IllegalTransition):
        await _recall(yard, started.run_id, rest)
    await _obeys(yard, vehicle)
    assert await yard.worker.go_on() == {"measured": 1}
    newest, *others = await yard.runs()
    if rest is Rest.EXCUSED:
        assert (newest.run_id, others) == (started.run_id, [])
    else:
        assert (newest.kind, newest.repairs) == (RunKind.REPAIR, started.run_id)
    assert (await yard.run(started.run_id)).verified_m2 > 20


@pytest.mark.parametrize(("rest", "state"), [(Rest.REPAIR, "waiting"), (Rest.EXCUSED, "withdrawn")])
async def test_a_run_called_home_before_its_first_pass_waits_again_or_is_withdrawn(
    yard: Yard, rest: Rest, state: str
) -> None:
    await yard.planned()
    await yard.sweeper()
    started = await yard.start()
    await yard.settle()
    [run] = await yard.runs()
    stale = msgspec.structs.replace(run, version=run.version - 1)
    with pytest.raises(Conflict):
        await _recall(yard, started.run_id, rest, seen=stale)
    found = await _recall(yard, started.run_id, rest)
    assert (found.state, found.vehicle_no is None) == (state, rest is Rest.REPAIR)
    async with yard.town.database.read() as tx:
        assert run.task_id is not None
        assert (await TaskStore(tx).get(run.task_id, EVERYTHING)).state is TaskState.CANCELLED


async def _hourly(yard: Yard) -> ScheduleKeeper:
    """Return the keeper of a schedule that sweeps the zone every hour."""
    hourly = Calendar(timing=Cron(expression="0 * * * *"), zone="Asia/Shanghai")
    draft = Draft(
        name="清晨", kind=WorkKind.SWEEPING_RUN, subject_id=ZONE, calendar=hourly, start_within_s=7200
    )
    clock = yard.town.clock
    async with yard.town.database.write() as tx:
        await make_schedule(tx, yard.lead, scheduled_work(), draft, at=clock.now())
    keeper = ScheduleKeeper(yard.town.database, clock, scheduled_work())
    await keeper.keep_once()
    return keeper


async def _occurrence(yard: Yard) -> tuple[S, str]:
    now = yard.town.now
    async with yard.town.database.read() as tx:
        first, *_ = await ScheduleStore(tx).between(
            EVERYTHING, begin=now - timedelta(hours=1), end=now + timedelta(minutes=1)
        )
    return first.state, first.reason


async def _sweep_some(yard: Yard) -> Vehicle:
    """Have the sweeper begin and sweep fifty metres."""
    yard.town.listener.says(SWEEPER, measured_at=yard.town.now, outside_c=18.0)
    await yard.town.operators_stay()
    assert await yard.settle() == {"round": 1}
    vehicle = a_sweeper()
    await yard.drive(vehicle, until_m=50.0)
    assert vehicle.work.is_brush_down
    [run] = await yard.runs()
    assert (run.state, run.way) == (RunState.UNDER_WAY, Way.WET)
    return vehicle


async def _obeys(yard: Yard, vehicle: Vehicle) -> None:
    """Give the simulated sweeper its one way home: it raises its brush and goes."""
    [command] = await yard.town.commands(SWEEPER, CommandKind.RETURN_TO_DEPOT)
    drive = Drive(vehicle)
    drive.now_ms = ms_of_moment(yard.town.now)
    drive.give(command.kind, msgspec.json.decode(bytes(command.body), type=ReturnToDepot))
    drive.pass_time(5)
    assert (vehicle.work.is_brush_down, vehicle.memory.task) == (False, None)
    assert vehicle.speed_mps > 0
    yard.settle_history()


async def _recall(
    yard: Yard,
    run_id: SweepingRunId,
    rest: Rest,
    *,
    reason: str = "a fair ",
    operator: str = "op-a",
    seen: SweepingRun | None = None,
) -> SweepingRun:
    town = yard.town
    run = seen or await yard.run(run_id)
    way = (
        None
        if run.vehicle_no is None
        else await WaysHome(town.database, town.ways, town.listener).of(run.vehicle_no)
    )
    who = a_principal(operator=OperatorId(operator))
    async with town.database.write() as tx:
        return await recall_run(tx, who, run, rest, reason, way, at=town.now, clock=town.clock)
