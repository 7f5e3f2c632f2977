"""The register of vehicles on both databases."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING, Reach
from core.changes import TOPIC
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, IllegalTransition, NotFound, VersionMismatch
from core.ids import DistrictCode, FenceId, OperatorId, VehicleCode, VehicleNo
from core.kinds import ServiceKind
from core.outbox import outbox
from fleet.alarms.store import AlarmStore
from fleet.people.duty import Shift
from fleet.people.store import ShiftStore
from fleet.vehicles.codes import CodeEvent, CodeStatus
from fleet.vehicles.directory import Directory
from fleet.vehicles.dispatchable import ReasonCode
from fleet.vehicles.duty import DutyEvent
from fleet.vehicles.issue_code import NewHome, issue_code, move_code, recode_vehicle
from fleet.vehicles.judge_vehicles import CityNow, Job, judge_vehicles
from fleet.vehicles.kinds import Duty, Lifecycle
from fleet.vehicles.lapse_papers import PaperWatch
from fleet.vehicles.lifecycle import LifecycleEvent
from fleet.vehicles.move_duty import move_duty
from fleet.vehicles.paper_store import CodeStore, Company, CompanyStore, PaperStore
from fleet.vehicles.register_vehicle import decommission_vehicle, put_in_service, suspend_vehicle
from fleet.vehicles.roster_source import SqlRoster
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.take_reports import take_fault, take_link_loss_policy, take_takeover_request
from fleet.vehicles.vehicle import Vehicle, advance_lifecycle
from tests.integration.fleet.builders import (
    AT,
    CITY,
    LAYOUT,
    a_report,
    a_vehicle,
    a_working_vehicle,
    heard,
    working_vehicles,
)

ONE = VehicleNo(1)


async def stored(database: Database, number: int = 1) -> Vehicle:
    async with database.read() as tx:
        return await VehicleStore(tx).get(VehicleNo(number), EVERYTHING)


async def test_a_vehicle_goes_from_the_register_into_service_with_its_papers_and_code(
    database: Database,
) -> None:
    [vehicle] = await working_vehicles(database, 1)
    assert vehicle == await stored(database)
    assert (vehicle.lifecycle, vehicle.code) == (Lifecycle.IN_SERVICE, "EDS-KB-D-0001-O")
    async with database.read() as tx:
        code = (await CodeStore(tx).living_of([ONE]))[ONE]
        permits = await PaperStore(tx).permits_of([ONE])
        actions = (await tx.execute(select(audit_entries.c.action).order_by(audit_entries.c.id))).scalars()
        told = (await tx.execute(select(outbox.c.payload).where(outbox.c.topic == TOPIC))).scalars().all()
    assert (code.status, code.issued_at) == (CodeStatus.ISSUED, AT)
    assert [permit.areas for permit in permits[ONE]] == [frozenset({FenceId("area-1")})]
    assert {"vehicle.registered", "permit.granted", "insurance.kept", "code.moved", "vehicle.moved"} <= set(
        actions
    )
    assert {("vehicle", "1")} == {(noun, id_) for row in told for noun, id_ in row["things"]}


async def test_a_vehicle_without_papers_is_not_put_in_service(database: Database) -> None:
    async with database.write() as tx:
        await a_vehicle(tx, 1)
    with pytest.raises(Conflict) as refusal:
        async with database.write() as tx:
            await put_in_service(tx, None, ONE, EVERYTHING, at=AT)
    assert refusal.value.fields["missing"] == ["permit", "insurance", "code"]


async def test_a_number_a_device_and_a_serial_are_registered_once(database: Database) -> None:
    await working_vehicles(database, 1)
    with pytest.raises(Conflict):
        async with database.write() as tx:
            await a_vehicle(tx, 1)
    async with database.read() as tx:
        assert await VehicleStore(tx).next_number() == 2


async def test_a_vehicle_carries_one_living_code(database: Database) -> None:
    await working_vehicles(database, 1)
    with pytest.raises(Conflict):
        async with database.write() as tx:
            await issue_code(tx, None, LAYOUT, ONE, EVERYTHING, at=AT)


async def test_a_vehicle_that_moves_gets_a_new_code_and_the_old_one_points_to_it(database: Database) -> None:
    [before] = await working_vehicles(database, 1)
    home = NewHome(district=DistrictCode("DS"), service=ServiceKind.DELIVERY, operator=OperatorId("op-b"))
    async with database.write() as tx:
        new = await recode_vehicle(
            tx, None, LAYOUT, ONE, home, EVERYTHING, reason="调往东胜", at=AT + timedelta(days=1)
        )
    async with database.read() as tx:
        old = await CodeStore(tx).get(VehicleCode(before.code or ""))
        again = await CodeStore(tx).next_serial(DistrictCode("KB"), "delivery")
    assert (old.status, old.replaced_by) == (CodeStatus.REVOKED, new.code)
    assert new.code.startswith("EDS-DS-D-0001-")
    assert again == 2, "a serial is never used again"
    after = await stored(database)
    assert (after.vehicle_no, after.code, after.district) == (1, new.code, "DS")


async def test_a_code_is_suspended_and_reinstated_and_refuses_what_its_table_does_not_have(
    database: Database,
) -> None:
    [vehicle] = await working_vehicles(database, 1)
    code = VehicleCode(vehicle.code or "")
    async with database.write() as tx:
        await move_code(tx, None, code, CodeEvent.SUSPENDED, EVERYTHING, reason="检查", at=AT)
        moved = await move_code(tx, None, code, CodeEvent.REINSTATED, EVERYTHING, at=AT)
    assert moved.status is CodeStatus.ISSUED
    with pytest.raises(IllegalTransition):
        async with database.write() as tx:
            await move_code(tx, None, code, CodeEvent.APPLIED, EVERYTHING, at=AT)


async def test_a_vehicle_outside_the_reach_does_not_exist(database: Database) -> None:
    await working_vehicles(database, 1)
    await working_vehicles(database, 2, district="DS", operator="op-b", maker="maker-b")
    reaches = [
        Reach(districts=frozenset({DistrictCode("DS")})),
        Reach(operators=frozenset({OperatorId("op-b")})),
        Reach(vehicles=frozenset({VehicleNo(2)})),
    ]
    async with database.read() as tx:
        store = VehicleStore(tx)
        for reach in reaches:
            assert [v.vehicle_no for v in await store.page(reach, VehicleFilter())] == [2]
            assert set(await store.of_numbers([ONE, VehicleNo(2)], reach)) == {2}
            with pytest.raises(NotFound):
                await store.get(ONE, reach)
        assert await store.page(Reach(districts=frozenset()), VehicleFilter()) == []


async def test_a_list_is_narrowed_and_paged_by_number(database: Database) -> None:
    await working_vehicles(database, 1, 2, 3)
    await working_vehicles(database, 4, service=ServiceKind.VENDING)
    async with database.read() as tx:
        store = VehicleStore(tx)
        vending = VehicleFilter(services=frozenset({ServiceKind.VENDING}))
        assert [v.vehicle_no for v in await store.page(EVERYTHING, vending)] == [4]
        first = await store.page(EVERYTHING, VehicleFilter(), limit=2)
        rest = await store.page(EVERYTHING, VehicleFilter(), after=first[-1].vehicle_no, limit=5)
        by_code = await store.page(EVERYTHING, VehicleFilter(text="kb-d-0002"))
        nothing = await store.page(EVERYTHING, VehicleFilter(text="%"))
        for at_once in (1, 2, 3, 4, 9):
            assert await store.numbers(EVERYTHING, VehicleFilter(), at_once=at_once) == [1, 2, 3, 4]
        assert await store.numbers(EVERYTHING, vending) == [4]
    assert [v.vehicle_no for v in first + rest] == [1, 2, 3, 4]
    assert [v.vehicle_no for v in by_code] == [2]
    assert nothing == []


async def test_two_writers_of_one_vehicle_are_told_apart(database: Database) -> None:
    [vehicle] = await working_vehicles(database, 1)
    suspended = advance_lifecycle(vehicle, LifecycleEvent.SUSPENDED, at=AT)
    async with database.write() as tx:
        await VehicleStore(tx).save(vehicle, suspended)
    with pytest.raises(VersionMismatch):
        async with database.write() as tx:
            await VehicleStore(tx).save(vehicle, suspended)
    assert (await stored(database)).version == vehicle.version + 1


async def test_a_vehicle_is_suspended_resumed_and_retired_for_good(database: Database) -> None:
    await working_vehicles(database, 1)
    async with database.write() as tx:
        await suspend_vehicle(tx, None, ONE, EVERYTHING, reason="检修", at=AT)
        await put_in_service(tx, None, ONE, EVERYTHING, at=AT)
        await suspend_vehicle(tx, None, ONE, EVERYTHING, reason="报废", at=AT)
        await decommission_vehicle(tx, None, ONE, EVERYTHING, reason="报废", at=AT)
    with pytest.raises(IllegalTransition):
        async with database.write() as tx:
            await put_in_service(tx, None, ONE, EVERYTHING, at=AT)


async def test_stops_and_releases_never_share_an_epoch(database: Database) -> None:
    await working_vehicles(database, 1)
    epochs = []
    for wanted, held in ((100, True), (100, False), (50, True), (900, True)):
        async with database.write() as tx:
            epochs.append(await VehicleStore(tx).raise_stop_epoch(ONE, wanted, held=held, at=AT))
    assert epochs == [100, 101, 102, 900]
    assert (await stored(database)).is_held_by_stop


async def test_a_duty_follows_the_task_and_a_second_stop_writes_nothing(database: Database) -> None:
    [before] = await working_vehicles(database, 1)
    async with database.write() as tx:
        await move_duty(tx, ONE, DutyEvent.SENT_TO_STOP, at=AT)
        moved = await move_duty(tx, ONE, DutyEvent.SENT_TO_STOP, at=AT)
    assert (moved.duty, moved.version) == (Duty.TO_STOP, before.version + 1)
    with pytest.raises(IllegalTransition):
        async with database.write() as tx:
            await move_duty(tx, ONE, DutyEvent.FAULT_CLEARED, at=AT)


async def test_reports_about_the_vehicle_itself_are_kept_and_raise_alarms_once(database: Database) -> None:
    await working_vehicles(database, 1, link_loss_held=0)
    policy = {"version": 1, "slowAfterS": 10, "stopAfterS": 30}
    fault = {"code": 12, "fatal": True, "detail": "转向故障"}
    async with database.write() as tx:
        assert await take_link_loss_policy(tx, a_report(1, "link_loss_policy", policy), at=AT) == "applied"
        assert await take_link_loss_policy(tx, a_report(1, "link_loss_policy", policy), at=AT) == "repeated"
        assert await take_fault(tx, a_report(1, "fault", fault), at=AT) == "raised"
        assert await take_fault(tx, a_report(1, "fault", fault), at=AT) == "repeated"
        call = a_report(1, "takeover_requested", {"reason": "blocked"})
        assert await take_takeover_request(tx, call, at=AT) == "raised"
    broken = await stored(database)
    assert (broken.link_loss_held, broken.duty) == (1, Duty.FAULT)
    async with database.write() as tx:
        mended = a_report(1, "fault", {**fault, "isCleared": True}, at=AT + timedelta(minutes=1))
        assert await take_fault(tx, mended, at=AT) == "cleared"
    assert (await stored(database)).duty is Duty.IDLE
    async with database.read() as tx:
        alarms = await AlarmStore(tx).page(EVERYTHING)
    assert sorted(alarm.kind.value for alarm in alarms) == ["takeover_requested", "vehicle_fault"]


@pytest.mark.parametrize(
    ("code", "kind", "severity"),
    [
        (201, "sensor_blocked", "major"),
        (103, "battery_thermal", "critical"),
        (101, "vehicle_fault", "warning"),
        (1000, "vehicle_fault", "warning"),
    ],
)
async def test_a_fault_with_an_alarm_of_its_own_raises_that_one(
    database: Database, code: int, kind: str, severity: str
) -> None:
    await working_vehicles(database, 1)
    async with database.write() as tx:
        assert await take_fault(tx, a_report(1, "fault", {"code": code}), at=AT) == "raised"
        [alarm] = await AlarmStore(tx).page(EVERYTHING)
    assert (alarm.kind.value, alarm.severity.value) == (kind, severity)
    async with database.write() as tx:
        cleared = a_report(1, "fault", {"code": code, "isCleared": True}, at=AT + timedelta(minutes=1))
        assert await take_fault(tx, cleared, at=AT) == "cleared"


async def test_a_wiped_sensor_does_not_put_a_broken_vehicle_back_to_work(database: Database) -> None:
    await working_vehicles(database, 1)
    async with database.write() as tx:
        await take_fault(tx, a_report(1, "fault", {"code": 12, "fatal": True}), at=AT)
        await take_fault(tx, a_report(1, "fault", {"code": 201}), at=AT)
        later = AT + timedelta(minutes=1)
        await take_fault(tx, a_report(1, "fault", {"code": 201, "isCleared": True}, at=later), at=later)
    assert (await stored(database)).duty is Duty.FAULT
    async with database.write() as tx:
        await take_fault(tx, a_report(1, "fault", {"code": 12, "isCleared": True}, at=later), at=later)
    assert (await stored(database)).duty is Duty.IDLE


async def test_papers_that_end_take_the_vehicle_out_of_service_and_say_so(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    watch = PaperWatch(database, clock)
    assert await watch.lapse_once() == 0
    clock.advance(290 * 86_400)  # type: ignore[attr-defined]
    assert await watch.lapse_once() == 0
    clock.advance(11 * 86_400)  # type: ignore[attr-defined]
    assert await watch.lapse_once() == 1
    assert (await stored(database)).lifecycle is Lifecycle.SUSPENDED
    async with database.read() as tx:
        alarms = await AlarmStore(tx).page(EVERYTHING)
    assert {(alarm.kind.value, alarm.is_cleared) for alarm in alarms} == {
        ("permit_expiring", True),
        ("permit_expired", False),
    }


async def test_the_roster_gives_everything_once_and_then_what_changed(database: Database) -> None:
    await working_vehicles(database, 1, 2)
    roster = SqlRoster(database)
    assert {row.vehicle_no for row in await roster.changed_rows()} == {1, 2}
    assert await roster.changed_rows() == []
    async with database.write() as tx:
        await move_duty(tx, ONE, DutyEvent.SENT_TO_STOP, at=AT + timedelta(seconds=5))
    [row] = await roster.changed_rows()
    assert (row.vehicle_no, row.is_under_way, row.is_heard) == (1, True, True)


async def test_a_change_stamped_before_the_last_one_seen_is_found_too(database: Database) -> None:
    """A transaction is stamped before it commits, and a clock may be put back by an hour."""
    await working_vehicles(database, 1, 2, 3)
    roster = SqlRoster(database)
    await roster.changed_rows()
    stamps = {VehicleNo(1): AT, VehicleNo(2): AT - timedelta(hours=1), VehicleNo(3): AT + timedelta(hours=1)}
    for number, at in stamps.items():
        async with database.write() as tx:
            await move_duty(tx, number, DutyEvent.SENT_TO_STOP, at=at)
        assert [(row.vehicle_no, row.is_under_way) for row in await roster.changed_rows()] == [(number, True)]
    assert await roster.changed_rows() == []


async def test_the_directory_answers_by_reach_without_the_database(database: Database) -> None:
    await working_vehicles(database, 1)
    directory = Directory(database)
    assert directory.find(ONE, EVERYTHING) is None
    await directory.refresh()
    found = directory.find(ONE, Reach(districts=frozenset({DistrictCode("KB")})))
    assert found is not None
    assert found.code == "EDS-KB-D-0001-O"
    assert directory.find(ONE, Reach(districts=frozenset({DistrictCode("DS")}))) is None
    directory.raise_stop_epoch(ONE, 50)
    assert await directory.refresh() == 0
    assert [entry.stop_epoch for entry in directory.within(EVERYTHING)] == [50]


async def test_vehicles_are_judged_together_with_every_reason(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1, 2)
    now = CityNow(at=AT, wall=clock.wall(), zone=CITY, fence_set_current=1)
    shift = Shift(
        shift_id="s",
        staff_id="staff-9",  # type: ignore[arg-type]
        name="远程员",
        operator=None,
        signed_in_at=AT,
        heard_at=clock.wall(),
    )
    async with database.write() as tx:
        vehicle = await a_working_vehicle(tx, 3)
        await ShiftStore(tx).add(shift)
    async with database.read() as tx:
        all_three = await VehicleStore(tx).page(EVERYTHING, VehicleFilter())
        said = {VehicleNo(1): heard(1), VehicleNo(2): heard(2, battery_ratio=0.1, software_version="9")}
        judged = await judge_vehicles(tx, all_three, said, now)
        [outside] = await judge_vehicles(
            tx, [vehicle], {vehicle.vehicle_no: heard(3)}, now, Job(areas=frozenset({FenceId("area-9")}))
        )
    assert [[reason.code for reason in one.reasons] for one in judged] == [
        [],
        [ReasonCode.BATTERY_TOO_LOW],
        [
            ReasonCode.NOT_ONLINE,
            ReasonCode.NOT_AUTONOMOUS,
            ReasonCode.FENCES_OUT_OF_DATE,
            ReasonCode.BATTERY_TOO_LOW,
        ],
    ]
    assert [reason.code for reason in outside.reasons] == [ReasonCode.PERMIT_AREA]


async def test_companies_are_stored_once_and_renamed(database: Database) -> None:
    for name in ("甲", "乙"):
        async with database.write() as tx:
            await CompanyStore(tx).put_company(
                Company(operator_id=OperatorId("op-a"), name_zh=name, name_en="A", telephone="0477-1")
            )
    async with database.read() as tx:
        companies = await CompanyStore(tx).companies()
    assert [company.name_zh for company in companies.values()] == ["乙"]
    assert msgspec.json.encode(companies)
