"""A deadline that passes is an alarm, goes higher, is told to who must act, and is cleared by the step."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.auth.configured import secret_keys
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.auth.staff_notices import staff_notices
from core.clock import Clock
from core.database import Database
from core.ids import VehicleNo
from core.privacy.encrypted import install_keys
from core.settings import load
from core.settings.tree import AlarmSettings, JudgingSettings
from fleet.alarms.alarm import Alarm
from fleet.alarms.escalation import patience_of
from fleet.alarms.kinds import AlarmKind, AlarmLevel
from fleet.alarms.store import AlarmStore
from fleet.alarms.watch_alarms import AlarmWatch
from fleet.incidents.incident import Incident, seal
from fleet.incidents.kinds import IncidentEvent, IncidentState, IncidentType
from fleet.incidents.move_incident import Move, move_incident
from fleet.incidents.open_incidents import NewIncident, report_incident
from fleet.incidents.rules import rules_of
from fleet.incidents.store import IncidentStore
from fleet.incidents.watch_incidents import IncidentWatch
from tests.conftest import SettableClock
from tests.integration.fleet.alarms.test_acting import Heard, somebody
from tests.integration.fleet.builders import AT, a_principal, working_vehicles

RULES = rules_of(JudgingSettings())
AGENT = a_principal(Role.AGENCY)
TRIAGE, REFER = timedelta(minutes=30), timedelta(days=3)


async def an_incident(database: Database) -> Incident:
    await working_vehicles(database, 1)
    new = NewIncident(
        vehicle_no=VehicleNo(1), type=IncidentType.NEAR_MISS, happened_at=AT, description="险些相撞"
    )
    return await report_incident(database, AGENT, new, RULES, at=AT)


async def overdue_alarms(database: Database) -> list[Alarm]:
    async with database.read() as tx:
        found = await AlarmStore(tx).page(EVERYTHING)
    return [alarm for alarm in found if alarm.kind is AlarmKind.INCIDENT_OVERDUE]


async def sealed_and_triaged(database: Database, incident: Incident, clock: Clock) -> Incident:
    async with database.write() as tx:
        now = await IncidentStore(tx).get(incident.incident_id, EVERYTHING)
        await IncidentStore(tx).save(now, seal(now, 1, deadlines=RULES.deadlines, at=clock.now()))
    move = Move(event=IncidentEvent.TRIAGED, reason="已核实")
    return await move_incident(database, AGENT, incident.incident_id, move, RULES, at=clock.now())


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path) -> None:
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})
    install_keys(secret_keys(settings.security))


@pytest.fixture
def watch(database: Database, clock: SettableClock) -> IncidentWatch:
    return IncidentWatch(database, clock)


async def test_an_incident_is_an_alarm_from_its_deadline_on_once_until_the_step_is_taken(
    database: Database, clock: SettableClock, watch: IncidentWatch
) -> None:
    incident = await an_incident(database)
    clock.set(AT + TRIAGE - timedelta(seconds=1))
    assert await watch.look_once() == 0
    clock.set(AT + TRIAGE)
    assert [await watch.look_once() for _ in range(3)] == [1, 0, 0]
    [alarm] = await overdue_alarms(database)
    assert (alarm.raised_at, alarm.details["incident_id"], alarm.details["state"]) == (
        AT + TRIAGE,
        incident.incident_id,
        "reported",
    )
    clock.advance(60)
    await sealed_and_triaged(database, incident, clock)
    assert [await watch.look_once() for _ in range(2)] == [1, 0]
    [alarm] = await overdue_alarms(database)
    assert alarm.cleared_at == clock.now()


async def test_nobody_who_acknowledges_sends_it_to_the_duty_officer(
    database: Database, clock: SettableClock, watch: IncidentWatch
) -> None:
    await an_incident(database)
    officer = await somebody(database, "officer", Role.DUTY_OFFICER)
    clock.set(AT + TRIAGE)
    await watch.look_once()
    clock.advance(900)
    patience = patience_of(AlarmSettings())
    alarms = AlarmWatch(database, clock, Heard(), patience, unanswered_after=timedelta(seconds=30))
    await alarms.escalate_once()
    [alarm] = await overdue_alarms(database)
    assert alarm.level is AlarmLevel.DUTY_OFFICER
    async with database.read() as tx:
        told = (await tx.execute(select(staff_notices.c.staff_id, staff_notices.c.subject))).all()
    assert [tuple(row) for row in told] == [(officer, f"alarm:{alarm.alarm_id}")]


async def test_each_deadline_is_an_alarm_of_its_own_and_the_agency_is_told_of_its_steps(
    database: Database, clock: SettableClock, watch: IncidentWatch
) -> None:
    incident = await an_incident(database)
    agent = await somebody(database, "agent", Role.AGENCY)
    await somebody(database, "lead", Role.SHIFT_LEAD)
    clock.set(AT + TRIAGE)
    await watch.look_once()
    triaged = await sealed_and_triaged(database, incident, clock)
    assert triaged.state is IncidentState.EVIDENCE_SEALED
    clock.advance(REFER.total_seconds())
    assert await watch.look_once() == 2, "the first is cleared, the second is raised"
    assert [await watch.look_once() for _ in range(2)] == [0, 0]
    assert sorted(str(alarm.details["state"]) for alarm in await overdue_alarms(database)) == [
        "evidence_sealed",
        "reported",
    ]
    async with database.read() as tx:
        told = (await tx.execute(select(staff_notices.c.staff_id, staff_notices.c.subject))).all()
    assert [tuple(row) for row in told] == [(agent, f"incident:{incident.incident_id}")]
