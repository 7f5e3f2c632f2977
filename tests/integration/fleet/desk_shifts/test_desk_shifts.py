"""A shift at a desk is begun once, seen while it lasts, and handed over with nothing critical left."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import Reach, reach_of
from core.auth.roles import Role
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.ids import OperatorId, StaffId, VehicleNo
from fleet.alarms.acknowledge_alarm import acknowledge_alarm
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.store import AlarmStore
from fleet.desk_shifts.desk_shift import SEEN_FOR, DeskShift
from fleet.desk_shifts.store import DeskShiftStore
from fleet.desk_shifts.work_desk_shift import begin_shift, hand_over, read_note
from tests.integration.fleet.builders import a_principal, working_vehicles

ONE = a_principal(Role.DISPATCHER, operator="op-a")
NEXT = a_principal(Role.SHIFT_LEAD, id=StaffId("staff-2"), name="班长二", operator="op-a")
STRANGER = a_principal(Role.SHIFT_LEAD, id=StaffId("staff-3"), operator="op-b")


async def begins(database: Database, clock: Clock, who: object = ONE) -> DeskShift:
    async with database.write() as tx:
        return await begin_shift(tx, who, at=clock.now(), wall=clock.wall())  # type: ignore[arg-type]


async def hands_over(database: Database, clock: Clock, note: str = "九号车在等件") -> DeskShift:
    async with database.write() as tx:
        return await hand_over(tx, ONE, note, at=clock.now())


async def test_a_shift_is_begun_once_and_handed_over_to_whoever_reads_it(
    database: Database, clock: Clock
) -> None:
    both = await asyncio.gather(begins(database, clock), begins(database, clock))
    assert both[0] == both[1]
    left = await hands_over(database, clock)
    assert (left.ended_at, left.note) == (clock.now(), "九号车在等件")
    assert left.left_open is not None
    assert (left.left_open.alarms, left.left_open.critical) == (0, 0)
    with pytest.raises(Conflict):
        await hands_over(database, clock)
    async with database.write() as tx:
        read = await read_note(tx, NEXT, left.shift_id, at=clock.now())
        again = await read_note(tx, ONE, left.shift_id, at=clock.now())
        with pytest.raises(NotFound):
            await read_note(tx, STRANGER, left.shift_id, at=clock.now())
    assert (read.read_by, again.read_by) == ("staff-2", "staff-2"), "the first who read it stays"
    anew = await begins(database, clock)
    assert anew.shift_id != left.shift_id
    async with database.read() as tx:
        query = select(audit_entries.c.action).where(audit_entries.c.action.startswith("desk_shift."))
        assert sorted((await tx.execute(query)).scalars()) == [
            "desk_shift.begun",
            "desk_shift.begun",
            "desk_shift.handed_over",
        ]


async def test_a_critical_alarm_that_is_nobodys_keeps_the_shift_open(
    sqlite_database: Database, clock: Clock
) -> None:
    await working_vehicles(sqlite_database, 1)
    await begins(sqlite_database, clock)
    raised = [
        AlarmRaised(vehicle_no=VehicleNo(1), kind=kind, at=clock.now())
        for kind in (AlarmKind.COLLISION, AlarmKind.OVERSPEED)
    ]
    await AlarmSink(sqlite_database).put(raised)
    with pytest.raises(Conflict) as refused:
        await hands_over(sqlite_database, clock)
    assert refused.value.code == "critical-alarm-without-owner"
    async with sqlite_database.read() as tx:
        found = await AlarmStore(tx).page(reach_of(ONE))
    [critical] = [alarm for alarm in found if alarm.kind is AlarmKind.COLLISION]
    assert refused.value.fields["alarms"] == [critical.alarm_id]
    await acknowledge_alarm(
        sqlite_database, NEXT, critical.alarm_id, comment="", version=None, at=clock.now()
    )
    left = await hands_over(sqlite_database, clock)
    assert left.left_open is not None
    assert (left.left_open.alarms, left.left_open.critical) == (2, 1)


async def test_a_desk_is_occupied_while_it_says_so_and_says_whether_it_is_muted(
    database: Database, clock: Clock
) -> None:
    shift = await begins(database, clock)
    wall = clock.wall() + timedelta(seconds=30)
    async with database.write() as tx:
        assert await DeskShiftStore(tx).seen(StaffId("staff-1"), is_muted=True, wall=wall)
        assert not await DeskShiftStore(tx).seen(StaffId("staff-2"), is_muted=True, wall=wall)
    async with database.read() as tx:
        [now] = await DeskShiftStore(tx).open_ones(reach_of(NEXT))
        assert await DeskShiftStore(tx).open_ones(Reach(operators=frozenset({OperatorId("op-b")}))) == []
    assert (now.shift_id, now.version, now.is_muted) == (shift.shift_id, 1, True)
    assert now.is_occupied(wall + SEEN_FOR)
    assert not now.is_occupied(wall + SEEN_FOR + timedelta(seconds=1))


@pytest.mark.parametrize("note", ["", "  ", "x" * 2_001])
async def test_a_note_that_says_nothing_or_too_much_is_refused(
    sqlite_database: Database, clock: Clock, note: str
) -> None:
    await begins(sqlite_database, clock)
    with pytest.raises(Invalid) as refused:
        await hands_over(sqlite_database, clock, note)
    assert refused.value.fields["field"] == "note"
