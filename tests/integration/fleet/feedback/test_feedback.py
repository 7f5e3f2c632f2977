"""What people on the street say: kept once, a person on it at once where it cannot wait, answered."""

from datetime import timedelta
from typing import Any

import pytest

from core.auth.principal import EVERYTHING, Principal
from core.auth.roles import Role
from core.auth.tokens import NewToken, new_token
from core.database import Database
from core.errors import Conflict, IllegalTransition, Invalid, NotFound, TooMany
from core.ids import OperatorId, StaffId
from core.privacy.cipher import SecretKeys
from core.privacy.encrypted import install_keys
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.kinds import AlarmKind, AlarmState
from fleet.alarms.store import AlarmStore
from fleet.feedback.answer_feedback import answer_feedback, look_into
from fleet.feedback.feedback import Feedback
from fleet.feedback.follow_alarm import follow_alarm
from fleet.feedback.kinds import FeedbackKind, FeedbackState
from fleet.feedback.store import FeedbackStore
from fleet.feedback.take_feedback import (
    MOST_UNANSWERED,
    PER_ADDRESS,
    Said,
    take_feedback,
)
from fleet.people.serve_duty import sign_in_operator
from fleet.takeovers.follow_alarm import TakeoverFollower
from fleet.takeovers.store import TakeoverStore
from fleet.takeovers.takeover import Takeover
from fleet.takeovers.work_takeover import claim
from fleet.vehicles.scan_code import find_vehicle
from fleet.vehicles.vehicle import Vehicle
from tests.integration.fleet.builders import AT, LAYOUT, a_principal, heard, working_vehicles

KEYS = SecretKeys(encryption_key="e" * 40, index_key="i" * 40)


@pytest.fixture(autouse=True)
def _installed() -> None:
    install_keys(KEYS)


LEAD = a_principal(Role.SHIFT_LEAD, id=StaffId("lead"), name="班长")


async def says(
    database: Database,
    vehicle: Vehicle,
    kind: FeedbackKind = FeedbackKind.BLOCKS_WAY,
    *,
    token: NewToken | None = None,
    address: str = "a",
    second: float = 0.0,
) -> Feedback:
    assert vehicle.code is not None
    async with database.write() as tx:
        record, found = await find_vehicle(tx, LAYOUT, vehicle.code.lower())
        return await take_feedback(
            tx,
            Said(kind=kind, words=" 堵在门口 "),
            record.code,
            found,
            heard(vehicle.vehicle_no),
            token=token or new_token("fb"),
            address_key=address,
            at=AT + timedelta(seconds=second),
            wall=AT,
        )


async def followed_up(database: Database, clock: Any) -> None:
    await AlarmFollowUp(database, clock, [TakeoverFollower(clock), follow_alarm]).work_once()


async def queue_of(database: Database) -> list[Takeover]:
    async with database.read() as tx:
        return await TakeoverStore(tx).queue(EVERYTHING)


async def read(database: Database, said: Feedback) -> Feedback:
    async with database.read() as tx:
        return await FeedbackStore(tx).get(said.feedback_id, EVERYTHING)


async def alarms_of(database: Database) -> dict[AlarmKind, AlarmState]:
    async with database.read() as tx:
        return {alarm.kind: alarm.state for alarm in await AlarmStore(tx).page(EVERYTHING)}


async def answered(
    database: Database,
    said: Feedback,
    by: Principal = LEAD,
    *,
    words: str = "已挪车",
    with_others: bool = True,
) -> list[Feedback]:
    async with database.write() as tx:
        return await answer_feedback(
            tx, by, said.feedback_id, "resolved", words, with_others=with_others, at=AT
        )


@pytest.mark.parametrize(
    ("kind", "alarm"),
    [
        (FeedbackKind.BLOCKS_WAY, AlarmKind.STREET_BLOCKED),
        (FeedbackKind.HELP, AlarmKind.STREET_HELP),
    ],
)
async def test_what_cannot_wait_is_at_the_head_of_the_queue_and_told_when_somebody_takes_it(
    database: Database, clock: Any, kind: FeedbackKind, alarm: AlarmKind
) -> None:
    graver, asked = await working_vehicles(database, 1, 2)
    await AlarmSink(database).put(
        [AlarmRaised(vehicle_no=graver.vehicle_no, kind=AlarmKind.NO_GO_ENTRY, at=AT - timedelta(minutes=5))]
    )
    said = await says(database, asked, kind)
    assert (said.words, said.lat, said.state) == ("堵在门口", 39.6, FeedbackState.RECEIVED)
    await followed_up(database, clock)
    first, second = await queue_of(database)
    assert (first.vehicle_no, first.cause, second.vehicle_no) == (asked.vehicle_no, alarm, graver.vehicle_no)
    operator = a_principal(Role.REMOTE_OPERATOR, id=StaffId("ann"), name="安")
    await sign_in_operator(database, operator, clock)
    async with database.write() as tx:
        await claim(tx, operator, first.takeover_id, clock)
    await followed_up(database, clock)
    looking = await read(database, said)
    assert (looking.state, looking.looked_into_by_name) == (FeedbackState.LOOKING, "安")
    assert (await alarms_of(database))[alarm] is AlarmState.ACKNOWLEDGED
    [done] = await answered(database, said)
    assert (done.state, done.outcome, done.answer) == (
        FeedbackState.ANSWERED,
        FeedbackState.RESOLVED,
        "已挪车",
    )
    assert (await alarms_of(database))[alarm] is AlarmState.CLOSED


async def test_it_joins_the_session_of_a_graver_alarm_and_brings_it_to_the_head(
    database: Database, clock: Any
) -> None:
    one, other = await working_vehicles(database, 1, 2)
    await AlarmSink(database).put(
        [
            AlarmRaised(vehicle_no=number, kind=AlarmKind.NO_GO_ENTRY, at=AT - timedelta(minutes=minutes))
            for number, minutes in ((one.vehicle_no, 1), (other.vehicle_no, 9))
        ]
    )
    await followed_up(database, clock)
    assert [each.vehicle_no for each in await queue_of(database)] == [2, 1]
    await says(database, one)
    await followed_up(database, clock)
    first, _ = await queue_of(database)
    assert (first.vehicle_no, first.cause, first.severity.value) == (1, AlarmKind.STREET_BLOCKED, "critical")


async def test_the_same_request_again_is_the_same_report_and_what_can_wait_raises_nothing(
    database: Database,
) -> None:
    [vehicle] = await working_vehicles(database, 1)
    token = new_token("fb")
    first = await says(database, vehicle, FeedbackKind.NOISE, token=token)
    again = await says(database, vehicle, FeedbackKind.NOISE, token=token, second=30)
    assert again == first
    assert await alarms_of(database) == {}
    async with database.read() as tx:
        assert await FeedbackStore(tx).count_unanswered(vehicle.vehicle_no) == 1


async def test_everybody_who_said_the_same_is_answered_at_once_and_the_alarm_ends_with_the_last(
    database: Database,
) -> None:
    [vehicle] = await working_vehicles(database, 1)
    first, second, third = [await says(database, vehicle, second=n) for n in range(3)]
    loud = await says(database, vehicle, FeedbackKind.NOISE)
    await answered(database, first, with_others=False)
    assert (await alarms_of(database))[AlarmKind.STREET_BLOCKED] is AlarmState.OPEN
    assert {one.feedback_id for one in await answered(database, second)} == {
        second.feedback_id,
        third.feedback_id,
    }
    assert (await alarms_of(database))[AlarmKind.STREET_BLOCKED] is AlarmState.CLEARED
    assert (await read(database, loud)).state is FeedbackState.RECEIVED
    with pytest.raises(IllegalTransition):
        await answered(database, first)


async def test_who_looks_into_it_has_taken_notice_of_the_alarm_and_another_operators_people_see_nothing(
    database: Database,
) -> None:
    [vehicle] = await working_vehicles(database, 1)
    said = await says(database, vehicle)
    foreign = a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-b"))
    with pytest.raises(NotFound):
        await answered(database, said, foreign)
    async with database.write() as tx:
        looking = await look_into(tx, LEAD, said.feedback_id, at=AT)
        assert await look_into(tx, LEAD, said.feedback_id, at=AT) == looking
    assert (await alarms_of(database))[AlarmKind.STREET_BLOCKED] is AlarmState.ACKNOWLEDGED
    with pytest.raises(Invalid) as without:
        await answered(database, said, words=" ")
    assert without.value.fields["field"] == "words"


async def test_a_network_and_a_vehicle_take_so_much_and_no_more(database: Database) -> None:
    one, other = await working_vehicles(database, 1, 2)
    for number in range(MOST_UNANSWERED):
        await says(database, one, FeedbackKind.OTHER, address=f"a{number}")
    with pytest.raises(Conflict) as full:
        await says(database, one, FeedbackKind.OTHER, address="another")
    assert full.value.code == "feedback-full"
    for _ in range(PER_ADDRESS.tries):
        said = await says(database, other, FeedbackKind.OTHER, address="script")
        await answered(database, said)
    with pytest.raises(TooMany):
        await says(database, other, FeedbackKind.OTHER, address="script")
    await says(database, other, FeedbackKind.OTHER, address="elsewhere")


async def test_a_code_that_is_on_no_vehicle_is_told_apart_from_one_that_is_none(database: Database) -> None:
    async with database.read() as tx:
        with pytest.raises(Invalid) as wrong:
            await find_vehicle(tx, LAYOUT, "hello")
        with pytest.raises(NotFound):
            await find_vehicle(tx, LAYOUT, "EDS-KB-D-0001-O")
    assert wrong.value.code == "vehicle-code-wrong"
