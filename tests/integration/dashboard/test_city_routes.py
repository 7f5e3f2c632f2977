"""The city over HTTP: numbers by reach, what pages need first, maps, scanned codes, people on duty."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar

from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.database import Database
from core.ids import OperatorId, VehicleCode, VehicleNo
from dashboard.parts import DashboardParts
from dashboard.topics.alarms import AlarmTopic
from dashboard.topics.commands import CommandTopic
from dashboard.topics.summary import SummaryTopic
from fleet.alarms.acknowledge_alarm import acknowledge_alarm
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind
from fleet.live.feeds import FactFeed
from fleet.vehicles.codes import CodeEvent
from fleet.vehicles.issue_code import draft_code, move_code
from fleet.vehicles.kinds import Condition
from fleet.vehicles.paper_store import Company, CompanyStore
from tests.integration.dashboard.conftest import Said, Somebody
from tests.integration.fleet.builders import AT, LAYOUT, a_principal, a_vehicle

type Add = Callable[..., Any]


async def test_a_page_learns_the_city_before_anybody_signs_in(somebody: Somebody) -> None:
    answer = await somebody.get("/api/config", None)
    assert answer.status_code == 200
    assert answer.json() == {
        "city": {"code": "EDS", "nameZh": "鄂尔多斯", "nameEn": "Ordos"},
        "isDemo": True,
        "isSynthetic": True,
        "attributionZh": "边界：天地图",
        "attributionEn": "Borders: Tianditu",
        "approvalNumber": "",
        "telephone": "0477-0000000",
        "cityTimeMs": 1_782_871_200_000,
        "rate": 1.0,
        "zone": "Asia/Shanghai",
        "towns": [
            {
                "code": "KB",
                "district": "KB",
                "nameZh": "康巴什",
                "nameEn": "Kangbashi",
                "bbox": [109.7, 39.5, 109.9, 39.7],
                "centre": [109.8, 39.6],
            }
        ],
    }


async def test_anybody_learns_which_companies_run_vehicles_here_and_where_to_pay_them(
    somebody: Somebody, sqlite_database: Database
) -> None:
    assert (await somebody.get("/api/operators", None)).json() == []
    async with sqlite_database.write() as tx:
        for code, name in (("op-b", "B"), ("op-a", "A")):
            company = Company(
                operator_id=OperatorId(code), name_zh=f"{name}公司", name_en=name, telephone="1"
            )
            await CompanyStore(tx).put_company(company)
    with_a_counter, without = (await somebody.get("/api/operators", None)).json()
    assert with_a_counter == {
        "code": "op-a",
        "nameZh": "A公司",
        "nameEn": "A",
        "telephone": "1",
        "servicePoints": [
            {
                "town": "KB",
                "nameZh": "甲服务点",
                "nameEn": "Counter A",
                "addressZh": "一号",
                "addressEn": "No. 1",
                "openHours": "09:00-18:00",
            }
        ],
    }
    assert (without["code"], without["servicePoints"]) == ("op-b", [])


async def test_maps_are_geojson_and_a_town_without_one_is_not_found(somebody: Somebody) -> None:
    districts = await somebody.get("/api/geo/districts", None)
    assert districts.headers["content-type"].startswith("application/geo+json")
    assert [f["properties"]["code"] for f in districts.json()["features"]] == ["KB", "ZG"]
    assert districts.json()["features"][0]["geometry"]["type"] == "Polygon"
    roads = await somebody.get("/api/geo/roads/KB", None)
    assert roads.json() == {"type": "FeatureCollection", "features": []}
    for path in ("/api/geo/roads/XX", "/api/geo/grounds/KB", "/api/geo/roads/..%2F..%2Fetc"):
        assert (await somebody.get(path, None)).status_code == 404
    assert (await somebody.get("/api/geo/fences", None)).status_code == 401
    assert (await somebody.get("/api/geo/fences")).json()["features"] == []


async def test_the_summary_counts_what_the_caller_may_see(
    somebody: Somebody, add_vehicles: Add, said: Said, sqlite_database: Database
) -> None:
    await add_vehicles(1, 2)
    await add_vehicles(3, foreign=True)
    said.hear(1, condition=Condition.DRIVING)
    said.hear(3, condition=Condition.CHARGING)
    await AlarmSink(sqlite_database).put(
        [
            AlarmRaised(vehicle_no=VehicleNo(1), kind=AlarmKind.COLLISION, at=AT),
            AlarmRaised(vehicle_no=VehicleNo(2), kind=AlarmKind.DATA_QUALITY, at=AT),
        ]
    )
    mine = (await somebody.get("/api/city/summary")).json()
    assert (mine["vehicles"], mine["online"], mine["driving"], mine["openAlarms"]) == (2, 1, 1, 1)
    assert mine["unacknowledgedAlarms"] == 1, "information calls nobody"
    assert mine["plan"] == [{"year": 2024, "planned": 20}, {"year": 2026, "planned": 200}]
    assert mine["byService"]["delivery"] == {"vehicles": 2, "planned": 20}
    [district] = mine["districts"]
    assert district["byCondition"] == {"offline": 1, "idle": 0, "driving": 1, "charging": 0, "alarm": 0}
    assert (district["openAlarms"], district["worstAlarm"], district["planned"]) == (1, "critical", 20)
    assert district["byService"]["delivery"] == {"vehicles": 2, "planned": 20}
    foreign = (await somebody.get("/api/city/summary", "foreign agency")).json()
    assert (foreign["vehicles"], foreign["openAlarms"], foreign["driving"]) == (1, 0, 0)
    assert (mine["ordersToday"], mine["onTimeRatio"], mine["kmToday"]) == (0, None, None)


async def test_a_scanned_code_says_who_runs_the_vehicle_and_nothing_more(
    somebody: Somebody, add_vehicles: Add, company: Company, said: Said
) -> None:
    await add_vehicles(1)
    said.hear(1)
    answer = await somebody.get("/api/codes/eds-kb-d-0001-o", None)
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["code"], shown["status"]["nameZh"]) == ("EDS-KB-D-0001-O", "已发")
    assert (shown["service"]["nameZh"], shown["operatorZh"], shown["telephone"]) == (
        "无人配送",
        "青城智行",
        "0477-1",
    )
    assert (shown["permit"]["isValid"], shown["insurance"]["isValid"]) == (True, True)
    assert shown["console"] is None
    assert "P-1" not in answer.text
    assert "serial" not in answer.text
    for role in ("foreign dispatcher", Role.RESIDENT):
        assert (await somebody.get("/api/codes/EDS-KB-D-0001-O", role)).json()["console"] is None
    own = (await somebody.get("/api/codes/EDS-KB-D-0001-O")).json()
    assert own["console"]["vehicleNo"] == 1
    assert (own["console"]["policyNumber"], own["console"]["controlMode"]) == ("I-1", "autonomous")


async def test_a_code_that_is_wrong_or_was_never_issued_says_so(
    somebody: Somebody, sqlite_database: Database
) -> None:
    async with sqlite_database.write() as tx:
        await a_vehicle(tx, 1)
        draft = await draft_code(tx, None, LAYOUT, VehicleNo(1), EVERYTHING, at=AT)
    assert (await somebody.get(f"/api/codes/{draft.code}", None)).status_code == 404
    wrong = await somebody.get("/api/codes/EDS-KB-D-0001-9", None)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "vehicle-code-wrong")
    assert (await somebody.get(f"/api/codes/{'x' * 65}", None)).status_code == 400


async def test_a_suspended_code_is_shown_as_suspended(
    somebody: Somebody, add_vehicles: Add, sqlite_database: Database
) -> None:
    await add_vehicles(1)
    async with sqlite_database.write() as tx:
        code = VehicleCode("EDS-KB-D-0001-O")
        await move_code(tx, None, code, CodeEvent.SUSPENDED, EVERYTHING, reason="检查", at=AT)
    assert (await somebody.get("/api/codes/EDS-KB-D-0001-O", None)).json()["status"]["value"] == "suspended"


async def test_a_remote_operator_signs_in_beats_and_signs_off(somebody: Somebody) -> None:
    path = "/api/remote-operators"
    early = await somebody.post(f"{path}/heartbeat", {}, Role.REMOTE_OPERATOR)
    assert (early.status_code, early.json()["code"]) == (409, "not-signed-in-for-duty")
    shift = await somebody.post(f"{path}/sign-in", {}, Role.REMOTE_OPERATOR)
    assert (shift.status_code, shift.json()["state"], shift.json()["capacity"]) == (200, "on_duty", 3)
    assert (shift.json()["heartbeatS"], shift.json()["lostAfterS"]) == (10, 30)
    assert (await somebody.get(f"{path}/me", Role.REMOTE_OPERATOR)).json() == shift.json()
    assert len((await somebody.get(path)).json()["items"]) == 1
    assert (await somebody.get(path, "foreign dispatcher")).json()["items"] == []
    assert (await somebody.post(f"{path}/sign-in", {})).status_code == 403
    assert (await somebody.post(f"{path}/sign-off", {}, Role.REMOTE_OPERATOR)).status_code == 204
    assert (await somebody.get(f"{path}/me", Role.REMOTE_OPERATOR)).status_code == 409


async def test_live_topics_give_the_items_of_their_gets_within_the_reach(
    somebody: Somebody, add_vehicles: Add, parts: DashboardParts, sqlite_database: Database
) -> None:
    await add_vehicles(1)
    await AlarmSink(sqlite_database).put([AlarmRaised(vehicle_no=VehicleNo(1), kind=AlarmKind.STUCK, at=AT)])
    command = (
        await somebody.post("/api/vehicles/1/commands", {"kind": "safe_stop", "reason": "x"}, key="k")
    ).json()
    alarms: FactFeed = AlarmTopic(sqlite_database)
    commands: FactFeed = CommandTopic(sqlite_database)
    summary: FactFeed = SummaryTopic(parts)
    [alarm] = await alarms.snapshot(EVERYTHING)
    assert (await alarms.read([alarm.alarm_id], EVERYTHING))[alarm.alarm_id] == alarm
    [sent] = await commands.snapshot(EVERYTHING)
    assert set(await commands.read([sent.command_id], EVERYTHING)) == {command["commandId"]}
    [numbers] = await summary.snapshot(EVERYTHING)
    assert numbers is (await summary.snapshot(EVERYTHING))[0], "screens of one reach share one reading"
    stranger = EVERYTHING.__class__(districts=frozenset())
    assert await alarms.snapshot(stranger) == []
    assert await commands.read([sent.command_id], stranger) == {}
    assert (await summary.read(["city"], stranger))["city"].vehicles == 0
    await acknowledge_alarm(sqlite_database, a_principal(), alarm.alarm_id, comment="", version=None, at=AT)
    await AlarmSink(sqlite_database).put([AlarmCleared(vehicle_no=VehicleNo(1), kind=AlarmKind.STUCK, at=AT)])
    assert await alarms.read([alarm.alarm_id], EVERYTHING) == {}, "a closed alarm leaves the screens"
    assert alarms.removed(alarm.alarm_id) == {"alarmId": alarm.alarm_id}


@pytest.mark.parametrize("schema", ["VehicleDetail", "CitySummary", "CommandView", "AlarmView", "CodeView"])
def test_the_openapi_document_names_every_answer(api: Litestar, schema: str) -> None:
    document = api.openapi_schema.to_schema()
    assert schema in document["components"]["schemas"]
    operations = [
        operation["operationId"]
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in {"get", "post"}
    ]
    assert len(operations) == len(set(operations))
