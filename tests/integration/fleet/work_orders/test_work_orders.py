"""Work orders on both databases: opened once a cause, given, done or not, and what they do to the vehicle."""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.passwords import Passwords
from core.auth.principal import EVERYTHING, Principal
from core.auth.roles import Role
from core.auth.staff import StaffAccount, ensure_staff
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, Forbidden, IllegalTransition, Invalid, NotFound, VersionMismatch
from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo
from core.privacy.cipher import SecretKeys
from core.privacy.encrypted import install_keys
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.kinds import AlarmKind, Severity
from fleet.vehicles.inspection_store import InspectionStore
from fleet.vehicles.inspections import InspectionRule
from fleet.vehicles.store import VehicleStore
from fleet.work_orders.kinds import WorkKind, WorkState
from fleet.work_orders.move_work_order import (
    Proof,
    arrive,
    assign_work,
    call_off,
    finish,
    give_up,
    hand_back,
    note_work,
    set_out,
    take_job,
)
from fleet.work_orders.open_work_order import NewWork, follow_alarm, open_work
from fleet.work_orders.store import WorkOrderStore
from fleet.work_orders.work_order import Part, WorkOrder
from tests.integration.fleet.builders import AT, a_principal, working_vehicles

LEAD = a_principal(Role.SHIFT_LEAD, id=StaffId("lead"), name="值班长", operator=OperatorId("op-a"))


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


@pytest.fixture
async def crew(database: Database) -> Callable[..., Coroutine[Any, Any, Principal]]:
    """Make people of the field crew."""
    install_keys(SecretKeys(encryption_key="e" * 40, index_key="i" * 40))

    async def make(name: str = "crew-1", operator: str = "op-a", district: str = "KB") -> Principal:
        account = StaffAccount(
            username=name,
            name=name,
            role=Role.CREW,
            operator=OperatorId(operator),
            districts=frozenset({DistrictCode(district)}),
            password="a password of a test",
        )
        async with database.write() as tx:
            staff_id = await ensure_staff(tx, account, Passwords.quick(), at=AT)
        return a_principal(
            Role.CREW, id=staff_id, name=name, operator=account.operator, districts=account.districts
        )

    return make


type Crew = Callable[..., Coroutine[Any, Any, Principal]]


async def signal(database: Database, clock: Clock, *signals: AlarmRaised | AlarmCleared) -> None:
    await AlarmSink(database).put(signals)
    await AlarmFollowUp(database, clock, [follow_alarm]).work_once()


def raised(kind: AlarmKind, second: float = 0, **details: Any) -> AlarmRaised:
    return AlarmRaised(
        vehicle_no=VehicleNo(1), kind=kind, at=later(second), lat=39.6, lng=109.8, details=details
    )


def cleared(kind: AlarmKind, second: float) -> AlarmCleared:
    return AlarmCleared(vehicle_no=VehicleNo(1), kind=kind, at=later(second))


async def all_of(database: Database) -> list[WorkOrder]:
    async with database.read() as tx:
        return await WorkOrderStore(tx).page(EVERYTHING)


async def held_by(database: Database, number: int = 1) -> int:
    async with database.read() as tx:
        return (await VehicleStore(tx).get(VehicleNo(number), EVERYTHING)).open_safety_work_orders


async def wrote[T](database: Database, write: Callable[[Transaction], Coroutine[Any, Any, T]]) -> T:
    async with database.write() as tx:
        return await write(tx)


async def opened(database: Database, **changes: Any) -> WorkOrder:
    values: dict[str, Any] = {"vehicle_no": VehicleNo(1), "kind": WorkKind.REPAIR, "cause": "左前轮异响"}
    new = NewWork(**{**values, **changes})
    return await wrote(database, lambda tx: open_work(tx, LEAD, new, at=AT))


async def test_causes_that_one_visit_answers_are_one_order_however_often_they_are_said(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    await signal(database, clock, raised(AlarmKind.NEEDS_PERSON, 0))
    [order] = await all_of(database)
    assert (order.kind, order.is_safety, order.severity) == (WorkKind.RESCUE, False, Severity.MAJOR)
    assert await held_by(database) == 0
    await signal(database, clock, raised(AlarmKind.TIPPED_OVER, 1), raised(AlarmKind.COLLISION, 2))
    await signal(database, clock, raised(AlarmKind.TIPPED_OVER, 60))
    [order] = await all_of(database)
    assert (order.is_safety, order.severity, order.state) == (True, Severity.CRITICAL, WorkState.OPEN)
    assert [step.note for step in order.steps] == ["needs_person", "tipped_over", "collision"]
    assert await held_by(database) == 1
    await signal(database, clock, raised(AlarmKind.SENSOR_BLOCKED, 90))
    assert sorted(one.kind for one in await all_of(database)) == [WorkKind.CLEAN, WorkKind.RESCUE]
    assert await held_by(database) == 2


async def test_work_ends_with_its_cause_before_anybody_set_out_and_never_after(
    database: Database, clock: Clock, crew: Crew
) -> None:
    await working_vehicles(database, 1)
    person = await crew()
    await signal(database, clock, raised(AlarmKind.SENSOR_BLOCKED))
    await signal(database, clock, cleared(AlarmKind.SENSOR_BLOCKED, 10))
    [order] = await all_of(database)
    assert (order.state, order.steps[-1].event) == (WorkState.CANNOT, "cause_gone")
    assert await held_by(database) == 0
    await signal(database, clock, raised(AlarmKind.SENSOR_BLOCKED, 20))
    [order, _] = await all_of(database)
    await wrote(database, lambda tx: take_job(tx, person, order.work_order_id, at=AT, wall=AT))
    await wrote(database, lambda tx: set_out(tx, person, order.work_order_id, at=later(30)))
    await signal(database, clock, cleared(AlarmKind.SENSOR_BLOCKED, 40))
    assert [one.state for one in await all_of(database)] == [WorkState.EN_ROUTE, WorkState.CANNOT]
    assert await held_by(database) == 1


async def test_a_fault_that_turns_out_to_be_fatal_opens_work_then(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1)
    mild = AlarmRaised(
        vehicle_no=VehicleNo(1),
        kind=AlarmKind.VEHICLE_FAULT,
        at=AT,
        severity=Severity.WARNING,
        details={"fault_code": 3, "fatal": False},
    )
    await signal(database, clock, mild)
    assert await all_of(database) == []
    await signal(
        database,
        clock,
        AlarmRaised(
            vehicle_no=VehicleNo(1),
            kind=AlarmKind.VEHICLE_FAULT,
            at=later(9),
            severity=Severity.CRITICAL,
            details={"fault_code": 3, "fatal": True},
        ),
    )
    assert [(one.kind, one.is_safety) for one in await all_of(database)] == [(WorkKind.REPAIR, True)]


async def test_a_job_from_taking_it_to_its_proof_on_record(database: Database, crew: Crew) -> None:
    await working_vehicles(database, 1)
    person, other = await crew(), await crew("crew-2")
    job = (await opened(database, is_safety=True)).work_order_id
    await wrote(database, lambda tx: take_job(tx, person, job, at=later(1), wall=AT))
    with pytest.raises(Conflict):
        await wrote(database, lambda tx: take_job(tx, other, job, at=later(1), wall=AT))
    with pytest.raises(Forbidden):
        await wrote(database, lambda tx: set_out(tx, other, job, at=later(2)))
    for _ in range(2):
        await wrote(database, lambda tx: set_out(tx, person, job, at=later(2)))
    proof = Proof(note="换了轮胎", photos=("media/1.jpg",), parts=(Part(name="轮胎"),))
    with pytest.raises(IllegalTransition):
        await wrote(database, lambda tx: finish(tx, person, job, proof, at=later(3)))
    for _ in range(2):
        await wrote(database, lambda tx: arrive(tx, person, job, at=later(3)))
    with pytest.raises(Invalid) as refused:
        await wrote(database, lambda tx: finish(tx, person, job, Proof(), at=later(4)))
    assert refused.value.fields["field"] == "note"
    await wrote(
        database, lambda tx: note_work(tx, person, job, note="", photos=("media/0.jpg",), at=later(3))
    )
    done = await wrote(database, lambda tx: finish(tx, person, job, proof, at=later(4)))
    assert (done.state, done.photos, done.parts) == (
        WorkState.DONE,
        ("media/0.jpg", "media/1.jpg"),
        (Part(name="轮胎"),),
    )
    assert await held_by(database) == 0
    async with database.read() as tx:
        said = list(await tx.scalars(select(audit_entries.c.action).order_by(audit_entries.c.at)))
    assert [each for each in said if each.startswith("work_order.")] == [
        f"work_order.{word}" for word in ("opened", "assigned", "started", "arrived", "noted", "done")
    ]


async def test_safety_work_that_a_crew_gives_up_goes_on_holding_its_vehicle(
    database: Database, crew: Crew
) -> None:
    await working_vehicles(database, 1)
    person = await crew()
    job = (await opened(database, is_safety=True)).work_order_id
    await wrote(database, lambda tx: take_job(tx, person, job, at=AT, wall=AT))
    await wrote(
        database, lambda tx: give_up(tx, person, job, reason="需要拖车", instead=WorkKind.TOW, at=later(9))
    )
    [tow, given_up] = await all_of(database)
    assert (given_up.state, tow.state, tow.kind, tow.follows) == (
        WorkState.CANNOT,
        WorkState.OPEN,
        WorkKind.TOW,
        job,
    )
    assert await held_by(database) == 1
    await wrote(database, lambda tx: call_off(tx, LEAD, tow.work_order_id, reason="已拖回场站", at=later(20)))
    assert await held_by(database) == 0
    same = (await opened(database, is_safety=True)).work_order_id
    await wrote(database, lambda tx: take_job(tx, person, same, at=AT, wall=AT))
    await wrote(database, lambda tx: give_up(tx, person, same, reason="够不到", at=later(30)))
    again = (await all_of(database))[0]
    assert (again.follows, again.kind, await held_by(database)) == (same, WorkKind.REPAIR, 1)
    harmless = (await opened(database, kind=WorkKind.RESTOCK)).work_order_id
    await wrote(database, lambda tx: take_job(tx, person, harmless, at=AT, wall=AT))
    await wrote(database, lambda tx: give_up(tx, person, harmless, reason="没有货", at=later(9)))
    assert len(await all_of(database)) == 5


async def test_only_crew_of_the_company_and_district_is_given_a_job_and_may_hand_it_back(
    database: Database, crew: Crew
) -> None:
    await working_vehicles(database, 1)
    person = await crew()
    foreign, elsewhere = await crew("f", operator="op-b"), await crew("e", district="DS")
    order = await opened(database)
    job = order.work_order_id
    for stranger in (foreign, elsewhere, LEAD):
        with pytest.raises(Invalid):
            async with database.write() as tx:
                await assign_work(tx, LEAD, job, assignee=StaffId(stranger.id), at=AT, wall=AT)
    with pytest.raises(NotFound):
        await wrote(database, lambda tx: take_job(tx, foreign, job, at=AT, wall=AT))
    with pytest.raises(VersionMismatch):
        await wrote(
            database,
            lambda tx: assign_work(tx, LEAD, job, assignee=StaffId(person.id), version=9, at=AT, wall=AT),
        )
    given = await wrote(
        database, lambda tx: assign_work(tx, LEAD, job, assignee=StaffId(person.id), at=AT, wall=AT)
    )
    assert (given.state, given.assignee_name) == (WorkState.ASSIGNED, "crew-1")
    async with database.read() as tx:
        [mine] = await WorkOrderStore(tx).jobs_of(StaffId(person.id), EVERYTHING)
        assert await WorkOrderStore(tx).jobs_of(StaffId(elsewhere.id), EVERYTHING) == []
    assert mine.work_order_id == job
    back = await wrote(database, lambda tx: hand_back(tx, person, job, reason="下班", at=later(5)))
    assert (back.state, back.assignee) == (WorkState.OPEN, None)


async def test_an_inspection_that_is_done_counts_from_that_moment(database: Database, crew: Crew) -> None:
    [vehicle] = await working_vehicles(database, 1)
    person = await crew()
    job = (await opened(database, kind=WorkKind.INSPECTION)).work_order_id
    async with database.write() as tx:
        await InspectionStore(tx).put_rule(InspectionRule(every_days=30))
        assert (await InspectionStore(tx).due_of([vehicle]))[vehicle.vehicle_no].inspected_at is None
        await take_job(tx, person, job, at=AT, wall=AT)
        await set_out(tx, person, job, at=AT)
        await arrive(tx, person, job, at=AT)
        await finish(tx, person, job, Proof(note="全部正常"), at=later(60))
        due = (await InspectionStore(tx).due_of([vehicle]))[vehicle.vehicle_no]
    assert (due.inspected_at, due.due_at) == (later(60), later(60) + timedelta(days=30))
