"""Incidents on both databases: opened by causes and people, held, moved on, with everything they need."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING, Principal
from core.auth.roles import Role
from core.clock import Clock, ms_of_moment
from core.database import Database
from core.errors import Conflict, Forbidden, IllegalTransition, Invalid, NotFound
from core.ids import OperatorId, StaffId, VehicleNo
from core.settings import JudgingSettings
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.kinds import AlarmKind
from fleet.commands.command import Command
from fleet.commands.expire_commands import CommandExpiry
from fleet.commands.kinds import CommandState
from fleet.commands.pending import SqlPendingCommands
from fleet.commands.queue_command import Wish, queue_command
from fleet.commands.store import CommandStore
from fleet.commands.take_answer import AnswerHandler
from fleet.history.holds.store import HoldStore
from fleet.incidents.hold_scene import hold_or_release
from fleet.incidents.incident import Incident
from fleet.incidents.kinds import IncidentEvent, IncidentState, IncidentType, Responsibility
from fleet.incidents.move_incident import Move, move_incident
from fleet.incidents.open_incidents import IncidentFollower, NewIncident, report_incident
from fleet.incidents.rules import rules_of
from fleet.incidents.store import IncidentStore
from fleet.incidents.take_recording import recording_ended
from fleet.links.wire.commands import CommandKind, PreserveRecording, Resume, Speak
from fleet.vehicles.store import VehicleStore
from tests.integration.fleet.builders import AT, a_principal, a_report, working_vehicles

RULES = rules_of(JudgingSettings())
AGENT = a_principal(Role.AGENCY, id=StaffId("agent"), name="交警甲")
ENDINGS = {CommandKind.PRESERVE_RECORDING: recording_ended}


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


async def cause(
    database: Database, clock: Clock, kind: AlarmKind, *, second: float = 0, number: int = 1
) -> None:
    signal = AlarmRaised(vehicle_no=VehicleNo(number), kind=kind, at=later(second), lat=39.6, lng=109.8)
    await AlarmSink(database).put([signal])
    await AlarmFollowUp(database, clock, [IncidentFollower(RULES)]).work_once()


async def all_of(database: Database) -> list[Incident]:
    async with database.read() as tx:
        return await IncidentStore(tx).page(EVERYTHING)


async def commands_of(database: Database, number: int = 1) -> list[Command]:
    async with database.read() as tx:
        return await CommandStore(tx).of_vehicle(VehicleNo(number), EVERYTHING)


async def is_held(database: Database, number: int = 1) -> bool:
    async with database.read() as tx:
        return (await VehicleStore(tx).get(VehicleNo(number), EVERYTHING)).is_scene_held


async def give(database: Database, kind: CommandKind, body: Any, number: int = 1) -> Command:
    async with database.write() as tx:
        wish = Wish(vehicle_no=VehicleNo(number), kind=kind, body=body)
        return await queue_command(tx, wish, at=AT, rate=1.0)


def a_report_of(**changes: Any) -> NewIncident:
    values: dict[str, Any] = {
        "vehicle_no": VehicleNo(1),
        "type": IncidentType.CRASH,
        "happened_at": AT - timedelta(days=1),
        "description": "昨天在路口刮擦",
    }
    return NewIncident(**{**values, **changes})


def move(event: IncidentEvent, **changes: Any) -> Move:
    return Move(event=event, reason="核实", **changes)


async def taken_on(database: Database, incident: Incident, who: Principal, **changes: Any) -> Incident:
    return await move_incident(database, who, incident.incident_id, move(**changes), RULES, at=later(60))


@pytest.mark.parametrize(
    ("alarm", "kind", "held"),
    [
        (AlarmKind.COLLISION, IncidentType.CRASH, True),
        (AlarmKind.TIPPED_OVER, IncidentType.TIP_OVER, True),
        (AlarmKind.BATTERY_THERMAL, IncidentType.X_BATTERY_THERMAL, True),
        (AlarmKind.DOOR_FORCED, IncidentType.X_DOOR_FORCED, False),
        (AlarmKind.EMERGENCY_STOP, IncidentType.UNPLANNED_STOP, False),
    ],
)
async def test_a_grave_cause_opens_an_incident_with_all_that_it_needs(
    database: Database, clock: Clock, alarm: AlarmKind, kind: IncidentType, held: bool
) -> None:
    await working_vehicles(database, 1)
    await cause(database, clock, alarm)
    [incident] = await all_of(database)
    assert (incident.type, incident.state, incident.happened_at) == (kind, IncidentState.REPORTED, AT)
    assert (incident.window_from, incident.window_to) == (later(-90), later(30))
    assert (incident.is_scene_held, await is_held(database)) == (held, held)
    [command] = await commands_of(database)
    body = msgspec.json.decode(command.body, type=PreserveRecording)
    assert (body.from_ms, body.to_ms) == (ms_of_moment(later(-90)), ms_of_moment(later(30)))
    assert (command.kind, incident.recording_command) == (
        CommandKind.PRESERVE_RECORDING,
        command.command_id,
    )
    async with database.read() as tx:
        [hold] = await HoldStore(tx).standing(AT + timedelta(days=300))
    assert (hold.vehicle_no, hold.from_at, hold.to_at) == (1, later(-90), later(30))


async def test_several_causes_of_one_event_are_one_incident(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1, 2)
    await cause(database, clock, AlarmKind.EMERGENCY_STOP)
    await cause(database, clock, AlarmKind.COLLISION, second=10)
    await cause(database, clock, AlarmKind.TIPPED_OVER, second=12)
    await cause(database, clock, AlarmKind.COLLISION, second=11, number=2)
    first, second = sorted(await all_of(database), key=lambda one: one.vehicle_no)
    assert (first.type, first.is_scene_held) == (IncidentType.CRASH, True)
    assert (first.window_from, first.window_to) == (later(-90), later(42))
    async with database.read() as tx:
        assert len(await IncidentStore(tx).causes_of(first.incident_id)) == 3
        holds = {hold.about: hold.to_at for hold in await HoldStore(tx).standing(AT)}
    assert holds[f"incident:{first.incident_id}"] == later(42)
    asked = [command for command in await commands_of(database) if command.state is CommandState.QUEUED]
    assert len(asked) == 3, "the vehicle is told of the wider window"
    assert second.vehicle_no == 2


async def test_a_cause_that_comes_back_much_later_is_another_incident(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    await cause(database, clock, AlarmKind.DOOR_FORCED)
    cleared = AlarmCleared(vehicle_no=VehicleNo(1), kind=AlarmKind.DOOR_FORCED, at=later(10))
    await AlarmSink(database).put([cleared])
    await AlarmFollowUp(database, clock, [IncidentFollower(RULES)]).work_once()
    assert len(await all_of(database)) == 1
    await cause(database, clock, AlarmKind.DOOR_FORCED, second=600)
    assert len(await all_of(database)) == 2


async def test_a_person_reports_what_happened_yesterday(database: Database) -> None:
    await working_vehicles(database, 1)
    lead = a_principal(Role.SHIFT_LEAD)
    opened = await report_incident(database, lead, a_report_of(hold_scene=True), RULES, at=AT)
    yesterday = AT - timedelta(days=1)
    assert (opened.window_from, opened.window_to) == (
        yesterday - timedelta(seconds=90),
        yesterday + timedelta(seconds=30),
    )
    assert (opened.opened_by_name, opened.discovered_at, opened.is_scene_held) == ("调度员一", AT, True)
    assert opened.due_at == AT + timedelta(minutes=30)
    async with database.read() as tx:
        query = select(audit_entries).where(audit_entries.c.action == "incident.opened")
        [entry] = (await tx.execute(query)).all()
    assert entry.reason == "昨天在路口刮擦"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"description": " "}, "description"),
        ({"happened_at": AT + timedelta(seconds=1)}, "happenedAt"),
        ({"happened_at": AT - timedelta(days=400)}, "happenedAt"),
    ],
)
async def test_a_report_that_makes_no_sense_is_refused_by_name(
    database: Database, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await report_incident(database, AGENT, a_report_of(**changes), RULES, at=AT)
    assert refused.value.fields["field"] == field


async def test_nobody_reports_about_a_vehicle_that_he_does_not_reach(database: Database) -> None:
    await working_vehicles(database, 1)
    foreign = a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-b"))
    with pytest.raises(NotFound):
        await report_incident(database, foreign, a_report_of(), RULES, at=AT)
    assert await all_of(database) == []


async def test_a_held_vehicle_is_sent_nothing_that_could_change_the_scene(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    before = await give(database, CommandKind.RESUME, Resume())
    await cause(database, clock, AlarmKind.COLLISION)
    with pytest.raises(Conflict) as refused:
        await give(database, CommandKind.RESUME, Resume())
    assert refused.value.fields["reasons"] == ["scene_hold"]
    await give(database, CommandKind.SPEAK, Speak(text_zh="请勿靠近"))
    sent = {wire.kind for wire in await SqlPendingCommands(database, clock).pending([1])}
    assert sent == {CommandKind.SPEAK, CommandKind.PRESERVE_RECORDING}
    await CommandExpiry(database, clock, endings=ENDINGS).expire_once()
    ended = {c.command_id: c for c in await commands_of(database)}[before.command_id]
    assert (ended.state, ended.detail) == (CommandState.EXPIRED, "scene-hold")


async def test_the_agency_alone_releases_and_the_last_hold_frees_the_vehicle(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    await cause(database, clock, AlarmKind.COLLISION)
    await report_incident(database, AGENT, a_report_of(hold_scene=True), RULES, at=AT)
    incidents = await all_of(database)

    async def release(who: Principal, incident: Incident, reason: str = "勘查完毕") -> Incident:
        return await hold_or_release(
            database, who, incident.incident_id, held=False, reason=reason, at=later(99)
        )

    for role in (Role.SHIFT_LEAD, Role.DUTY_OFFICER, Role.SUPERVISOR):
        with pytest.raises(Forbidden):
            await release(a_principal(role), incidents[0])
    with pytest.raises(Invalid):
        await release(AGENT, incidents[0], " ")
    await release(AGENT, incidents[0])
    assert await is_held(database), "another incident holds it"
    done = await release(AGENT, incidents[1])
    assert not await is_held(database)
    assert await release(AGENT, incidents[1]) == done


async def test_an_incident_is_moved_on_by_those_who_may(database: Database, clock: Clock) -> None:
    await working_vehicles(database, 1)
    await cause(database, clock, AlarmKind.COLLISION)
    [incident] = await all_of(database)
    lead = a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-a"))
    triaged = await taken_on(
        database, incident, lead, event=IncidentEvent.TRIAGED, type=IncidentType.NEAR_MISS
    )
    assert (triaged.state, triaged.type) == (IncidentState.TRIAGED, IncidentType.NEAR_MISS)
    with pytest.raises(IllegalTransition):
        await taken_on(database, incident, AGENT, event=IncidentEvent.REFERRED)
    with pytest.raises(Forbidden):
        await taken_on(database, incident, lead, event=IncidentEvent.REFERRED)
    party = msgspec.structs.replace(AGENT, operator=OperatorId("op-a"))
    with pytest.raises(Forbidden):
        await taken_on(database, incident, party, event=IncidentEvent.REFERRED)


async def test_responsibility_is_named_and_a_held_scene_is_not_closed(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    await cause(database, clock, AlarmKind.COLLISION)
    [incident] = await all_of(database)
    async with database.write() as tx:
        sealed = msgspec.structs.replace(incident, evidence_edition=1, version=incident.version + 1)
        await IncidentStore(tx).save(incident, sealed)
    await taken_on(database, incident, AGENT, event=IncidentEvent.TRIAGED)
    await taken_on(database, incident, AGENT, event=IncidentEvent.REFERRED)
    with pytest.raises(Invalid) as refused:
        await taken_on(database, incident, AGENT, event=IncidentEvent.DETERMINED)
    assert refused.value.fields["field"] == "responsibility"
    done = await taken_on(
        database,
        incident,
        AGENT,
        event=IncidentEvent.DETERMINED,
        responsibility=Responsibility.OTHER_PARTY,
    )
    assert (done.responsibility, done.is_preliminary) == (Responsibility.OTHER_PARTY, False)
    with pytest.raises(Conflict):
        await taken_on(database, incident, AGENT, event=IncidentEvent.CLOSED)
    await hold_or_release(database, AGENT, incident.incident_id, held=False, reason="好", at=later(70))
    assert (
        await taken_on(database, incident, AGENT, event=IncidentEvent.CLOSED)
    ).state is IncidentState.CLOSED
    again = await taken_on(database, incident, AGENT, event=IncidentEvent.REOPENED)
    assert (again.responsibility, again.evidence_wanted) == (None, 2)


async def test_a_vehicle_out_of_reach_is_told_again_about_its_recordings(
    database: Database, clock: Any
) -> None:
    await working_vehicles(database, 1)
    await cause(database, clock, AlarmKind.COLLISION)
    clock.advance(3601)
    await CommandExpiry(database, clock, endings=ENDINGS).expire_once()
    newest, oldest = await commands_of(database)
    assert (oldest.state, newest.state) == (CommandState.EXPIRED, CommandState.QUEUED)
    [incident] = await all_of(database)
    assert incident.recording_command == newest.command_id


async def test_an_answer_after_the_sealing_makes_one_more_edition_owed(
    database: Database, clock: Clock
) -> None:
    await working_vehicles(database, 1)
    await cause(database, clock, AlarmKind.COLLISION)
    [incident] = await all_of(database)
    answer = AnswerHandler(ENDINGS)
    result = {"commandId": incident.recording_command, "result": "succeeded", "detail": "120 s kept"}
    async with database.write() as tx:
        sealed = msgspec.structs.replace(incident, evidence_edition=1, version=incident.version + 1)
        await IncidentStore(tx).save(incident, sealed)
    async with database.write() as tx:
        assert await answer(tx, a_report(1, "command_result", result), at=later(99)) == "applied"
    [asked] = await all_of(database)
    assert (asked.evidence_wanted, asked.steps[-1].reason) == (2, "the vehicle answered")
