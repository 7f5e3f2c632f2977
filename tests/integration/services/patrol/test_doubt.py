"""A checkpoint whose evidence the vehicle's own track contradicts counts for nothing until a person says so,
or a vehicle has been there again."""

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.errors import Conflict, IllegalTransition, Invalid, NotFound
from core.ids import OperatorId
from fleet.alarms.kinds import AlarmKind
from services.patrol.check_evidence import EvidenceCheck
from services.patrol.doubt import accept_doubtful
from services.patrol.kinds import RunState
from services.patrol.run import Run
from services.patrol.watch_runs import RunWatch
from services.schedules.kinds import OccurrenceState
from tests.integration.services.orders.town import KB, Town
from tests.integration.services.patrol.patrolling import LEAD, Patrol
from tests.integration.services.patrol.test_beats import Told, alarms, scheduled, the_run

AT_GATE, AT_PUMP, AT_PARK = 39.601, 39.602, 39.603


async def stood(town: Town, lat: float) -> int:
    """Hold the evidence that waits against a track of a vehicle that stood there; return how much it was."""
    return await EvidenceCheck(town.database, town.clock, Told(lat)).check_once()


async def inspected(patrol: Patrol, *lats: float) -> None:
    """Inspect the stops of the plan, the vehicle standing where its track says; end the task."""
    for index, lat in enumerate(lats):
        assert await patrol.inspect(index) == "accepted"
        assert await stood(patrol.town, lat) == 1
    assert await patrol.done() == "applied"


async def accept(town: Town, run: Run, checkpoint: str, reason: str = "照片里能看到东门", **who: Any) -> Run:
    async with town.database.write() as tx:
        person = msgspec.structs.replace(LEAD, **who)
        return await accept_doubtful(tx, person, run.run_id, checkpoint, reason, at=town.now)


async def test_a_run_that_counted_as_done_is_in_doubt_until_every_checkpoint_is_accepted(
    any_town: Town,
) -> None:
    patrol = await Patrol.of(any_town)
    await scheduled(patrol)
    await patrol.give()
    for index in range(3):
        await patrol.inspect(index)
    await patrol.done()
    assert (await the_run(any_town))[0].state is RunState.DONE
    assert await stood(any_town, AT_PUMP) == 3
    run, occurrence = await the_run(any_town)
    assert occurrence is not None
    assert (run.state, run.reason) == (RunState.DOUBTFUL, "evidence_doubtful")
    assert await patrol.states(run) == ["doubtful", "inspected", "doubtful"]
    assert (occurrence.state, occurrence.reason) == (OccurrenceState.MISSED, "evidence_doubtful")
    [alarm] = await alarms(any_town, AlarmKind.PATROL_MISSED)
    assert (alarm.details["missed"], alarm.details["doubtful"], alarm.details["reasons"]) == (
        0,
        2,
        "doubtful",
    )
    assert (await accept(any_town, run, "gate")).state is RunState.DOUBTFUL, "the other is doubtful still"
    assert (await accept(any_town, run, "park")).state is RunState.DONE
    run, occurrence = await the_run(any_town)
    assert occurrence is not None
    assert (run.state, run.reason, occurrence.state) == (RunState.DONE, "", OccurrenceState.MET)
    assert await alarms(any_town, AlarmKind.PATROL_MISSED) == []
    point = (await patrol.points(run))["gate"]
    assert (point.accepted_reason, point.accepted_by_name) == ("照片里能看到东门", LEAD.name)
    assert point.inspected_at is not None
    async with any_town.database.read() as tx:
        query = select(audit_entries).where(audit_entries.c.action == "patrol.accepted")
        rows = (await tx.execute(query)).mappings().all()
    assert {row["fields"]["checkpoint"] for row in rows} == {"gate", "park"}
    assert all(row["reason"] for row in rows)
    assert await stood(any_town, AT_PARK) == 0, "what was accepted is not doubted again"
    assert (await the_run(any_town))[0].state is RunState.DONE


async def test_a_doubtful_checkpoint_is_planned_again_as_a_missed_one_is(any_town: Town) -> None:
    patrol = await Patrol.of(any_town)
    await scheduled(patrol)
    assert await patrol.give() == ["gate", "pump", "park"]
    await inspected(patrol, AT_GATE, AT_GATE, AT_PARK)
    run, occurrence = await the_run(any_town)
    assert occurrence is not None
    assert (run.state, run.attempt, occurrence.state) == (RunState.WAITING, 2, OccurrenceState.DUE)
    assert await patrol.states(run) == ["inspected", "doubtful", "inspected"]
    assert await patrol.give() == ["pump"]
    await inspected(patrol, AT_PUMP)
    run, occurrence = await the_run(any_town)
    assert occurrence is not None
    assert (run.state, occurrence.state) == (RunState.DONE, OccurrenceState.MET)
    assert (await patrol.points(run))["pump"].accepted_at is None


async def test_three_vehicles_later_it_stays_doubtful_for_a_person(town: Town) -> None:
    patrol = await Patrol.of(town)
    run = await patrol.start()
    await patrol.give()
    await inspected(patrol, AT_GATE, AT_GATE, AT_PARK)
    for _ in range(2):
        await patrol.give()
        await inspected(patrol, AT_GATE)
    assert (await patrol.run(run)).state is RunState.DOUBTFUL
    assert await patrol.states(run) == ["inspected", "doubtful", "inspected"]
    assert (await accept(town, run, "pump")).state is RunState.DONE


async def test_accepting_the_last_one_that_is_waited_for_ends_the_run(town: Town) -> None:
    patrol = await Patrol.of(town)
    await scheduled(patrol)
    await patrol.give()
    await inspected(patrol, AT_GATE, AT_GATE, AT_PARK)
    run, _ = await the_run(town)
    assert (await accept(town, run, "pump")).state is RunState.DONE
    run, occurrence = await the_run(town)
    assert occurrence is not None
    assert (run.state, occurrence.state) == (RunState.DONE, OccurrenceState.MET)
    assert await town.idle.settle(KB) == {}, "nobody is sent there any more"


async def test_a_run_that_nobody_went_on_with_is_in_doubt_and_not_done(town: Town) -> None:
    patrol = await Patrol.of(town)
    await scheduled(patrol)
    await patrol.give()
    await inspected(patrol, AT_GATE, AT_GATE, AT_PARK)
    town.clock.advance(31 * 60)
    assert await RunWatch(town.database, town.clock).watch_once() == 1
    run, occurrence = await the_run(town)
    assert occurrence is not None
    assert (run.state, occurrence.state) == (RunState.DOUBTFUL, OccurrenceState.MISSED)


async def test_what_is_missed_beside_it_stays_missed_when_it_is_accepted(town: Town) -> None:
    patrol = await Patrol.of(town)
    run = await patrol.start()
    await patrol.give()
    await patrol.inspect(0)
    assert await stood(town, AT_PARK) == 1
    await patrol.done()
    town.clock.advance(31 * 60)
    assert await RunWatch(town.database, town.clock).watch_once() == 1
    assert (await patrol.run(run)).state is RunState.INCOMPLETE
    assert await patrol.states(run) == ["doubtful", "missed:nobody_came", "missed:nobody_came"]
    assert (await accept(town, run, "gate")).state is RunState.INCOMPLETE
    assert (await patrol.states(run))[0] == "inspected"
    assert len(await alarms(town, AlarmKind.PATROL_MISSED)) == 1, "the rest is missed"


async def test_a_look_that_is_doubtful_keeps_what_its_person_wrote(town: Town) -> None:
    patrol = await Patrol.of(town)
    look = await patrol.look()
    await patrol.take()
    await patrol.inspect(0)
    await patrol.done()
    assert await stood(town, 39.6) == 1
    doubtful = await patrol.run(look)
    assert (doubtful.state, doubtful.reason) == (RunState.DOUBTFUL, "有人报告冒烟")
    [checkpoint] = await patrol.points(look)
    done = await accept(town, look, checkpoint)
    assert (done.state, done.reason) == (RunState.DONE, "有人报告冒烟")


async def test_only_what_is_doubtful_is_accepted_and_only_with_a_reason_by_whose_it_is(town: Town) -> None:
    patrol = await Patrol.of(town)
    run = await patrol.start()
    await patrol.give()
    await patrol.inspect(0)
    with pytest.raises(IllegalTransition):
        await accept(town, run, "gate")
    await stood(town, AT_PARK)
    with pytest.raises(NotFound):
        await accept(town, run, "pump")
    with pytest.raises(NotFound):
        await accept(town, run, "moon")
    with pytest.raises(Invalid) as refused:
        await accept(town, run, "gate", "  ")
    assert refused.value.fields["field"] == "reason"
    with pytest.raises(NotFound):
        await accept(town, run, "gate", operator=OperatorId("other"))
    assert (await patrol.states(run))[0] == "doubtful"


async def test_two_keepers_doubt_a_run_once_and_two_people_accept_once(any_town: Town) -> None:
    patrol = await Patrol.of(any_town)
    run = await patrol.start()
    await patrol.give()
    for index in range(3):
        await patrol.inspect(index)
    await patrol.done()
    decided = await asyncio.gather(*(stood(any_town, AT_PUMP) for _ in range(2)))
    assert sum(decided) == 3
    assert (await patrol.run(run)).state is RunState.DOUBTFUL
    both = await asyncio.gather(
        accept(any_town, run, "gate"), accept(any_town, run, "gate"), return_exceptions=True
    )
    assert sum(isinstance(each, Run) for each in both) == 1
    assert all(isinstance(each, Run | Conflict | IllegalTransition) for each in both)
