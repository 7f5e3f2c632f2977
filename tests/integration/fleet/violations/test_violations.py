"""Violations on both databases: opened by causes, one each, ended with them, decided by people."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.clock import Clock
from core.database import Database
from core.errors import Forbidden, Invalid, NotFound, VersionMismatch
from core.ids import OperatorId, StaffId, VehicleNo
from fleet.alarms.alarm import AlarmCleared, AlarmPast, AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.kinds import AlarmKind, AlarmState
from fleet.alarms.store import AlarmStore
from fleet.alarms.tables import alarm_follow_ups
from fleet.telemetry.facts import fence_events
from fleet.violations.decide_violation import decide_violation
from fleet.violations.kinds import ViolationEvent, ViolationKind, ViolationState
from fleet.violations.open_violations import follow_alarm
from fleet.violations.store import ViolationCount, ViolationStore
from fleet.violations.violation import Violation
from tests.integration.fleet.builders import AT, a_principal, working_vehicles

APPEAL = timedelta(days=15)
EVENT = ViolationEvent


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def raised(number: int = 1, kind: AlarmKind = AlarmKind.OVERSPEED, *, second: float = 0, **more: Any) -> Any:
    return AlarmRaised(vehicle_no=VehicleNo(number), kind=kind, at=later(second), **more)


def cleared(number: int = 1, kind: AlarmKind = AlarmKind.OVERSPEED, *, second: float = 0) -> AlarmCleared:
    return AlarmCleared(vehicle_no=VehicleNo(number), kind=kind, at=later(second))


def follow_up(database: Database, clock: Clock) -> AlarmFollowUp:
    return AlarmFollowUp(database, clock, [follow_alarm])


async def all_of(database: Database) -> list[Violation]:
    async with database.read() as tx:
        return await ViolationStore(tx).page(EVERYTHING)


async def waiting(database: Database) -> int:
    async with database.read() as tx:
        query = select(func.count()).select_from(alarm_follow_ups)
        return int((await tx.execute(query)).scalar_one())


async def a_crossing(database: Database, *, fence_id: str, second: float, uncertain: bool) -> None:
    row = {
        "vehicle_no": 1,
        "fence_id": fence_id,
        "fence_version": 1,
        "set_version": 1,
        "kind": "enter",
        "seq": int(second) + 1000,
        "measured_at": later(second),
        "since_at": later(second),
        "received_at": later(second),
        "lat": 39.6,
        "lng": 109.8,
        "accuracy_m": 4.0,
        "is_border_uncertain": uncertain,
        "epoch": 1,
    }
    async with database.write() as tx:
        await tx.execute(insert(fence_events).values(row))


async def decided(
    database: Database, violation: Violation, event: ViolationEvent, role: Role, **changes: Any
) -> Violation:
    values = {"id": StaffId(f"{role.value}-1"), **changes}
    return await decide_violation(
        database,
        a_principal(role, **values),
        violation.violation_id,
        event,
        reason="核实",
        version=None,
        appeal=APPEAL,
        at=later(60),
    )


async def test_a_cause_opens_one_violation_that_ends_with_it(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1)
    sink, work = AlarmSink(database), follow_up(database, clock)
    details = {"fence_id": "slow-1", "fence_version": 2, "set_version": 9, "limit_mps": 4.2}
    await sink.put([raised(details=details), raised(second=40, details=details)])
    assert await work.work_once() == 1
    [violation] = await all_of(database)
    assert (violation.kind, violation.began_at, violation.ended_at) == (ViolationKind.OVERSPEED, AT, None)
    assert (violation.permit_no, violation.fence_version, violation.set_version) == ("P-1", 2, 9)
    await sink.put([raised(second=45), cleared(second=50)])
    assert await work.work_once() == 1
    assert await work.work_once() == 0
    [ended] = await all_of(database)
    assert (ended.violation_id, ended.ended_at) == (violation.violation_id, later(50))


async def test_a_cause_that_came_and_went_before_anybody_looked_is_one_closed_interval(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    await AlarmSink(database).put([raised(), cleared(second=8)])
    assert await waiting(database) == 2
    await follow_up(database, clock).work_once()
    [violation] = await all_of(database)
    assert (violation.began_at, violation.ended_at) == (AT, later(8))
    assert await waiting(database) == 0


async def test_two_schedulers_at_once_open_one_violation(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1)
    await AlarmSink(database).put([raised()])
    done = await asyncio.gather(*(follow_up(database, clock).work_once() for _ in range(2)))
    assert sum(done) == 1
    assert len(await all_of(database)) == 1


async def test_an_alarm_that_breaks_no_rule_opens_none(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1)
    await AlarmSink(database).put([raised(kind=AlarmKind.STUCK), raised(kind=AlarmKind.COLLISION)])
    assert await waiting(database) == 2, "they are followed by an incident and by a takeover session"
    await follow_up(database, clock).work_once()
    assert await all_of(database) == []


async def test_a_crossing_too_near_to_a_border_opens_none(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1)
    await a_crossing(database, fence_id="district-KB", second=-20, uncertain=False)
    await a_crossing(database, fence_id="district-KB", second=-1, uncertain=True)
    await a_crossing(database, fence_id="no-go-1", second=-1, uncertain=False)
    sink = AlarmSink(database)
    await sink.put([raised(details={"fence_id": "district-KB"})])
    await sink.put([raised(kind=AlarmKind.NO_GO_ENTRY, details={"fence_id": "no-go-1"})])
    await follow_up(database, clock).work_once()
    assert [violation.kind for violation in await all_of(database)] == [ViolationKind.NO_GO_ENTRY]


async def test_a_cause_that_was_over_when_it_became_known_asks_nobody_and_is_kept_once(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    sink, work = AlarmSink(database), follow_up(database, clock)
    past = AlarmPast(raised=raised(second=-300, details={"limit_mps": 4.2}), ended_at=later(-280))
    assert await sink.put([raised(), cleared(second=5), past, past]) == 3
    assert await sink.put([past]) == 0, "a tracker that took over says it again"
    async with database.read() as tx:
        store = AlarmStore(tx)
        assert await store.waiting_count(EVERYTHING) == 1, "only that of now"
        found = {alarm.raised_at: alarm for alarm in await store.page(EVERYTHING)}
        assert found[later(-300)].state is AlarmState.CLOSED
        assert await store.below_top() == [found[AT]], "nobody is told of what is over"
    await work.work_once()
    [now, then] = await all_of(database)
    assert (then.began_at, then.ended_at, now.began_at) == (later(-300), later(-280), AT)
    assert (then.permit_no, then.evidence["limit_mps"]) == ("P-1", 4.2)


SLOW: Any = {"fence_id": "slow-1"}


@pytest.mark.parametrize(
    ("again_s", "details", "spans"),
    [
        (35, SLOW, [(0, 50)]),
        (41, SLOW, [(0, 10), (41, 50)]),
        (35, {"fence_id": "slow-2"}, [(0, 10), (35, 50)]),
    ],
    ids=["25 s later", "31 s later", "another fence"],
)
async def test_a_rule_that_is_broken_again_soon_is_one_violation(
    database: Database, clock: Clock, again_s: int, details: Any, spans: list[tuple[int, int]]
) -> None:
    await working_vehicles(database, 1)
    sink, work = AlarmSink(database), follow_up(database, clock)
    await sink.put([raised(details=SLOW), cleared(second=10)])
    await work.work_once()
    await sink.put([raised(second=again_s, details=details)])
    await work.work_once()
    assert (await all_of(database))[0].ended_at is None
    await sink.put([cleared(second=50)])
    await work.work_once()
    found = await all_of(database)
    assert sorted((v.began_at, v.ended_at) for v in found) == [(later(a), later(b)) for a, b in spans]


async def test_a_judged_violation_is_not_widened(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1)
    sink, work = AlarmSink(database), follow_up(database, clock)
    await sink.put([raised(details=SLOW), cleared(second=10)])
    await work.work_once()
    [violation] = await all_of(database)
    await decided(database, violation, EVENT.DISMISSED, Role.AGENCY)
    await sink.put([raised(second=12, details=SLOW), cleared(second=20)])
    await work.work_once()
    assert sorted(v.began_at for v in await all_of(database)) == [AT, later(12)]


async def test_a_span_of_the_past_widens_a_violation_and_ends_none_that_stands(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    sink, work = AlarmSink(database), follow_up(database, clock)
    await sink.put([raised(details=SLOW)])
    await work.work_once()
    await sink.put([AlarmPast(raised=raised(second=-60, details=SLOW), ended_at=later(-5))])
    await work.work_once()
    [violation] = await all_of(database)
    assert (violation.began_at, violation.ended_at) == (later(-60), None)


async def test_one_that_cannot_be_done_does_not_keep_the_others_waiting(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1, 2)
    await AlarmSink(database).put([raised(1), raised(2)])

    async def stumble(tx: Any, alarm: Any, *, at: datetime) -> None:
        if alarm.vehicle_no == 1:
            raise ValueError("no")
        await follow_alarm(tx, alarm, at=at)

    work = AlarmFollowUp(database, clock, [stumble])
    assert await work.work_once() == 1
    assert await work.work_once() == 0
    assert [violation.vehicle_no for violation in await all_of(database)] == [2]
    assert await waiting(database) == 1
    assert await follow_up(database, clock).work_once() == 1, "the next start tries again"


async def test_a_violation_is_confirmed_appealed_and_decided_by_somebody_else(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    await AlarmSink(database).put([raised()])
    await follow_up(database, clock).work_once()
    [violation] = await all_of(database)
    for role in (Role.SHIFT_LEAD, Role.SUPERVISOR, Role.DISPATCHER):
        with pytest.raises(Forbidden):
            await decided(database, violation, EVENT.CONFIRMED, role)
    with pytest.raises(Forbidden):
        await decided(database, violation, EVENT.CONFIRMED, Role.AGENCY, operator=OperatorId("op-a"))
    await decided(database, violation, EVENT.CONFIRMED, Role.AGENCY)
    await decided(database, violation, EVENT.APPEALED, Role.SHIFT_LEAD, operator=OperatorId("op-a"))
    with pytest.raises(Forbidden):
        await decided(database, violation, EVENT.OVERTURNED, Role.AGENCY)
    done = await decided(database, violation, EVENT.OVERTURNED, Role.AGENCY, id=StaffId("agency-2"))
    assert done.state is ViolationState.OVERTURNED
    async with database.read() as tx:
        query = select(audit_entries).where(audit_entries.c.action == "violation.moved")
        entries = (await tx.execute(query.order_by(audit_entries.c.id))).all()
    assert [entry.fields["to"] for entry in entries] == ["confirmed", "appealed", "overturned"]
    assert {entry.reason for entry in entries} == {"核实"}


async def test_a_step_without_reason_reach_or_the_present_version_changes_nothing(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    await AlarmSink(database).put([raised()])
    await follow_up(database, clock).work_once()
    [violation] = await all_of(database)

    def attempt(reason: str = "x", version: int | None = None, **who: Any) -> Any:
        return decide_violation(
            database,
            a_principal(Role.AGENCY, **who),
            violation.violation_id,
            EVENT.CONFIRMED,
            reason=reason,
            version=version,
            appeal=APPEAL,
            at=AT,
        )

    for reason in (" ", "x" * 1001):
        with pytest.raises(Invalid):
            await attempt(reason)
    with pytest.raises(NotFound):
        await attempt(districts=frozenset({"DS"}))
    with pytest.raises(VersionMismatch):
        await attempt(version=7)
    assert await all_of(database) == [violation]


async def test_numbers_are_counted_by_vehicle_district_operator_and_kind(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1, 2)
    await working_vehicles(database, 3, district="DS", operator="op-b")
    kinds = [AlarmKind.OVERSPEED, AlarmKind.NO_GO_ENTRY]
    await AlarmSink(database).put(
        [raised(1, kind) for kind in kinds] + [raised(2), raised(3), raised(3, kinds[1], second=-9e6)]
    )
    await follow_up(database, clock).work_once()
    first, second, *_ = sorted(await all_of(database), key=lambda one: (one.vehicle_no, one.kind))
    assert second.kind is ViolationKind.OVERSPEED
    await decided(database, first, EVENT.CONFIRMED, Role.AGENCY)
    await decided(database, second, EVENT.DISMISSED, Role.AGENCY)

    async def counts(by: Any) -> dict[str, tuple[int, int, int]]:
        async with database.read() as tx:
            found: list[ViolationCount] = await ViolationStore(tx).counts(
                EVERYTHING, by, from_at=later(-60), to_at=later(60)
            )
        return {count.key: (count.suspected, count.counted, count.cleared) for count in found}

    assert await counts("vehicle") == {"1": (0, 1, 1), "2": (1, 0, 0), "3": (1, 0, 0)}
    assert await counts("district") == {"DS": (1, 0, 0), "KB": (1, 1, 1)}
    assert await counts("operator") == {"op-a": (1, 1, 1), "op-b": (1, 0, 0)}
    assert await counts("kind") == {"no_go_entry": (0, 1, 0), "overspeed": (2, 0, 1)}
