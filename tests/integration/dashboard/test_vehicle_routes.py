"""The list and the drawer of vehicles, as staff of two operators see them."""

from collections.abc import Callable
from typing import Any

import pytest

from core.auth.roles import Role
from core.database import Database
from core.ids import VehicleNo
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind
from fleet.vehicles.kinds import Condition, Connection
from tests.integration.access.people import HOME
from tests.integration.dashboard.conftest import Said, Somebody
from tests.integration.fleet.builders import AT

type Add = Callable[..., Any]


async def test_a_list_shows_what_each_vehicle_is_and_does(
    somebody: Somebody, add_vehicles: Add, said: Said, on_duty: None, sqlite_database: Database
) -> None:
    await add_vehicles(1, 2)
    said.hear(1, condition=Condition.DRIVING, battery_ratio=0.55)
    raised = AlarmRaised(vehicle_no=VehicleNo(1), kind=AlarmKind.COLLISION, at=AT)
    await AlarmSink(sqlite_database).put([raised])
    answer = await somebody.get("/api/vehicles")
    assert answer.status_code == 200
    driving, silent = answer.json()["items"]
    assert answer.json()["nextCursor"] is None
    assert driving == {
        "vehicleNo": 1,
        "code": "EDS-KB-D-0001-O",
        "service": "delivery",
        "district": "KB",
        "operator": HOME.operator,
        "lifecycle": "in_service",
        "duty": "idle",
        "condition": "driving",
        "connection": "online",
        "controlMode": "autonomous",
        "batteryRatio": 0.55,
        "isHeldByStop": False,
        "isDemo": False,
        "isDispatchable": True,
        "worstAlarm": "critical",
        "silence": "none",
        "job": None,
    }
    assert (silent["condition"], silent["controlMode"], silent["isDispatchable"]) == ("offline", None, False)


async def test_a_list_is_narrowed_by_filters_and_paged(
    somebody: Somebody, add_vehicles: Add, said: Said
) -> None:
    await add_vehicles(1, 2, 3, 4, 5)
    for number in (2, 3, 5):
        said.hear(number, condition=Condition.DRIVING)
    driving = await somebody.get("/api/vehicles?condition=driving&limit=2")
    assert [item["vehicleNo"] for item in driving.json()["items"]] == [2, 3]
    cursor = driving.json()["nextCursor"]
    rest = await somebody.get(f"/api/vehicles?condition=driving&limit=2&cursor={cursor}")
    assert [item["vehicleNo"] for item in rest.json()["items"]] == [5]
    assert rest.json()["nextCursor"] is None
    either = await somebody.get("/api/vehicles?condition=driving&condition=offline")
    assert len(either.json()["items"]) == 5
    found = await somebody.get("/api/vehicles?q=d-0004&service=delivery&district=KB&lifecycle=in_service")
    assert [item["vehicleNo"] for item in found.json()["items"]] == [4]
    assert (await somebody.get("/api/vehicles?service=vending")).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cursor=%21%21", "cursor-invalid"),
        ("cursor=WyJhIl0", "cursor-invalid"),
        ("limit=0", "invalid-input"),
        ("limit=501", "invalid-input"),
        ("service=taxi", "invalid-input"),
        ("condition=red", "invalid-input"),
        (f"q={'x' * 41}", "invalid-input"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused_by_name(
    somebody: Somebody, query: str, code: str
) -> None:
    answer = await somebody.get(f"/api/vehicles?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_the_drawer_shows_papers_state_and_every_reason_why_not(
    somebody: Somebody, add_vehicles: Add, said: Said
) -> None:
    await add_vehicles(1)
    said.hear(1, battery_ratio=0.1, connection=Connection.STALE, outside_c=-20)
    answer = await somebody.get("/api/vehicles/1")
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["notDispatchable"] == ["not_online", "battery_too_low", "no_operator_free"]
    assert shown["reasons"][1] == {
        "code": "battery_too_low",
        "nameZh": "电量不足",
        "nameEn": "Battery too low",
        "value": "0.10",
        "needed": "0.15",
    }
    assert shown["permit"]["number"] == "P-1"
    assert shown["permit"]["isValid"] is True
    assert shown["insurance"]["liabilityFen"] == 500_000_000
    assert (shown["mdsState"], shown["codeStatus"], shown["fenceSetCurrent"]) == ("available", "issued", 1)
    assert shown["commandHindrances"]["pause"] == ["link_down", "no_task"]
    assert shown["commandHindrances"]["emergency_stop"] == []
    assert "assign_task" not in shown["commandHindrances"]
    assert shown["task"] is None


async def test_another_operators_vehicle_does_not_exist(somebody: Somebody, add_vehicles: Add) -> None:
    await add_vehicles(1)
    await add_vehicles(2, foreign=True)
    assert [v["vehicleNo"] for v in (await somebody.get("/api/vehicles")).json()["items"]] == [1]
    foreign = await somebody.get("/api/vehicles", "foreign dispatcher")
    assert [v["vehicleNo"] for v in foreign.json()["items"]] == [2]
    hidden = await somebody.get("/api/vehicles/1", "foreign dispatcher")
    missing = await somebody.get("/api/vehicles/99", "foreign dispatcher")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["code"] == missing.json()["code"] == "not-found"


@pytest.mark.parametrize("path", ["/api/vehicles", "/api/vehicles/1", "/api/alarms", "/api/city/summary"])
async def test_residents_merchants_and_strangers_see_no_fleet(somebody: Somebody, path: str) -> None:
    assert (await somebody.get(path, None)).status_code == 401
    assert (await somebody.get(path, Role.RESIDENT)).status_code == 403
    assert (await somebody.get(path, Role.MERCHANT)).status_code == 403


async def test_a_number_that_no_vehicle_can_have_is_not_found(somebody: Somebody) -> None:
    for number in (0, -1, 99_999_999_999_999_999_999):
        answer = await somebody.get(f"/api/vehicles/{number}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
