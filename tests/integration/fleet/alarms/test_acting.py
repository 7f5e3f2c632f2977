"""Acting on alarms on both databases: given, answered, escalated once whoever looks, told at least once."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from core.auth.configured import secret_keys
from core.auth.passwords import Passwords
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.auth.staff import StaffAccount, close_account, ensure_staff
from core.auth.staff_notices import StaffNotice, staff_notices
from core.auth.tell_staff import TRIES_MOST, StaffNoticeSender
from core.database import Database
from core.errors import IllegalTransition, Invalid, NotFound, Unavailable, VersionMismatch
from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo
from core.outbox import outbox
from core.privacy.encrypted import install_keys
from core.settings import load
from core.settings.tree import AlarmSettings
from fleet.alarms.advice import AlarmAnswer
from fleet.alarms.alarm import Alarm, AlarmCleared, AlarmRaised
from fleet.alarms.answer_alarm import answer_alarm
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.assign_alarm import assign_alarm
from fleet.alarms.escalation import patience_of
from fleet.alarms.kinds import AlarmKind, AlarmLevel, AlarmState, Severity
from fleet.alarms.people import people_for
from fleet.alarms.store import AlarmStore
from fleet.alarms.watch_alarms import AlarmWatch
from fleet.people.serve_duty import sign_in_operator
from fleet.people.store import ShiftStore
from fleet.vehicles.kinds import ControlMode
from fleet.vehicles.last_heard import LastHeard
from tests.conftest import SettableClock
from tests.integration.fleet.builders import AT, a_principal, heard, working_vehicles

_PASSWORDS = Passwords.quick()


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path) -> None:
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})
    install_keys(secret_keys(settings.security))


async def somebody(database: Database, username: str, role: Role, **changes: Any) -> StaffId:
    account = StaffAccount(
        username=username, name=username, role=role, password="a password of a test", **changes
    )
    async with database.write() as tx:
        return await ensure_staff(tx, account, _PASSWORDS, at=AT)


async def an_alarm(database: Database, kind: AlarmKind = AlarmKind.COLLISION) -> Alarm:
    await working_vehicles(database, 1)
    await AlarmSink(database).put([AlarmRaised(vehicle_no=VehicleNo(1), kind=kind, at=AT)])
    return await the_alarm(database, kind)


async def the_alarm(database: Database, kind: AlarmKind = AlarmKind.COLLISION) -> Alarm:
    async with database.read() as tx:
        found = await AlarmStore(tx).page(EVERYTHING)
    return next(alarm for alarm in found if alarm.kind is kind)


class Heard:
    def __init__(self, *states: LastHeard) -> None:
        self.of = {state.vehicle_no: state for state in states}

    async def last_heard(self, numbers: Any) -> Any:
        return {number: self.of[number] for number in numbers if number in self.of}


def a_watch(database: Database, clock: SettableClock, *states: LastHeard) -> AlarmWatch:
    return AlarmWatch(
        database,
        clock,
        Heard(*states),
        patience_of(AlarmSettings()),
        unanswered_after=timedelta(seconds=30),
    )


class Pager:
    """A provider that can be away."""

    def __init__(self) -> None:
        self.told: list[StaffNotice] = []
        self.is_away = False

    async def send(self, notice: StaffNotice) -> None:
        if self.is_away:
            raise Unavailable("unavailable")
        self.told.append(notice)


async def told(database: Database) -> list[tuple[str, str]]:
    async with database.read() as tx:
        rows = await tx.execute(select(staff_notices.c.staff_id, staff_notices.c.reason))
    return sorted((row.staff_id, row.reason) for row in rows)


class TestAssigning:
    async def test_an_alarm_is_taken_and_given_on_to_somebody_who_is_told_once(
        self, database: Database
    ) -> None:
        alarm = await an_alarm(database)
        first = await somebody(database, "first", Role.DISPATCHER)
        second = await somebody(database, "second", Role.SHIFT_LEAD)
        me = a_principal(id=first, name="first")
        arguments: dict[str, Any] = {"version": None, "at": AT, "wall": AT}
        taken = await assign_alarm(database, me, alarm.alarm_id, assignee=None, **arguments)
        assert (taken.assignee, taken.state, taken.version) == (first, AlarmState.OPEN, 2)
        given = await assign_alarm(database, me, alarm.alarm_id, assignee=second, **arguments)
        again = await assign_alarm(database, me, alarm.alarm_id, assignee=second, **arguments)
        assert (given.assignee_name, again.version) == ("second", 3)
        assert await told(database) == [(second, "assigned-3")]
        assert (again.taken_at, again.taken_by) == (AT, first), "he had it on his desk first"

    async def test_who_is_given_an_alarm_has_it_at_hand_once_he_takes_it_himself(
        self, database: Database
    ) -> None:
        alarm = await an_alarm(database)
        first = await somebody(database, "first", Role.DISPATCHER)
        second = await somebody(database, "second", Role.SHIFT_LEAD)
        lead, owner = (a_principal(id=who, name="x") for who in (first, second))
        later = AT + timedelta(minutes=2)
        given = await assign_alarm(
            database, lead, alarm.alarm_id, assignee=second, version=None, at=AT, wall=AT
        )
        assert given.taken_at is None, "it was given, nobody is at it"
        arguments: dict[str, Any] = {"assignee": None, "version": None, "wall": later}
        taken = await assign_alarm(database, owner, alarm.alarm_id, at=later, **arguments)
        again = await assign_alarm(
            database, owner, alarm.alarm_id, at=later + timedelta(minutes=1), **arguments
        )
        assert (taken.taken_at, taken.taken_by, taken.assignee) == (later, second, second)
        assert again == taken

    @pytest.mark.parametrize(
        ("role", "changes"),
        [
            (Role.AGENCY, {}),
            (Role.DISPATCHER, {"operator": OperatorId("op-b")}),
            (Role.DISPATCHER, {"districts": frozenset({DistrictCode("DS")})}),
        ],
        ids=["a role that does not act", "another company", "another 旗区"],
    )
    async def test_an_alarm_is_given_only_to_somebody_who_may_act_on_it(
        self, database: Database, role: Role, changes: dict[str, Any]
    ) -> None:
        alarm = await an_alarm(database)
        other = await somebody(database, "other", role, **changes)
        for assignee in (other, StaffId("nobody")):
            with pytest.raises(Invalid, match="assignee"):
                await assign_alarm(
                    database, a_principal(), alarm.alarm_id, assignee=assignee, version=None, at=AT, wall=AT
                )
        async with database.read() as tx:
            assert await people_for(tx, alarm) == []

    async def test_somebody_who_left_is_not_offered(self, database: Database) -> None:
        alarm = await an_alarm(database)
        left = await somebody(database, "left", Role.DISPATCHER)
        async with database.write() as tx:
            await close_account(tx, None, left, reason="left", at=AT)
            assert await people_for(tx, alarm) == []

    async def test_who_watches_the_vehicle_owns_its_alarm_from_the_start(
        self, database: Database, clock: SettableClock
    ) -> None:
        await working_vehicles(database, 1)
        operator = a_principal(Role.REMOTE_OPERATOR, id=StaffId("watcher"), name="远程一号")
        await sign_in_operator(database, operator, clock)
        async with database.write() as tx:
            shift = await ShiftStore(tx).of_person(StaffId("watcher"))
            assert shift is not None
            await ShiftStore(tx).bind(VehicleNo(1), shift, at=AT)
        await AlarmSink(database).put([AlarmRaised(vehicle_no=VehicleNo(1), kind=AlarmKind.COLLISION, at=AT)])
        assert (await the_alarm(database)).assignee_name == "远程一号"


class TestAnswers:
    async def test_an_answer_acknowledges_and_stands_among_the_comments(self, database: Database) -> None:
        alarm = await an_alarm(database)
        arguments: dict[str, Any] = {"comment": "已拨打 120", "version": 1, "at": AT}
        given = AlarmAnswer.RESCUE_CALLED
        done = await answer_alarm(database, a_principal(), alarm.alarm_id, given=given, **arguments)
        assert (done.state, done.acknowledged_by) == (AlarmState.ACKNOWLEDGED, "staff-1")
        assert [(said.answer, said.text) for said in done.comments] == [(given, "已拨打 120")]
        again = await answer_alarm(database, a_principal(), alarm.alarm_id, given=given, **arguments)
        assert again == done
        assert await the_alarm(database) == done

    async def test_watching_leaves_it_waiting_and_a_foreign_answer_is_refused_by_name(
        self, database: Database
    ) -> None:
        alarm = await an_alarm(database, AlarmKind.STUCK)
        arguments: dict[str, Any] = {"comment": "", "version": None, "at": AT}
        done = await answer_alarm(
            database, a_principal(), alarm.alarm_id, given=AlarmAnswer.WATCHING, **arguments
        )
        assert done.state is AlarmState.OPEN
        with pytest.raises(Invalid, match="stuck takes one of: handling") as refused:
            await answer_alarm(
                database, a_principal(), alarm.alarm_id, given=AlarmAnswer.GOODS_OUT, **arguments
            )
        assert refused.value.fields["field"] == "answer"

    async def test_an_alarm_that_is_closed_changed_or_foreign_takes_no_answer(
        self, database: Database
    ) -> None:
        alarm = await an_alarm(database)
        arguments: dict[str, Any] = {"given": AlarmAnswer.STOPPED, "comment": "", "at": AT}
        with pytest.raises(VersionMismatch):
            await answer_alarm(database, a_principal(), alarm.alarm_id, version=9, **arguments)
        with pytest.raises(NotFound):
            foreign = a_principal(operator=OperatorId("op-b"))
            await answer_alarm(database, foreign, alarm.alarm_id, version=None, **arguments)
        await answer_alarm(database, a_principal(), alarm.alarm_id, version=None, **arguments)
        await AlarmSink(database).put(
            [AlarmCleared(vehicle_no=VehicleNo(1), kind=AlarmKind.COLLISION, at=AT + timedelta(seconds=9))]
        )
        with pytest.raises(IllegalTransition):
            await answer_alarm(database, a_principal(id="other"), alarm.alarm_id, version=None, **arguments)


class TestEscalation:
    async def test_two_schedulers_move_an_alarm_once_and_tell_each_person_once(
        self, database: Database, clock: SettableClock
    ) -> None:
        await an_alarm(database)
        lead = await somebody(database, "lead", Role.SHIFT_LEAD, operator=OperatorId("op-a"))
        await somebody(database, "foreign", Role.SHIFT_LEAD, operator=OperatorId("op-b"))
        officer = await somebody(database, "officer", Role.DUTY_OFFICER)
        clock.set(AT + timedelta(seconds=61))
        watches = [a_watch(database, clock) for _ in range(2)]
        moved = await asyncio.gather(*(watch.escalate_once() for watch in watches))
        assert sorted(moved) == [0, 1]
        assert (await the_alarm(database)).level is AlarmLevel.SHIFT_LEAD
        assert await told(database) == [(lead, "shift_lead")]
        assert await watches[0].escalate_once() == 0
        clock.set(AT + timedelta(seconds=181))
        assert await watches[1].escalate_once() == 1
        assert await told(database) == sorted([(lead, "shift_lead"), (officer, "duty_officer")])

    async def test_an_acknowledged_alarm_is_not_moved(self, database: Database, clock: SettableClock) -> None:
        alarm = await an_alarm(database)
        await answer_alarm(
            database,
            a_principal(),
            alarm.alarm_id,
            given=AlarmAnswer.STOPPED,
            comment="",
            version=None,
            at=AT,
        )
        clock.set(AT + timedelta(hours=1))
        assert await a_watch(database, clock).escalate_once() == 0

    async def test_a_takeover_request_that_nobody_answers_is_critical_until_somebody_drives(
        self, database: Database, clock: SettableClock
    ) -> None:
        await an_alarm(database, AlarmKind.TAKEOVER_REQUESTED)
        clock.set(AT + timedelta(seconds=31))
        waiting = a_watch(database, clock, heard(1, control_mode=ControlMode.MINIMAL_RISK))
        assert await waiting.follow_takeovers() == 1
        assert await waiting.follow_takeovers() == 0
        assert (await the_alarm(database, AlarmKind.TAKEOVER_UNANSWERED)).severity is Severity.CRITICAL
        clock.set(AT + timedelta(seconds=60))
        driven = heard(1, control_mode=ControlMode.REMOTE_DRIVE, measured_at=AT + timedelta(seconds=55))
        assert await a_watch(database, clock, driven).follow_takeovers() == 2
        assert (await the_alarm(database, AlarmKind.TAKEOVER_REQUESTED)).state is AlarmState.CLEARED


class TestTelling:
    async def wanted(self, database: Database, clock: SettableClock) -> None:
        await an_alarm(database)
        await somebody(database, "lead", Role.SHIFT_LEAD)
        clock.set(AT + timedelta(seconds=61))
        await a_watch(database, clock).escalate_once()

    async def test_a_notice_is_asked_for_with_the_fact_and_sent_once(
        self, database: Database, clock: SettableClock
    ) -> None:
        await self.wanted(database, clock)
        async with database.read() as tx:
            rows = await tx.execute(
                select(func.count()).select_from(outbox).where(outbox.c.topic == "staff-notice.wanted")
            )
        assert rows.scalar_one() == 1
        pager = Pager()
        senders = [StaffNoticeSender(database, clock, pager) for _ in range(2)]
        counts = await asyncio.gather(*(sender.send_due() for sender in senders))
        assert sum(count["sent"] for count in counts) == 1
        [notice] = pager.told
        assert notice.reason == "shift_lead"
        assert "碰撞" in notice.zh
        assert "Collision" in notice.en
        assert await senders[0].send_due() == {"sent": 0, "refused": 0}

    async def test_a_provider_that_is_away_is_asked_again_later_and_not_for_ever(
        self, database: Database, clock: SettableClock
    ) -> None:
        await self.wanted(database, clock)
        pager = Pager()
        pager.is_away = True
        sender = StaffNoticeSender(database, clock, pager)
        assert await sender.send_due() == {"sent": 0, "refused": 1}
        assert await sender.send_due() == {"sent": 0, "refused": 0}, "not before its time"
        clock.advance(16)
        pager.is_away = False
        assert await sender.send_due() == {"sent": 1, "refused": 0}
        async with database.write() as tx:
            await tx.execute(update(staff_notices).values(due_at=clock.wall(), tries=TRIES_MOST - 1))
        pager.is_away = True
        assert await sender.send_due() == {"sent": 0, "refused": 1}
        clock.advance(100_000)
        assert await sender.send_due() == {"sent": 0, "refused": 0}, "given up"

    async def test_a_notice_whose_sender_died_before_marking_is_sent_again_with_its_id(
        self, database: Database, clock: SettableClock
    ) -> None:
        await self.wanted(database, clock)

        class Dies(Pager):
            async def send(self, notice: StaffNotice) -> None:
                await super().send(notice)
                raise asyncio.CancelledError

        dying, pager = Dies(), Pager()
        with pytest.raises(asyncio.CancelledError):
            await StaffNoticeSender(database, clock, dying).send_due()
        assert await StaffNoticeSender(database, clock, pager).send_due() == {"sent": 0, "refused": 0}
        clock.advance(61)
        assert await StaffNoticeSender(database, clock, pager).send_due() == {"sent": 1, "refused": 0}
        assert pager.told == dying.told
