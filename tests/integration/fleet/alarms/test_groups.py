"""Group alarms and radio holes on both databases: one alarm for many, however often it is said."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from core.auth.principal import EVERYTHING, Reach
from core.auth.roles import Role
from core.database import Database
from core.errors import IllegalTransition
from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo
from fleet.alarms.acknowledge_alarm import acknowledge_alarm
from fleet.alarms.advice import AlarmAnswer
from fleet.alarms.alarm import Alarm, AlarmCleared, AlarmRaised, AlarmSignal
from fleet.alarms.answer_alarm import answer_alarm
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.groups import members_of
from fleet.alarms.kinds import AlarmKind, AlarmState
from fleet.alarms.store import AlarmStore
from fleet.telemetry.hole_book import HoleBook, add_comebacks
from fleet.telemetry.radio_holes import RadioHoles
from fleet.telemetry.tick import Comeback
from tests.conftest import SettableClock
from tests.integration.fleet.builders import AT, a_principal, working_vehicles

KIND = AlarmKind.MAKER_SILENT
CELL, OTHER = 0x8930A2D0003FFFF, 0x8930A2D0007FFFF


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def silent(*numbers: int, second: float = 0) -> list[AlarmSignal]:
    return [
        AlarmRaised(vehicle_no=VehicleNo(n), kind=KIND, cause="maker-a", at=later(second)) for n in numbers
    ]


def back(*numbers: int, second: float) -> list[AlarmSignal]:
    return [
        AlarmCleared(vehicle_no=VehicleNo(n), kind=KIND, cause="maker-a", at=later(second)) for n in numbers
    ]


async def every_alarm(database: Database, reach: Reach = EVERYTHING) -> list[Alarm]:
    async with database.read() as tx:
        return await AlarmStore(tx).page(reach)


async def still_silent(database: Database, alarm: Alarm) -> list[int]:
    async with database.read() as tx:
        return [
            member.vehicle_no for member in await members_of(tx, alarm.alarm_id) if member.back_at is None
        ]


async def test_many_silences_of_one_cause_are_one_alarm_that_ends_with_the_last(database: Database) -> None:
    await working_vehicles(database, *range(1, 7))
    sinks = [AlarmSink(database), AlarmSink(database)]
    assert await sinks[0].put(silent(1, 2, 3, 4)) == 1
    assert await sinks[1].put(silent(3, 4, 5, 6, second=1)) == 0, "another tracker says its share"
    [alarm] = await every_alarm(database)
    assert alarm.details == {"cause": "maker-a", "members": 6, "silent": 6}
    await sinks[0].put(back(1, 2, 3, second=60))
    await sinks[0].put(back(1, 2, 3, second=60))
    assert await still_silent(database, alarm) == [4, 5, 6]
    assert (await every_alarm(database))[0].state is AlarmState.OPEN
    assert await sinks[1].put(back(4, 5, 6, second=90)) == 1
    [alarm] = await every_alarm(database)
    assert (alarm.state, alarm.cleared_at) == (AlarmState.CLEARED, later(90))
    assert await sinks[0].put(silent(1, second=30)) == 0, "a late repeat raises nothing"


async def test_one_answer_is_for_the_whole_group_and_members_go_on_coming_and_going(
    database: Database,
) -> None:
    await working_vehicles(database, *range(1, 7))
    sink, lead = AlarmSink(database), a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-a"))
    await sink.put(silent(1, 2, 3, 4, 5))
    [alarm] = await every_alarm(database)
    answered = await answer_alarm(
        database, lead, alarm.alarm_id, given=AlarmAnswer.MAKER_TOLD, comment="", version=None, at=later(5)
    )
    assert (answered.state, answered.comments[0].answer) == (AlarmState.ACKNOWLEDGED, AlarmAnswer.MAKER_TOLD)
    await sink.put(silent(6, second=6) + back(1, second=20))
    [alarm] = await every_alarm(database)
    assert (alarm.state, alarm.details["members"], alarm.details["silent"]) == (AlarmState.ACKNOWLEDGED, 6, 5)
    other = a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-a"), id=StaffId("somebody-else"))
    with pytest.raises(IllegalTransition):
        await acknowledge_alarm(database, other, alarm.alarm_id, comment="", version=None, at=later(30))
    await sink.put(back(2, 3, 4, 5, 6, second=40))
    assert [alarm.state for alarm in await every_alarm(database)] == [AlarmState.CLOSED]


async def test_a_group_has_one_alarm_for_each_company_and_district_which_sees_its_own(
    database: Database,
) -> None:
    await working_vehicles(database, 1, 2)
    await working_vehicles(database, 3, operator="op-b")
    await working_vehicles(database, 4, district="DS")
    assert await AlarmSink(database).put(silent(1, 2, 3, 4)) == 3
    assert len(await every_alarm(database)) == 3
    [mine] = await every_alarm(
        database, Reach(operators=frozenset({OperatorId("op-a")}), districts=frozenset({DistrictCode("KB")}))
    )
    assert await still_silent(database, mine) == [1, 2]


async def test_a_member_that_falls_silent_again_is_a_member_once(database: Database) -> None:
    await working_vehicles(database, 1, 2)
    sink = AlarmSink(database)
    await sink.put([*silent(1, 2), *back(1, second=10), *silent(1, second=20)])
    [alarm] = await every_alarm(database)
    assert await still_silent(database, alarm) == [1, 2]
    await sink.put(back(1, 2, second=30))
    await sink.put(silent(1, second=100))
    assert [alarm.state for alarm in await every_alarm(database)] == [AlarmState.OPEN, AlarmState.CLEARED]


async def test_an_alarm_of_its_own_after_a_group_names_the_group(database: Database) -> None:
    await working_vehicles(database, 1, 2)
    sink = AlarmSink(database)
    await sink.put(silent(1, 2))
    [group] = await every_alarm(database)
    own = AlarmRaised(
        vehicle_no=VehicleNo(1),
        kind=AlarmKind.OFFLINE_ON_DUTY,
        at=later(60),
        details={"after_group": "maker-a"},
    )
    await sink.put([*back(1, 2, second=60), own])
    [alone] = [a for a in await every_alarm(database) if a.kind is AlarmKind.OFFLINE_ON_DUTY]
    assert alone.group_id == group.alarm_id


def comeback(number: int, silent_s: float, *, cell: int = CELL, day: float = 0) -> Comeback:
    at = AT - timedelta(days=day) + timedelta(seconds=number + silent_s)
    return Comeback(vehicle_no=VehicleNo(number), cell=cell, silent_s=silent_s, back_at=at)


async def holes(database: Database, clock: SettableClock) -> RadioHoles:
    return await HoleBook(database, clock).holes()


async def test_a_hole_is_where_several_vehicles_were_silent_of_late_and_came_back(
    database: Database, clock: SettableClock
) -> None:
    said = [comeback(1, 40), comeback(1, 200), comeback(2, 90)]
    clock.set(AT + timedelta(hours=1))
    async with database.write() as tx:
        assert await add_comebacks(tx, said) == 3
        assert await add_comebacks(tx, said) == 0, "the same comeback is known once"
        await add_comebacks(tx, [comeback(5, float(s), cell=OTHER) for s in (31, 32, 33, 34)])
    known = await holes(database, clock)
    cells = np.array([CELL, OTHER, CELL + 1], np.uint64)
    assert known.patience_ms(cells).tolist() == [400_000, 0, 0], "one vehicle alone makes no hole"
    clock.set(AT + timedelta(days=31))
    assert len(await holes(database, clock)) == 0
    assert await HoleBook(database, clock).forget_old() == 7
