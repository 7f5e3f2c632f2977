"""Every occurrence exactly once: several keepers, hours of sleep, kills, changes; on both databases."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.errors import Conflict, IllegalTransition, Invalid, NotFound, VersionMismatch
from core.ids import VehicleNo
from core.kinds import ServiceKind
from core.outbox import outbox
from services.schedules.calendar import Calendar, Daily, Holiday
from services.schedules.edit_schedule import make_schedule
from services.schedules.kinds import DayRule, Misfire, OccurrenceState, WorkKind
from services.schedules.preview_schedule import preview_schedule
from services.schedules.settle_occurrence import (
    excuse_occurrence,
    occurrence_given_back,
    occurrence_met,
    occurrence_started,
)
from services.schedules.store import ScheduleStore
from tests.integration.fleet.builders import a_principal, working_vehicles
from tests.integration.services.schedules.logbook import lines
from tests.integration.services.schedules.office import HOURLY, LEAD, Office, S, a_draft

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("policy", "states"),
    [
        (Misfire.SKIP, [S.SKIPPED, S.SKIPPED, S.SKIPPED]),
        (Misfire.RUN_ONCE, [S.SKIPPED, S.SKIPPED, S.DUE]),
        (Misfire.RUN_ALL, [S.DUE, S.DUE, S.DUE]),
    ],
)
async def test_two_keepers_that_slept_three_hours_start_each_occurrence_once_or_say_why_not(
    any_office: Office, policy: Misfire, states: list[OccurrenceState]
) -> None:
    await any_office.make(misfire=policy, grace_s=3 * 3600)
    await any_office.keeper().keep_once()
    any_office.clock.advance(3 * 3600)
    moved = await asyncio.gather(*(any_office.keeper().keep_once() for _ in range(4)))
    assert [state for _, state in await any_office.past()] == states
    assert sum(moved) == 3
    started = [row.slot_at.isoformat() for row in await any_office.rows() if row.state is S.DUE]
    assert await lines(any_office.database) == started


async def test_keepers_that_see_an_occurrence_come_due_together_start_it_once(any_office: Office) -> None:
    await any_office.make()
    both = [any_office.keeper(), any_office.keeper()]
    await asyncio.gather(*(keeper.keep_once() for keeper in both))  # each has its connection from now on
    any_office.book.meeting = asyncio.Barrier(2)
    any_office.clock.advance(1900)
    await asyncio.gather(*(keeper.keep_once() for keeper in both))
    # without the row lock of hold() both stand here, and the version of the occurrence is the last guard:
    # without that too it starts twice on PostgreSQL
    assert not any_office.book.have_met
    assert len(await lines(any_office.database)) == 1


async def test_what_starts_wakes_the_zone_in_the_same_transaction(any_office: Office) -> None:
    await any_office.make()
    await any_office.pass_hours(0)
    await any_office.pass_hours(0.5)
    async with any_office.database.read() as tx:
        woken = await tx.execute(select(outbox.c.payload).where(outbox.c.topic == "dispatch.wanted"))
    assert [row.payload for row in woken] == [{"zone": "KB"}]


async def test_an_outage_of_weeks_is_planned_in_pieces_and_every_slot_is_accounted_for(
    office: Office,
) -> None:
    await office.make(misfire=Misfire.RUN_ONCE)
    await office.keeper().keep_once()
    await office.pass_hours(20 * 24)
    for _ in range(3):
        await office.keeper().keep_once()
    states = Counter(state for _, state in await office.past())
    assert states.total() == 20 * 24
    assert states[S.DUE] == len(await lines(office.database)) == 1


@pytest.mark.parametrize("point", ["between_claims", "before_commit", "after_commit"])
async def test_a_keeper_killed_anywhere_loses_nothing_and_does_nothing_twice(
    office: Office, point: str, tmp_path: Path
) -> None:
    schedule = await office.make(misfire=Misfire.RUN_ALL, grace_s=7200)
    await office.keeper().keep_once()
    office.clock.advance(7200)
    words = ["-m", "tests.integration.services.schedules.keeper_process"]
    url = f"sqlite+aiosqlite:///{tmp_path / 'facts.sqlite3'}"
    process = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, *words, url, office.clock.now().isoformat(), point],
        cwd=ROOT,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL
    assert len(await lines(office.database)) == (2 if point == "after_commit" else 0)
    await office.keeper().keep_once()
    assert await office.past() == [(11, S.DUE), (12, S.DUE)]
    assert len(await lines(office.database)) == 2
    assert (await office.current(schedule.schedule_id)).version == 1


async def test_a_vehicle_that_is_lost_gives_the_occurrence_back_and_another_meets_it(office: Office) -> None:
    await office.make(start_within_s=600)
    await office.keeper().keep_once()
    await office.pass_hours(0.5)
    [row] = [row for row in await office.rows() if row.state is S.DUE]
    async with office.database.write() as tx:
        await occurrence_started(tx, row.occurrence_id, at=office.clock.now())
    await office.pass_hours(0.4)
    async with office.database.write() as tx:
        await occurrence_given_back(tx, row.occurrence_id, at=office.clock.now())
    await office.keeper().keep_once()
    async with office.database.write() as tx:
        await occurrence_started(tx, row.occurrence_id, at=office.clock.now())
        await occurrence_met(tx, row.occurrence_id, at=office.clock.now())
        await occurrence_met(tx, row.occurrence_id, at=office.clock.now())
    assert (await office.past()) == [(11, S.MET)]
    with pytest.raises(IllegalTransition):
        await excuse_occurrence(
            office.database,
            LEAD,
            office.plugged,
            row.occurrence_id,
            reason="x",
            version=None,
            at=office.clock.now(),
        )


@pytest.mark.parametrize("is_gone", [True, False])
async def test_what_its_service_cannot_do_is_skipped_with_the_services_word(
    office: Office, is_gone: bool
) -> None:
    office.book.is_gone, office.book.hindrance = is_gone, "road_frozen"
    await office.make()
    await office.keeper().keep_once()
    await office.pass_hours(0.5)
    [row] = [row for row in await office.rows() if row.slot_at <= office.clock.now()]
    assert (row.state, row.reason) == (S.SKIPPED, "subject_gone" if is_gone else "road_frozen")


async def test_a_change_plans_the_future_anew_and_leaves_what_came_due(any_office: Office) -> None:
    schedule = await any_office.make()
    await any_office.keeper().keep_once()
    await any_office.pass_hours(0.5)
    timing = Daily(times=("13:30",))
    changed = await any_office.change(
        schedule, calendar=Calendar(timing=timing, zone="Asia/Shanghai", days=DayRule.EVERY_DAY)
    )
    with pytest.raises(VersionMismatch):
        await any_office.change(schedule, name="另一个")
    await any_office.keeper().keep_once()
    rows = [(row.slot_at.hour + 8, row.slot_at.minute, row.state) for row in await any_office.rows()]
    assert rows == [(11, 0, S.DUE), (13, 30, S.PLANNED)]
    await any_office.change(changed, is_paused=True)
    await any_office.pass_hours(30)
    assert len(await any_office.rows()) == 1


async def test_a_keeper_that_read_a_schedule_before_it_was_changed_plans_nothing_of_it(
    any_office: Office,
) -> None:
    stale = await any_office.make()
    await any_office.change(stale, name="新名称")
    until = any_office.clock.now() + timedelta(days=1)
    async with any_office.database.write() as tx:
        assert not await ScheduleStore(tx).hold(stale, until)
        fresh = await ScheduleStore(tx).get(stale.schedule_id, EVERYTHING)
        assert await ScheduleStore(tx).hold(fresh, until)
        assert not await ScheduleStore(tx).hold(fresh, until)


async def test_an_occurrence_is_moved_left_out_and_restored(office: Office) -> None:
    schedule = await office.make(start_within_s=86_400)
    await office.keeper().keep_once()
    noon = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
    schedule = await office.change_slot(schedule, noon, noon + timedelta(minutes=20))
    schedule = await office.change_slot(schedule, noon + timedelta(hours=1))
    await office.keeper().keep_once()
    schedule = await office.change_slot(schedule, noon + timedelta(hours=2))
    await office.keeper().keep_once()
    schedule = await office.change_slot(schedule, noon + timedelta(hours=2), is_restored=True)
    for _ in range(27):
        await office.pass_hours(1 / 6)
    states = [S.DUE, S.DUE, S.SKIPPED, S.DUE, S.DUE]
    assert await office.past() == list(zip(range(11, 16), states, strict=True))
    assert len(await lines(office.database)) == 4
    [late] = [row for row in await office.rows() if row.slot_at == noon]
    assert late.due_at == noon + timedelta(minutes=20)
    assert late.fired_at is not None
    assert late.fired_at >= late.due_at


@pytest.mark.parametrize(
    ("slot", "to", "refusal", "field"),
    [
        ("04:10", None, Invalid, "slotAt"),
        ("04:00", "02:00", Invalid, "moveTo"),
        ("04:00", "05:00", Invalid, "moveTo"),
        ("03:00", "04:30", Conflict, "slot_at"),
    ],
)
async def test_a_move_that_cannot_be_is_refused_by_field(
    office: Office, slot: str, to: str | None, refusal: type[Invalid], field: str
) -> None:
    schedule = await office.make()
    await office.keeper().keep_once()
    await office.pass_hours(0.6)
    moment = datetime.fromisoformat(f"2026-07-01T{slot}+00:00")
    move_to = None if to is None else datetime.fromisoformat(f"2026-07-01T{to}+00:00")
    with pytest.raises(refusal) as refused:
        await office.change_slot(schedule, moment, move_to)
    assert field in (refused.value.fields.get("field"), *refused.value.fields)


async def test_only_what_is_within_reach_is_scheduled_and_only_by_vehicles_of_the_service(
    office: Office,
) -> None:
    await working_vehicles(office.database, 7, service=ServiceKind.PATROL)
    await working_vehicles(office.database, 8, service=ServiceKind.SWEEPING)
    made = await office.make(vehicle_no=VehicleNo(7))
    assert made.holds == ("vehicle:7", "beat:b-1")
    with pytest.raises(Invalid):
        await office.make(vehicle_no=VehicleNo(8))
    with pytest.raises(Invalid):
        await office.make(kind=WorkKind.RESTOCK)
    foreign = a_principal(Role.SHIFT_LEAD, operator="op-b")
    with pytest.raises(NotFound):
        async with office.database.write() as tx:
            await make_schedule(tx, foreign, office.plugged, a_draft(), at=office.clock.now())


async def test_a_preview_shows_thirty_with_holidays_and_what_they_clash_with(any_office: Office) -> None:
    async with any_office.database.write() as tx:
        day = datetime(2026, 7, 3, tzinfo=UTC).date()
        await ScheduleStore(tx).put_holidays(
            [Holiday(day=day, is_working=False, name_zh="示例节", name_en="Sample day")]
        )
    days = msgspec.structs.replace(HOURLY, timing=Daily(times=("06:00",)), days=DayRule.WORKING_DAYS)
    mine = await any_office.make(calendar=days)
    other = await any_office.make(
        name="清晨", calendar=msgspec.structs.replace(days, timing=Daily(times=("06:30",), weekdays=(0,)))
    )
    async with any_office.database.read() as tx:
        shown = await preview_schedule(tx, mine, EVERYTHING, at=any_office.clock.now())
    assert len(shown.slots) == 30
    assert [slot.due_at.day + 1 for slot in shown.slots[:4]] == [2, 6, 7, 8]
    assert {clash.with_schedule for clash in shown.clashes} == {other.schedule_id}
    assert {clash.slot_at.weekday() for clash in shown.clashes} == {6}
    assert shown.clashes[0].holds == ("beat:b-1",)
