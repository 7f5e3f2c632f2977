"""The daily check over HTTP: it holds a vehicle back, is said once, and finds work."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.database import Database
from core.ids import VehicleNo
from fleet.readiness.store import ReadinessStore
from fleet.vehicles.store import VehicleStore
from tests.integration.access.people import HOME
from tests.integration.dashboard.conftest import Said, Somebody
from tests.integration.fleet.builders import AT, CITY

type Add = Callable[..., Any]
PATH = "/api/readiness"
LOOKS = ("tyres", "sensors", "lights", "doors")
RULE = {"operator": HOME.operator, "version": 0, "isRequired": True, "reason": "冬季运行"}


def lines(**wrong: str) -> dict[str, Any]:
    found = [{"item": item, "isOk": item not in wrong, "note": wrong.get(item, "")} for item in LOOKS]
    return {"lines": found}


async def reasons(somebody: Somebody) -> list[str]:
    sheet = (await somebody.get("/api/vehicles/1")).json()
    return [reason["code"] for reason in sheet["reasons"]]


async def test_a_vehicle_works_once_todays_check_was_passed_and_not_tomorrow(
    somebody: Somebody, add_vehicles: Add, said: Said, on_duty: None, sqlite_database: Database
) -> None:
    await add_vehicles(1)
    said.hear(1)
    assert await reasons(somebody) == []
    everybodys = await somebody.put(f"{PATH}/rules", {**RULE, "operator": ""}, Role.SHIFT_LEAD)
    assert (everybodys.status_code, everybodys.json()["code"]) == (403, "forbidden")
    put = await somebody.put(f"{PATH}/rules", RULE, Role.SHIFT_LEAD)
    assert (put.json()["version"], put.json()["looks"]["delivery"]) == (1, list(LOOKS))
    again = await somebody.put(f"{PATH}/rules", RULE, Role.SHIFT_LEAD)
    assert (again.status_code, again.json()["code"]) == (412, "version-mismatch")
    assert await reasons(somebody) == ["not_checked_today"]
    path = f"{PATH}/vehicles/1/checks"
    short = await somebody.post(path, {"lines": lines()["lines"][:1]}, Role.CREW, key="k-0")
    assert (short.status_code, short.json()["fields"]["field"]) == (400, "lines")
    wrong = lines(tyres="左前轮漏气", sensors="有冰")
    failed = await somebody.post(path, wrong, Role.CREW, key="k-1")
    assert (failed.status_code, failed.json()["isPassed"]) == (201, False)
    assert (await somebody.post(path, wrong, Role.CREW, key="k-1")).json() == failed.json()
    work = (await somebody.get("/api/work-orders?vehicleNo=1")).json()["items"]
    found = sorted((order["kind"], order["isSafety"], order["cause"]) for order in work)
    assert found == [("clean", True, "sensors: 有冰"), ("repair", True, "tyres: 左前轮漏气")]
    assert await reasons(somebody) == ["safety_work_order", "not_checked_today"]
    for order in work:
        off = f"/api/work-orders/{order['workOrderId']}/cancellations"
        await somebody.post(off, {"reason": "已处理"}, key=order["kind"])
    [listed] = (await somebody.get(f"{PATH}/vehicles?stands=failed", Role.CREW)).json()["items"]
    assert (listed["holdsBack"], listed["last"]["byName"]) == (True, "crew")
    passed = await somebody.post(path, lines(), Role.CREW, key="k-2")
    assert (passed.json()["isPassed"], passed.json()["number"]) == (True, 2)
    assert await reasons(somebody) == []
    assert (await somebody.get(f"{PATH}/vehicles?stands=missing&stands=failed")).json()["items"] == []
    async with sqlite_database.read() as tx:
        vehicle = await VehicleStore(tx).get(VehicleNo(1), EVERYTHING)
        tomorrow = await ReadinessStore(tx).of([vehicle], at=AT + timedelta(hours=20), zone=CITY)
    assert tomorrow[VehicleNo(1)].holds_back


async def test_a_battery_below_what_the_company_asks_for_fails_the_check_and_calls_nobody(
    somebody: Somebody, add_vehicles: Add, said: Said, on_duty: None
) -> None:
    await add_vehicles(1)
    said.hear(1, battery_ratio=0.4)
    rule = {**RULE, "leastBatteryRatio": 0.5}
    assert (await somebody.put(f"{PATH}/rules", rule, Role.SHIFT_LEAD)).status_code == 200
    failed = await somebody.post(f"{PATH}/vehicles/1/checks", lines(), Role.CREW, key="k-1")
    assert (failed.status_code, failed.json()["isPassed"]) == (201, False)
    assert (await somebody.get("/api/work-orders?vehicleNo=1")).json()["items"] == []
    lower = {**rule, "version": 1, "leastBatteryRatio": 0.3, "reason": "气温回升"}
    assert (await somebody.put(f"{PATH}/rules", lower, Role.SHIFT_LEAD)).json()["version"] == 2
    passed = await somebody.post(f"{PATH}/vehicles/1/checks", lines(), Role.CREW, key="k-2")
    assert passed.json()["isPassed"] is True


async def test_a_list_names_lines_for_a_person_each_once_and_a_rule_has_a_reason(somebody: Somebody) -> None:
    for wrong in (["battery"], ["tyres", "tyres"]):
        refused = await somebody.put(f"{PATH}/rules", {**RULE, "looks": {"delivery": wrong}}, Role.SHIFT_LEAD)
        assert (refused.status_code, refused.json()["fields"]["field"]) == (400, "looks"), wrong
    silent = await somebody.put(f"{PATH}/rules", {**RULE, "reason": " "}, Role.SHIFT_LEAD)
    assert (silent.status_code, silent.json()["code"]) == (400, "reason-missing")


async def test_checks_and_rules_stand_in_the_audit(
    somebody: Somebody, add_vehicles: Add, said: Said, on_duty: None, sqlite_database: Database
) -> None:
    await add_vehicles(1)
    said.hear(1)
    await somebody.put(f"{PATH}/rules", RULE, Role.SHIFT_LEAD)
    wrong = lines(tyres="左前轮漏气")
    await somebody.post(f"{PATH}/vehicles/1/checks", wrong, Role.CREW, key="k-1")
    async with sqlite_database.read() as tx:
        wanted = ("readiness_rule.set", "vehicle.checked")
        query = select(audit_entries).where(audit_entries.c.action.in_(wanted))
        entries = {row["action"]: row for row in (await tx.execute(query)).mappings()}
    assert entries["readiness_rule.set"]["fields"]["is_required"] is True
    assert entries["vehicle.checked"]["fields"]["findings"] == ["tyres"]
