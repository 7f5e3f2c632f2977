"""Go and look here now: the beat is put aside, the place is seen, the beat goes on with what was left."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.errors import Conflict, Invalid, NotFound
from core.ids import VehicleNo
from core.kinds import ServiceKind
from fleet.commands.expire_commands import CommandExpiry
from fleet.links.wire.commands import CommandKind
from services.patrol.kinds import RunState
from services.patrol.look_now import Wish
from services.patrol.run_store import RunStore
from services.patrol.tables import patrol_runs
from services.patrol.watch_runs import RunWatch
from services.plugging import command_endings
from services.routing.route import GeoPoint
from services.tasks.store import TaskStore
from services.tasks.tables import tasks
from tests.integration.services.orders.town import KB, Town
from tests.integration.services.patrol.patrolling import LEAD, Patrol

ROOT = Path(__file__).parents[4]


async def on_its_beat(town: Town) -> Patrol:
    """A vehicle that has seen the gate and drives to the pump house."""
    patrol = await Patrol.of(town)
    patrol.beat_run = await patrol.start()
    await patrol.give()
    await patrol.inspect(0)
    return patrol


async def test_a_look_suspends_the_beat_which_then_goes_on_with_what_was_left(any_town: Town) -> None:
    town = any_town
    patrol = await on_its_beat(town)
    beat_plan = patrol.plan
    look = await patrol.look()
    assert (look.state, look.vehicle_no) == (RunState.UNDER_WAY, 9)
    beat = await patrol.run(patrol.beat_run)
    assert (beat.state, beat.task_id != look.task_id) == (RunState.SUSPENDED, True)
    with pytest.raises(Conflict) as busy:
        await patrol.look()
    assert "busy" in str(busy.value.fields["reasons"])
    # the vehicle saw the pump house before it heard of the look: that counts
    assert await patrol.inspect(1) == "accepted"
    assert await patrol.take() == [f"look-{look.run_id}"]
    assert await town.idle.settle(KB) == {}, "the vehicle is busy"
    assert await patrol.inspect(0) == "accepted"
    assert await patrol.done() == "applied"
    assert (await patrol.run(look)).state is RunState.DONE
    # it goes on, once, with the same task and a higher epoch; what it was told before is dead
    assert await town.idle.settle(KB) == {"round": 1}
    assert await town.idle.settle(KB) == {}
    assert await patrol.take() == ["park"]
    assert patrol.plan is not None
    assert beat_plan is not None
    assert (patrol.plan.task_id, patrol.plan.epoch > beat_plan.epoch) == (beat_plan.task_id, True)
    assert await patrol.say("task_done", {}, plan=beat_plan) == "old-epoch"
    assert await patrol.inspect(0) == "accepted"
    assert await patrol.done() == "applied"
    assert (await patrol.run(patrol.beat_run)).state is RunState.DONE
    assert [each.checkpoint_id for each in await patrol.evidence(patrol.beat_run)] == ["gate", "pump", "park"]
    assert await town.idle.settle(KB) == {}


async def test_a_look_that_dies_half_way_is_ordered_once_and_the_beat_is_not_lost(town: Town) -> None:
    patrol = await on_its_beat(town)
    url = str(town.database._writer.url.render_as_string())
    command = [sys.executable, "-m", "tests.integration.services.patrol.look_process", url, str(town.now)]
    killed = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    assert (await patrol.run(patrol.beat_run)).state is RunState.UNDER_WAY
    first = await patrol.look_by_key("the-same-key")
    assert await patrol.look_by_key("the-same-key") == first
    async with town.database.read() as tx:
        looks = await tx.execute(select(func.count()).where(patrol_runs.c.kind == "look"))
        held = await tx.execute(
            select(func.count()).where(tasks.c.vehicle_no == 9, tasks.c.state == "assigned")
        )
        assert (looks.scalar(), held.scalar()) == (1, 1)
    await patrol.take()
    await patrol.inspect(0)
    await patrol.done()
    assert await patrol.give() == ["pump", "park"]


async def test_who_was_called_away_comes_before_others_that_wait_for_work(town: Town) -> None:
    patrol = await on_its_beat(town)
    await patrol.look()
    await patrol.take()
    await patrol.inspect(0)
    await patrol.done()
    async with town.database.read() as tx:
        assert await TaskStore(tx).last_given([VehicleNo(9)]) == {}


async def test_a_beat_whose_plan_was_not_taken_yet_goes_back_to_wait(town: Town) -> None:
    patrol = await Patrol.of(town)
    run = await patrol.start()
    assert await town.idle.settle(KB) == {"round": 1}
    await patrol.look()
    assert (await patrol.run(run)).state is RunState.WAITING
    await patrol.take()
    await patrol.inspect(0)
    await patrol.done()
    assert await patrol.give() == ["gate", "pump", "park"]


async def test_a_vehicle_lost_on_a_look_loses_its_beat_to_another(town: Town) -> None:
    patrol = await on_its_beat(town)
    look = await patrol.look()
    await patrol.take()
    await patrol.say("fault", {"code": 500, "fatal": True})
    assert (await patrol.run(look)).state is RunState.INCOMPLETE
    assert await patrol.states(look) == ["missed:vehicle_lost"]
    await town.add_vehicle(10, service=ServiceKind.PATROL, lat=39.6, lng=109.79)
    assert await patrol.give(10) == ["pump", "park"]


async def test_a_vehicle_that_refuses_the_look_goes_on_with_its_beat(town: Town) -> None:
    patrol = await on_its_beat(town)
    look = await patrol.look()
    [command] = await town.commands(9, CommandKind.ASSIGN_TASK)
    await patrol.say("command_ack", {"commandId": command.command_id, "result": "rejected"})
    assert (await patrol.run(look)).state is RunState.INCOMPLETE
    assert (await patrol.run(patrol.beat_run)).state is RunState.SUSPENDED
    town.clock.advance(121)
    await town.operators_stay()
    town.listener.says(9, measured_at=town.now, lat=39.6, lng=109.79)
    assert await patrol.give() == ["pump", "park"]


@pytest.mark.parametrize("is_refused", [True, False], ids=["refused", "never heard of"])
async def test_a_resumed_plan_that_its_vehicle_does_not_drive_is_given_to_another(
    town: Town, is_refused: bool
) -> None:
    patrol = await on_its_beat(town)
    await patrol.look()
    await patrol.take()
    await patrol.inspect(0)
    await patrol.done()
    assert await town.idle.settle(KB) == {"round": 1}
    assert (await patrol.run(patrol.beat_run)).state is RunState.UNDER_WAY
    [command] = await town.commands(9, CommandKind.ASSIGN_TASK)
    if is_refused:
        await patrol.say("command_ack", {"commandId": command.command_id, "result": "rejected"})
    else:
        town.clock.advance(600)
        await CommandExpiry(town.database, town.clock, endings=command_endings(town.reports)).expire_once()
    assert (await patrol.run(patrol.beat_run)).state is RunState.WAITING


async def test_a_beat_that_its_vehicle_never_comes_back_to_is_given_to_another(town: Town) -> None:
    patrol = await on_its_beat(town)
    await patrol.look()
    await patrol.take()
    await patrol.inspect(0)
    await patrol.done()
    watch = RunWatch(town.database, town.clock)
    town.clock.advance(2699)
    assert await watch.watch_once() == 0
    town.clock.advance(2)
    assert await watch.watch_once() == 1
    beat = await patrol.run(patrol.beat_run)
    assert (beat.state, beat.vehicle_no) == (RunState.WAITING, None)


async def test_a_beat_that_was_finished_before_the_vehicle_heard_of_the_look_is_done(town: Town) -> None:
    patrol = await on_its_beat(town)
    for index in (1, 2):
        await patrol.inspect(index)
    beat_plan = patrol.plan
    await patrol.look()
    assert await patrol.say("task_done", {}, plan=beat_plan) == "applied"
    assert (await patrol.run(patrol.beat_run)).state is RunState.DONE
    async with town.database.read() as tx:
        active = await TaskStore(tx).active_ids([VehicleNo(9)])
        assert await RunStore(tx).suspended_of(VehicleNo(9)) is None
    assert len(active) == 1
    await patrol.take()
    assert await patrol.inspect(0) == "accepted"


async def test_a_look_names_what_is_wrong_with_it(town: Town) -> None:
    patrol = await Patrol.of(town)
    await town.add_vehicle(7)
    town.roads.islands.add(GeoPoint(39.7, 109.79))
    with pytest.raises(Conflict, match="no road") as far:
        await patrol.look(lat=39.7)
    assert far.value.code == "route-not-found"
    with pytest.raises(NotFound):
        await patrol.look(vehicle_no=7)
    with pytest.raises(Invalid) as silent:
        await patrol.looker.plan(LEAD, Wish(lat=39.61, lng=109.79, reason=" "))
    assert silent.value.fields["field"] == "reason"
    town.listener.says(9, measured_at=town.now, battery_ratio=0.05)
    with pytest.raises(Conflict) as flat:
        await patrol.look()
    assert "battery_too_low" in str(flat.value.fields["reasons"])


async def test_nobody_is_sent_to_look_where_no_permit_covers_it(town: Town) -> None:
    patrol = await on_its_beat(town)
    town.outside = {(39.61, 109.79)}
    with pytest.raises(Conflict) as refused:
        await patrol.look()
    assert "area_for_job" in str(refused.value.fields["reasons"])
    town.outside = set()
    await patrol.look()
