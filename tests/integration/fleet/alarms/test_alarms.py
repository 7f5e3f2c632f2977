"""Alarms on both databases: one a cause, exactly once, whoever says so how often."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING, Reach
from core.auth.roles import Role
from core.changes import TOPIC
from core.database import Database
from core.errors import IllegalTransition, Invalid, NotFound, VersionMismatch
from core.ids import AlarmId, DistrictCode, OperatorId, StaffId, VehicleNo
from core.outbox import outbox
from fleet.alarms.acknowledge_alarm import acknowledge_alarm, comment_alarm
from fleet.alarms.alarm import Alarm, AlarmCleared, AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind, AlarmState, Severity
from fleet.alarms.store import AlarmPlace, AlarmStore
from fleet.vehicles.take_reports import take_fault
from tests.integration.fleet.builders import AT, a_principal, a_report, working_vehicles


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def raised(
    number: int = 1, kind: AlarmKind = AlarmKind.OVERSPEED, *, second: float = 0, cause: str = ""
) -> AlarmRaised:
    return AlarmRaised(vehicle_no=VehicleNo(number), kind=kind, cause=cause, at=later(second))


def cleared(number: int = 1, kind: AlarmKind = AlarmKind.OVERSPEED, *, second: float = 0) -> AlarmCleared:
    return AlarmCleared(vehicle_no=VehicleNo(number), kind=kind, at=later(second))


async def every_alarm(database: Database, reach: Reach = EVERYTHING) -> list[Alarm]:
    async with database.read() as tx:
        return await AlarmStore(tx).page(reach)


async def test_one_cause_raises_one_alarm_however_often_it_is_said(database: Database) -> None:
    await working_vehicles(database, 1)
    sink = AlarmSink(database)
    assert await sink.put([raised(second=s) for s in range(100)]) == 1
    assert await sink.put([raised(second=s) for s in range(100)]) == 0
    [alarm] = await every_alarm(database)
    assert (alarm.raised_at, alarm.last_seen_at, alarm.state) == (AT, later(90), AlarmState.OPEN)
    async with database.read() as tx:
        told = (
            await tx.execute(select(outbox.c.payload).where(outbox.c.topic == TOPIC).order_by(outbox.c.id))
        ).all()
    assert told[-1].payload["things"] == [["alarm", alarm.alarm_id]]
    assert sum(noun == "alarm" for row in told for noun, _ in row.payload["things"]) == 1


async def test_two_trackers_that_say_the_same_make_one_alarm(database: Database) -> None:
    await working_vehicles(database, 1)
    sinks = [AlarmSink(database), AlarmSink(database)]
    changed = await asyncio.gather(*(sink.put([raised()]) for sink in sinks))
    assert sorted(changed) == [0, 1]
    assert len(await every_alarm(database)) == 1


async def test_a_cause_that_comes_back_is_a_new_alarm_and_a_late_repeat_is_none(database: Database) -> None:
    await working_vehicles(database, 1)
    sink = AlarmSink(database)
    assert await sink.put([raised(second=0), cleared(second=10)]) == 2
    assert await sink.put([raised(second=5), cleared(second=3)]) == 0, "late frames replay nothing"
    assert await sink.put([raised(second=60)]) == 1
    assert [alarm.state for alarm in await every_alarm(database)] == [AlarmState.OPEN, AlarmState.CLEARED]


async def test_causes_of_one_kind_are_told_apart_and_an_unknown_vehicle_raises_nothing(
    database: Database,
) -> None:
    await working_vehicles(database, 1)
    signals = [raised(kind=AlarmKind.NO_GO_ENTRY, cause=fence) for fence in ("f-1", "f-2")]
    assert await AlarmSink(database).put([*signals, raised(number=99)]) == 2


async def test_a_fault_that_is_reported_and_shown_in_the_status_is_one_alarm_as_grave_as_the_gravest(
    database: Database,
) -> None:
    await working_vehicles(database, 1)
    sink = AlarmSink(database)
    assert await sink.put([raised(kind=AlarmKind.SENSOR_BLOCKED, second=1)]) == 1
    fault = a_report(1, "fault", {"code": 201, "fatal": True, "detail": "ice"}, at=later(1))
    async with database.write() as tx:
        assert await take_fault(tx, fault, at=later(2)) == "raised"
    [alarm] = await every_alarm(database)
    assert (alarm.severity, alarm.details["fatal"]) == (Severity.CRITICAL, True)
    assert await sink.put([cleared(kind=AlarmKind.SENSOR_BLOCKED, second=60)]) == 1
    over = a_report(1, "fault", {"code": 201, "isCleared": True}, seq=2, at=later(60))
    async with database.write() as tx:
        assert await take_fault(tx, over, at=later(61)) == "repeated"
    [alarm] = await every_alarm(database)
    assert alarm.state is AlarmState.CLEARED


async def test_an_acknowledged_alarm_keeps_who_and_why_and_still_has_to_clear(database: Database) -> None:
    await working_vehicles(database, 1)
    sink = AlarmSink(database)
    await sink.put([raised()])
    [alarm] = await every_alarm(database)
    who = a_principal()
    done = await acknowledge_alarm(
        database, who, alarm.alarm_id, comment="已通知现场", version=alarm.version, at=later(5)
    )
    assert (done.state, done.acknowledged_by_name) == (AlarmState.ACKNOWLEDGED, "调度员一")
    again = await acknowledge_alarm(database, who, alarm.alarm_id, comment="", version=None, at=later(6))
    assert again == done
    assert await sink.put([raised(second=7), cleared(second=9)]) == 1
    [closed] = await every_alarm(database)
    assert (closed.state, closed.comments) == (AlarmState.CLOSED, done.comments)
    async with database.read() as tx:
        query = select(audit_entries).where(audit_entries.c.action == "alarm.acknowledged")
        [entry] = (await tx.execute(query)).all()
    assert entry.reason == "已通知现场"


async def test_the_second_to_acknowledge_learns_that_somebody_was_faster(database: Database) -> None:
    await working_vehicles(database, 1)
    await AlarmSink(database).put([raised()])
    [alarm] = await every_alarm(database)
    await acknowledge_alarm(database, a_principal(), alarm.alarm_id, comment="", version=None, at=AT)
    other = a_principal(id=StaffId("staff-2"))
    with pytest.raises(VersionMismatch):
        await acknowledge_alarm(database, other, alarm.alarm_id, comment="", version=alarm.version, at=AT)
    with pytest.raises(IllegalTransition):
        await acknowledge_alarm(database, other, alarm.alarm_id, comment="", version=None, at=AT)


async def test_an_alarm_outside_the_reach_is_neither_seen_nor_touched(database: Database) -> None:
    await working_vehicles(database, 1)
    await AlarmSink(database).put([raised()])
    [alarm] = await every_alarm(database)
    foreign = a_principal(Role.DISPATCHER, operator=OperatorId("op-b"))
    for attempt in (
        acknowledge_alarm(database, foreign, alarm.alarm_id, comment="x", version=None, at=AT),
        comment_alarm(database, foreign, alarm.alarm_id, text="x", at=AT),
        acknowledge_alarm(database, a_principal(), AlarmId("none"), comment="", version=None, at=AT),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await every_alarm(database, Reach(districts=frozenset({DistrictCode("DS")}))) == []


async def test_a_comment_changes_neither_flag_and_must_have_words(database: Database) -> None:
    await working_vehicles(database, 1)
    await AlarmSink(database).put([raised()])
    [alarm] = await every_alarm(database)
    commented = await comment_alarm(database, a_principal(), alarm.alarm_id, text="在路口等待", at=AT)
    assert (commented.state, len(commented.comments)) == (AlarmState.OPEN, 1)
    for text in ("  ", "x" * 1001):
        with pytest.raises(Invalid):
            await comment_alarm(database, a_principal(), alarm.alarm_id, text=text, at=AT)


async def test_alarms_are_paged_newest_first_and_counted_by_district(database: Database) -> None:
    await working_vehicles(database, 1)
    await working_vehicles(database, 2, district="DS")
    kinds = [AlarmKind.OVERSPEED, AlarmKind.STUCK, AlarmKind.COLLISION]
    await AlarmSink(database).put(
        [raised(kind=kind, second=n) for n, kind in enumerate(kinds)] + [raised(number=2, second=9)]
    )
    async with database.read() as tx:
        store = AlarmStore(tx)
        first = await store.page(EVERYTHING, limit=2, states=[AlarmState.OPEN])
        rest = await store.page(
            EVERYTHING, limit=9, after=AlarmPlace(first[-1].raised_at, first[-1].alarm_id)
        )
        counts = await store.standing_by_district(EVERYTHING)
        waiting = await store.waiting_count(EVERYTHING)
        worst = await store.worst_standing()
    assert worst == {1: Severity.CRITICAL, 2: Severity.WARNING}
    assert [alarm.raised_at for alarm in first + rest] == [later(9), later(2), later(1), AT]
    assert counts == {
        "KB": {Severity.WARNING: 1, Severity.MAJOR: 1, Severity.CRITICAL: 1},
        "DS": {Severity.WARNING: 1},
    }
    assert waiting == 4
