"""A beat from its schedule to its evidence: found, missed, planned again."""

from datetime import timedelta

import msgspec
import pytest

from core.auth.principal import EVERYTHING
from core.errors import NotFound, VersionMismatch
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import AlarmKind, AlarmState, Severity
from fleet.alarms.store import AlarmStore
from fleet.weather.recall import Recall, RecallState
from fleet.weather.recall_store import RecallStore
from services.patrol.beat_store import BeatStore
from services.patrol.check_evidence import EvidenceCheck
from services.patrol.edit_beat import change_beat, make_beat, retire_beat
from services.patrol.kinds import RunState, TrackCheck, Verdict
from services.patrol.run import Run
from services.patrol.run_store import MOST_TRIED, RunStore
from services.patrol.settle_run import give_up_waiting
from services.patrol.start_run import start_run
from services.patrol.track import Fix
from services.patrol.watch_runs import RunWatch
from services.schedules.calendar import Calendar, Cron
from services.schedules.edit_schedule import Draft as ScheduleDraft
from services.schedules.edit_schedule import make_schedule
from services.schedules.keep_schedules import ScheduleKeeper
from services.schedules.kinds import OccurrenceState, WorkKind
from services.schedules.schedule import Occurrence
from services.schedules.store import ScheduleStore
from steppe.composition import scheduled_work
from tests.integration.services.orders.town import CITY, KB, Town
from tests.integration.services.patrol.patrolling import LEAD, PLACES, Patrol, a_draft


async def scheduled(patrol: Patrol) -> ScheduleKeeper:
    """The beat on the hour, and one hour gone by."""
    town = patrol.town
    beat = await patrol.beat()
    hourly = Calendar(timing=Cron(expression="0 * * * *"), zone="Asia/Shanghai")
    async with town.database.write() as tx:
        draft = ScheduleDraft(
            name="夜巡", kind=WorkKind.PATROL_BEAT, subject_id=beat.beat_id, calendar=hourly
        )
        await make_schedule(tx, LEAD, scheduled_work(), draft, at=town.now)
    keeper = ScheduleKeeper(town.database, town.clock, scheduled_work())
    town.clock.advance(3600)
    await town.operators_stay()
    town.listener.says(9, measured_at=town.now, lat=39.6, lng=109.79)
    await keeper.keep_once()
    await keeper.keep_once()
    return keeper


async def the_run(town: Town) -> tuple[Run, Occurrence | None]:
    async with town.database.read() as tx:
        [run] = await RunStore(tx).newest(EVERYTHING, limit=5)
        store = ScheduleStore(tx)
        return run, None if run.occurrence_id is None else await store.occurrence(
            run.occurrence_id, EVERYTHING
        )


async def alarms(town: Town, kind: AlarmKind = AlarmKind.PATROL_FINDING) -> list[Alarm]:
    async with town.database.read() as tx:
        return await AlarmStore(tx).standing_of_kinds([kind])


async def start_again(town: Town, run: Run) -> None:
    assert run.beat_id is not None
    async with town.database.write() as tx:
        await start_run(tx, LEAD, run.beat_id, at=town.now)


async def test_a_beat_that_is_due_goes_before_rounds_and_takes_half_of_what_deliveries_keep(
    town: Town,
) -> None:
    # three operators watch nine vehicles: eight standing delivery vehicles leave one place, a due beat five
    patrol = await Patrol.of(town)
    for number in range(21, 29):
        await town.add_vehicle(number, lat=39.59, lng=109.78)
    for number in (31, 32):
        await town.add_vehicle(number, service=ServiceKind.VENDING)
    assert await town.idle.settle(KB) == {"round": 1}
    given = {number for number in (31, 32) if await town.task_of(number) is not None}
    await scheduled(patrol)
    for number in (*range(21, 29), 31, 32):
        town.listener.says(number, measured_at=town.now, lat=39.59, lng=109.78)
    assert await town.idle.settle(KB) == {"round": 1}
    assert await town.task_of(9) is not None
    assert {number for number in (31, 32) if await town.task_of(number) is not None} == given


async def test_a_scheduled_beat_is_gone_round_once_with_evidence_of_every_checkpoint(any_town: Town) -> None:
    patrol = await Patrol.of(any_town)
    await scheduled(patrol)
    assert await patrol.give() == ["gate", "pump", "park"]
    assert await any_town.idle.settle(KB) == {}, "the run is given once"
    run, occurrence = await the_run(any_town)
    assert occurrence is not None
    assert (run.state, run.vehicle_no, occurrence.state) == (RunState.UNDER_WAY, 9, OccurrenceState.STARTED)
    for index in range(3):
        assert await patrol.inspect(index, north_m=6.0) == "accepted"
    assert await patrol.done() == "applied"
    run, occurrence = await the_run(any_town)
    assert occurrence is not None
    assert (run.state, run.reason, occurrence.state) == (RunState.DONE, "", OccurrenceState.MET)
    seen = await patrol.evidence(run)
    assert [(each.checkpoint_id, each.verdict, round(each.off_m)) for each in seen] == [
        (name, Verdict.ACCEPTED, 6) for name in ("gate", "pump", "park")
    ]
    assert seen[0].media[0].reference == "vehicle/9/0.jpg"
    assert await any_town.idle.settle(KB) == {}, "an idle patrol vehicle without a run stands"


async def test_a_finding_is_one_alarm_with_an_owner_until_the_checkpoint_is_seen_without_it(
    town: Town,
) -> None:
    patrol = await Patrol.of(town, 9, 10)
    await patrol.start()
    await patrol.give()
    assert await patrol.inspect(0, finding="fire_lane_blocked", detail="两辆车") == "accepted"
    [alarm] = await alarms(town)
    assert (alarm.severity, alarm.vehicle_no, alarm.lat) == (Severity.MAJOR, 9, 39.601)
    assert alarm.assignee is not None
    assert alarm.details["finding"] == "fire_lane_blocked"
    await patrol.inspect(1)
    await patrol.inspect(2)
    await patrol.done()
    run, _ = await the_run(town)
    assert (await patrol.evidence(run))[0].alarm_id == alarm.alarm_id
    # another vehicle sees the same thing again, then it is gone
    for finding, standing in (("fire_lane_blocked", 1), ("", 0)):
        await patrol.start()
        town.listener.says(9, measured_at=town.now, battery_ratio=0.1, lat=39.6, lng=109.79)
        assert (await town.idle.settle(KB))["round"] == 1
        await patrol.take(10)
        await patrol.inspect(0, number=10, finding=finding)
        assert len(await alarms(town)) == standing
        for index in (1, 2):
            await patrol.inspect(index, number=10)
        await patrol.done(10)
    async with town.database.read() as tx:
        known = await AlarmStore(tx).get(alarm.alarm_id, EVERYTHING)
    assert known.state is AlarmState.CLEARED


async def test_what_was_missed_is_planned_again_and_reported_with_reasons_when_that_fails_too(
    town: Town,
) -> None:
    patrol = await Patrol.of(town)
    await scheduled(patrol)
    await patrol.give()
    assert await patrol.inspect(0) == "accepted"
    assert await patrol.inspect(1, north_m=60) == "too_far"
    await patrol.done()
    run, occurrence = await the_run(town)
    assert occurrence is not None
    assert (run.state, run.attempt, occurrence.state) == (RunState.WAITING, 2, OccurrenceState.DUE)
    assert await patrol.give() == ["pump", "park"]
    assert await patrol.inspect(1) == "accepted"
    await patrol.done()
    assert await patrol.give() == ["pump"]
    await patrol.inspect(0, north_m=60)
    await patrol.done()
    run, occurrence = await the_run(town)
    assert occurrence is not None
    assert (run.state, run.reason) == (RunState.INCOMPLETE, "checkpoints_missed")
    assert await patrol.states(run) == ["inspected", "missed:too_far", "inspected"]
    assert (occurrence.state, occurrence.reason) == (OccurrenceState.MISSED, "checkpoints_missed")
    [alarm] = await alarms(town, AlarmKind.PATROL_MISSED)
    assert (alarm.details["missed"], alarm.details["of"], alarm.details["reasons"]) == (1, 3, "too_far")
    assert alarm.assignee is not None
    # nobody comes to the same beat: it stays one alarm, until a run has seen everything
    await start_again(town, run)
    town.clock.advance(3601)
    assert await RunWatch(town.database, town.clock).watch_once() == 1
    assert [one.alarm_id for one in await alarms(town, AlarmKind.PATROL_MISSED)] == [alarm.alarm_id]
    await start_again(town, run)
    await town.operators_stay()
    town.listener.says(9, measured_at=town.now, lat=39.6, lng=109.79)
    for index in range(len(await patrol.give())):
        assert await patrol.inspect(index) == "accepted"
    await patrol.done()
    assert await alarms(town, AlarmKind.PATROL_MISSED) == []


class Told:
    """Where a vehicle was, as a test says it, before, at and after a moment."""

    def __init__(self, lat: float) -> None:
        self.lat = lat

    async def around(self, vehicle_no: VehicleNo, moment_ms: int, near_ms: int) -> list[Fix]:
        assert (vehicle_no, near_ms) == (9, 60_000)
        moments = (moment_ms - near_ms, moment_ms, moment_ms + near_ms)
        return [Fix(measured_ms=at, lat=self.lat, lng=109.79) for at in moments]


async def test_evidence_that_the_track_contradicts_is_doubtful_and_decided_once(any_town: Town) -> None:
    patrol = await Patrol.of(any_town)
    run = await patrol.start()
    await patrol.give()

    async def held_against(lat: float) -> int:
        return await EvidenceCheck(any_town.database, any_town.clock, Told(lat)).check_once()

    await patrol.inspect(0)
    assert (await held_against(39.602), await held_against(39.601)) == (1, 0)
    await patrol.inspect(1)
    assert await held_against(39.6021) == 1
    seen = await patrol.evidence(run)
    assert [(one.verdict, one.track, round(one.track_off_m or 0, -1)) for one in seen] == [
        (Verdict.ACCEPTED, TrackCheck.DOUBTFUL, 110),
        (Verdict.ACCEPTED, TrackCheck.AGREES, 10),
    ]


async def test_a_lost_vehicle_leaves_the_rest_to_another(town: Town) -> None:
    patrol = await Patrol.of(town)
    run = await patrol.start()
    await patrol.give()
    await patrol.inspect(0)
    await patrol.say("fault", {"code": 500, "fatal": True})
    assert (await patrol.run(run)).state is RunState.WAITING
    await town.add_vehicle(10, service=ServiceKind.PATROL, lat=39.6, lng=109.79)
    assert await patrol.give(10) == ["pump", "park"]
    for index in (0, 1):
        await patrol.inspect(index, number=10)
    await patrol.done(10)
    assert (await patrol.run(run)).state is RunState.DONE


async def test_a_run_that_nobody_began_is_missed_by_name(town: Town) -> None:
    patrol = Patrol(town)
    run = await patrol.start()
    watch = RunWatch(town.database, town.clock)
    assert await watch.watch_once() == 0
    town.clock.advance(3601)
    assert await watch.watch_once() == 1
    assert (await patrol.run(run)).state is RunState.INCOMPLETE
    assert await patrol.states(run) == ["missed:nobody_came"] * 3


async def test_evidence_outside_the_window_counts_for_nothing_and_is_kept(town: Town) -> None:
    patrol = await Patrol.of(town)
    local = town.now.astimezone(CITY)
    minute = local.hour * 60 + local.minute
    points = a_draft().checkpoints
    shut = msgspec.structs.replace(points[0], opens_min=(minute - 60) % 1440, closes_min=(minute + 15) % 1440)
    run = await patrol.start(checkpoints=(shut, *points[1:]))
    await patrol.give()
    town.clock.advance(1200)
    assert await patrol.inspect(0, finding="smoke_or_fire") == "out_of_window"
    [alarm] = await alarms(town)
    assert alarm.severity is Severity.CRITICAL, "a fire is a fire at any time"
    for index in (1, 2):
        await patrol.inspect(index)
    await patrol.done()
    assert (await patrol.run(run)).state is RunState.INCOMPLETE
    assert await patrol.states(run) == ["missed:out_of_window", "inspected", "inspected"]


async def test_every_version_of_a_beat_is_kept_and_a_run_goes_on_with_its_own(town: Town) -> None:
    patrol = await Patrol.of(town)
    run = await patrol.start()
    assert run.beat_id is not None
    shorter = a_draft(checkpoints=a_draft().checkpoints[:1], is_shuffled=True)
    async with town.database.write() as tx:
        changed = await change_beat(tx, LEAD, run.beat_id, shorter, version=1, at=town.now)
        with pytest.raises(VersionMismatch):
            await change_beat(tx, LEAD, run.beat_id, shorter, version=1, at=town.now)
    async with town.database.read() as tx:
        versions = await BeatStore(tx).versions(run.beat_id)
    assert [(each.version, len(each.checkpoints)) for each in versions] == [(2, 1), (1, 3)]
    assert len(await patrol.give()) == 3
    async with town.database.write() as tx:
        await retire_beat(tx, LEAD, run.beat_id, version=changed.version, at=town.now)
    async with town.database.read() as tx:
        assert await BeatStore(tx).all(EVERYTHING) == []


async def test_a_beat_belongs_to_one_operator_and_one_district(town: Town) -> None:
    beat = await Patrol(town).beat()
    stranger = msgspec.structs.replace(LEAD, operator=OperatorId("other"))
    elsewhere = msgspec.structs.replace(LEAD, districts=frozenset({DistrictCode("DS")}))
    async with town.database.write() as tx:
        for person in (stranger, elsewhere):
            with pytest.raises(NotFound):
                await retire_beat(tx, person, beat.beat_id, version=1, at=town.now)
        for person, operator in ((stranger, OperatorId("op-a")), (elsewhere, OperatorId("op-a"))):
            with pytest.raises(NotFound):
                await make_beat(
                    tx, person, a_draft(), operator=operator, time_zone="Asia/Shanghai", at=town.now
                )


async def test_a_beat_with_a_checkpoint_outside_the_permit_is_not_given_and_says_why(any_town: Town) -> None:
    town = any_town
    patrol = await Patrol.of(town)
    run = await patrol.start()
    town.outside = {(PLACES["pump"], 109.79)}
    assert await town.idle.settle(KB) == {}
    waits, _ = await the_run(town)
    assert (waits.state, waits.reason, waits.vehicle_no) == (RunState.WAITING, "outside_permit", None)
    assert await town.idle.settle(KB) == {}
    assert (await the_run(town))[0].version == waits.version, "said once"
    town.outside = set()
    assert await patrol.give() == ["gate", "pump", "park"]
    given = (await the_run(town))[0]
    assert (given.run_id, given.state, given.reason) == (run.run_id, RunState.UNDER_WAY, "")


async def test_a_beat_outside_every_permit_is_missed_with_that_reason(town: Town) -> None:
    patrol = await Patrol.of(town)
    run = await patrol.start()
    town.outside = {(PLACES["park"], 109.79)}
    await town.idle.settle(KB)
    town.clock.set(run.begin_by)
    assert await RunWatch(town.database, town.clock).watch_once() == 1
    assert await patrol.states(run) == ["missed:outside_permit"] * 3


async def test_runs_that_a_vehicle_may_not_go_round_do_not_keep_it_from_the_next(town: Town) -> None:
    patrol = await Patrol.of(town)
    for number in range(MOST_TRIED):
        points = msgspec.structs.replace(a_draft().checkpoints[0], lat=39.65 + number / 1000)
        await patrol.start(checkpoints=(points,))
        town.outside.add((points.lat, points.lng))
    await patrol.start()
    assert await patrol.give() == ["gate", "pump", "park"]


@pytest.mark.parametrize(
    ("service", "state", "alarmed"),
    [(ServiceKind.PATROL, OccurrenceState.EXCUSED, 0), (ServiceKind.SWEEPING, OccurrenceState.MISSED, 1)],
)
async def test_a_beat_that_the_weather_excuses_alarms_nobody(
    town: Town, service: ServiceKind, state: OccurrenceState, alarmed: int
) -> None:
    patrol = await Patrol.of(town)
    keeper = await scheduled(patrol)
    async with town.database.write() as tx:
        recall = Recall(recall_id="r-1", district=KB, service=service, causes=(), started_at=town.now)
        assert await RecallStore(tx).open(recall)
    run, _ = await the_run(town)
    town.clock.advance(3_601)
    await keeper.keep_once()
    assert run.occurrence_id is not None
    async with town.database.read() as tx:
        occurrence = await ScheduleStore(tx).occurrence(run.occurrence_id, EVERYTHING)
    assert ((await patrol.run(run)).state, occurrence.state) == (RunState.INCOMPLETE, state)
    assert len(await alarms(town, AlarmKind.PATROL_MISSED)) == alarmed


@pytest.mark.parametrize(
    ("released_s", "state", "reason", "alarmed"),
    [
        (60, OccurrenceState.EXCUSED, "weather_recall", 0),
        (-60, OccurrenceState.MISSED, "checkpoints_missed", 1),
    ],
)
async def test_what_a_beat_misses_because_the_weather_let_it_out_late_is_excused(
    town: Town, released_s: int, state: OccurrenceState, reason: str, alarmed: int
) -> None:
    patrol = await Patrol.of(town)
    await scheduled(patrol)
    run, _ = await the_run(town)
    recall = Recall(
        recall_id="r-1",
        district=KB,
        service=ServiceKind.PATROL,
        state=RecallState.RELEASED,
        causes=(),
        started_at=run.created_at - timedelta(hours=2),
        released_at=run.created_at + timedelta(seconds=released_s),
    )
    town.clock.advance(3_000)
    async with town.database.write() as tx:
        assert await RecallStore(tx).open(recall)
        await give_up_waiting(tx, run, at=town.now)
    _, occurrence = await the_run(town)
    assert occurrence is not None
    assert (occurrence.state, occurrence.reason) == (state, reason)
    assert len(await alarms(town, AlarmKind.PATROL_MISSED)) == alarmed
