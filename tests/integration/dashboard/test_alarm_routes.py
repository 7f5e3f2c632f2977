"""Alarms over HTTP: read, acknowledged by name, commented."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.auth.roles import Role
from core.database import Database
from core.ids import VehicleNo
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind
from tests.integration.dashboard.conftest import Somebody
from tests.integration.fleet.builders import AT

type Add = Callable[..., Any]


@pytest.fixture
async def alarm_id(somebody: Somebody, add_vehicles: Add, sqlite_database: Database) -> str:
    """An overspeed of vehicle 1."""
    await add_vehicles(1)
    await AlarmSink(sqlite_database).put(
        [
            AlarmRaised(
                vehicle_no=VehicleNo(1),
                kind=AlarmKind.OVERSPEED,
                at=AT,
                details={"speedMps": 5.2, "limitMps": 4.2},
            )
        ]
    )
    found: str = (await somebody.get("/api/alarms")).json()["items"][0]["alarmId"]
    return found


async def test_an_alarm_shows_what_whose_and_since_when(somebody: Somebody, alarm_id: str) -> None:
    [alarm] = (await somebody.get("/api/alarms?state=open")).json()["items"]
    assert (alarm["kind"], alarm["severity"], alarm["state"]) == ("overspeed", "warning", "open")
    assert (alarm["vehicleNo"], alarm["code"]) == (1, "EDS-KB-D-0001-O")
    assert alarm["details"] == {"speedMps": 5.2, "limitMps": 4.2}
    assert alarm["raisedAt"] == "2026-07-01T02:00:00Z"
    assert (alarm["acknowledgedAt"], alarm["clearedAt"]) == (None, None)


async def test_an_alarm_is_acknowledged_once_and_leaves_when_its_cause_does(
    somebody: Somebody, alarm_id: str, sqlite_database: Database
) -> None:
    path = f"/api/alarms/{alarm_id}/acknowledge"
    done = await somebody.post(path, {"comment": "已联系现场", "version": 1})
    assert done.status_code == 200
    assert (done.json()["state"], done.json()["acknowledgedByName"]) == ("acknowledged", "dispatcher")
    assert [said["text"] for said in done.json()["comments"]] == ["已联系现场"]
    assert (await somebody.post(path, {"comment": ""})).status_code == 200
    other = await somebody.post(path, {"comment": "我也看到"}, Role.SHIFT_LEAD)
    assert (other.status_code, other.json()["code"]) == (409, "illegal-transition")
    old = await somebody.post(path, {"comment": "x", "version": 1}, Role.SHIFT_LEAD)
    assert (old.status_code, old.json()["code"]) == (412, "version-mismatch")
    cleared = AlarmCleared(vehicle_no=VehicleNo(1), kind=AlarmKind.OVERSPEED, at=AT + timedelta(seconds=9))
    await AlarmSink(sqlite_database).put([cleared])
    assert (await somebody.get("/api/alarms?state=open")).json()["items"] == []
    [closed] = (await somebody.get("/api/alarms?state=all&vehicleNo=1")).json()["items"]
    assert closed["state"] == "closed"


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.AGENCY, 403), (Role.SUPERVISOR, 403), ("foreign dispatcher", 404), (None, 401)],
)
async def test_an_alarm_is_touched_only_by_whose_it_is(
    somebody: Somebody, alarm_id: str, role: Role | str | None, status: int
) -> None:
    bodies = {"acknowledge": {}, "comments": {"comment": "x"}, "assign": {}, "answers": {"answer": "stopped"}}
    for verb, body in bodies.items():
        answer = await somebody.post(f"/api/alarms/{alarm_id}/{verb}", body, role)
        assert answer.status_code == status
    foreign = await somebody.get("/api/alarms", "foreign dispatcher")
    assert foreign.json()["items"] == []


async def test_a_comment_has_words_and_changes_no_flag(somebody: Somebody, alarm_id: str) -> None:
    path = f"/api/alarms/{alarm_id}/comments"
    assert (await somebody.post(path, {"comment": ""})).status_code == 400
    said = await somebody.post(path, {"comment": "交警已到"})
    assert (said.status_code, said.json()["state"]) == (200, "open")


async def test_alarms_are_paged_and_their_state_is_one_of_four(
    somebody: Somebody, alarm_id: str, sqlite_database: Database
) -> None:
    for number, kind in enumerate((AlarmKind.STUCK, AlarmKind.COLLISION), start=1):
        at = AT + timedelta(seconds=number)
        await AlarmSink(sqlite_database).put([AlarmRaised(vehicle_no=VehicleNo(1), kind=kind, at=at)])
    first = (await somebody.get("/api/alarms?limit=2")).json()
    rest = (await somebody.get(f"/api/alarms?limit=2&cursor={first['nextCursor']}")).json()
    assert [a["kind"] for a in first["items"] + rest["items"]] == ["collision", "stuck", "overspeed"]
    assert (await somebody.get("/api/alarms?state=old")).status_code == 400


async def test_an_alarm_is_given_to_a_colleague_and_answered(somebody: Somebody, alarm_id: str) -> None:
    people = (await somebody.get(f"/api/alarms/{alarm_id}/people")).json()["items"]
    assert {person["role"] for person in people} == {
        "dispatcher",
        "shift_lead",
        "remote_operator",
        "duty_officer",
    }
    lead = next(person["staffId"] for person in people if person["role"] == "shift_lead")
    given = await somebody.post(f"/api/alarms/{alarm_id}/assign", {"assignee": lead, "version": 1})
    assert (given.status_code, given.json()["assigneeName"]) == (200, "shift_lead")
    stale = await somebody.post(f"/api/alarms/{alarm_id}/assign", {"version": 1})
    assert (stale.status_code, stale.json()["code"]) == (412, "version-mismatch")
    wrong = await somebody.post(f"/api/alarms/{alarm_id}/assign", {"assignee": "nobody"})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["fields"]["field"]) == (
        400,
        "invalid-input",
        "assignee",
    )
    shown = (await somebody.get("/api/alarms")).json()["items"][0]
    assert (shown["level"], shown["assignee"]) == ("owner", lead)
    assert "watching" in shown["answers"]
    path = f"/api/alarms/{alarm_id}/answers"
    assert (await somebody.post(path, {"answer": "watching"})).json()["state"] == "open"
    done = await somebody.post(path, {"answer": "stopped", "comment": "已下发"}, Role.SHIFT_LEAD)
    assert done.json()["state"] == "acknowledged"
    assert [said["answer"] for said in done.json()["comments"]] == ["watching", "stopped"]
    foreign = await somebody.post(path, {"answer": "goods_out"})
    assert (foreign.status_code, foreign.json()["fields"]["field"]) == (400, "answer")


async def test_every_kind_says_what_to_do_in_both_languages(somebody: Somebody) -> None:
    kinds = (await somebody.get("/api/alarms/kinds", Role.SUPERVISOR)).json()["items"]
    assert {kind["kind"] for kind in kinds} == {kind.value for kind in AlarmKind}
    collision = next(kind for kind in kinds if kind["kind"] == "collision")
    assert (collision["severity"], collision["zh"], collision["en"]) == ("critical", "碰撞", "Collision")
    assert collision["actionZh"]
    assert "rescue_called" in collision["answers"]
