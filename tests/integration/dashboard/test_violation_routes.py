"""Violations over HTTP: read, counted, judged, appealed."""

from collections.abc import Callable
from typing import Any

import pytest

from core.auth.roles import Role
from core.database import Database
from core.ids import VehicleNo
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.kinds import AlarmKind
from fleet.violations.open_violations import follow_alarm
from tests.integration.dashboard.conftest import Somebody
from tests.integration.fleet.builders import AT

type Add = Callable[..., Any]


@pytest.fixture
async def violation_id(somebody: Somebody, add_vehicles: Add, sqlite_database: Database, clock: Any) -> str:
    """An overspeed of vehicle 1."""
    await add_vehicles(1)
    signal = AlarmRaised(vehicle_no=VehicleNo(1), kind=AlarmKind.OVERSPEED, at=AT, details={"limit_mps": 4.2})
    await AlarmSink(sqlite_database).put([signal])
    await AlarmFollowUp(sqlite_database, clock, [follow_alarm]).work_once()
    found: str = (await somebody.get("/api/violations")).json()["items"][0]["violationId"]
    return found


async def test_a_violation_shows_its_interval_and_its_rule(somebody: Somebody, violation_id: str) -> None:
    found = (await somebody.get(f"/api/violations/{violation_id}", Role.SUPERVISOR)).json()
    assert (found["kind"], found["state"], found["code"]) == ("overspeed", "suspected", "EDS-KB-D-0001-O")
    assert (found["beganAt"], found["endedAt"]) == ("2026-07-01T02:00:00Z", None)
    assert (found["permitNo"], found["evidence"]) == ("P-1", {"limit_mps": 4.2})
    listed = (await somebody.get("/api/violations?state=confirmed")).json()
    assert listed == {"items": [], "nextCursor": None}


@pytest.mark.parametrize(
    ("span", "found"),
    [
        ("from=2026-07-01T02:00:00Z&to=2026-07-02T00:00:00Z", 1),
        ("from=2026-07-01T02:00:01Z", 0),
        ("to=2026-07-01T02:00:00Z", 0),
    ],
)
async def test_violations_of_a_span_are_those_that_began_in_it(
    somebody: Somebody, violation_id: str, span: str, found: int
) -> None:
    listed = (await somebody.get(f"/api/violations?{span}")).json()["items"]
    assert [one["violationId"] for one in listed] == [violation_id] * found


async def test_the_city_judges_and_the_operator_appeals(somebody: Somebody, violation_id: str) -> None:
    path = f"/api/violations/{violation_id}"
    judged = await somebody.post(f"{path}/judgements", {"step": "confirm", "reason": "属实"}, "city agent")
    assert (judged.status_code, judged.json()["state"]) == (200, "confirmed")
    early = await somebody.post(f"{path}/judgements", {"step": "close", "reason": "结"}, "city agent")
    assert (early.status_code, early.json()["code"]) == (409, "appeal-still-open")
    appealed = await somebody.post(f"{path}/appeals", {"reason": "限速有误", "version": 2}, Role.SHIFT_LEAD)
    assert (appealed.status_code, appealed.json()["state"]) == (200, "appealed")
    own = await somebody.post(f"{path}/decisions", {"step": "uphold", "reason": "维持"}, "city agent")
    assert (own.status_code, own.json()["code"]) == (403, "own-finding")
    done = await somebody.post(f"{path}/decisions", {"step": "uphold", "reason": "维持"}, "second city agent")
    assert (done.status_code, done.json()["finding"]) == (200, "upheld")
    counted = (
        await somebody.get("/api/violations/counts?by=district&to=2026-07-02T00:00:00Z", Role.AGENCY)
    ).json()
    assert counted["items"] == [{"key": "KB", "suspected": 0, "counted": 1, "cleared": 0}]


@pytest.mark.parametrize("name", ["from", "to"])
async def test_a_span_of_moments_without_a_zone_is_refused_by_name(somebody: Somebody, name: str) -> None:
    answer = await somebody.get(f"/api/violations/counts?{name}=2026-07-02T00:00:00", Role.AGENCY)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
    assert f'"{name}"' in answer.text


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.AGENCY, 403),
        (Role.SHIFT_LEAD, 403),
        (Role.SUPERVISOR, 403),
        ("foreign agency", 404),
        (None, 401),
    ],
)
async def test_nobody_else_judges_and_no_agency_of_the_operator_itself(
    somebody: Somebody, violation_id: str, role: Role | str | None, status: int
) -> None:
    path = f"/api/violations/{violation_id}/judgements"
    assert (await somebody.post(path, {"step": "confirm", "reason": "x"}, role)).status_code == status


async def test_a_step_needs_a_reason_and_a_known_word(somebody: Somebody, violation_id: str) -> None:
    path = f"/api/violations/{violation_id}/judgements"
    for body in ({"step": "confirm"}, {"step": "uphold", "reason": "x"}, {"step": "confirm", "reason": ""}):
        answer = await somebody.post(path, body, Role.AGENCY)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
