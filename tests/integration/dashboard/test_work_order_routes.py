"""Work orders and inspections over HTTP, and what both do to a vehicle."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from core.auth.roles import Role
from core.database import Database
from core.ids import VehicleNo
from fleet.vehicles.inspection_store import InspectionStore
from fleet.work_orders.watch_inspections import InspectionWatch
from tests.integration.access.people import HOME
from tests.integration.dashboard.conftest import Said, Somebody
from tests.integration.fleet.builders import AT

type Add = Callable[..., Any]
PATH = "/api/work-orders"


async def reasons(somebody: Somebody) -> list[str]:
    sheet = (await somebody.get("/api/vehicles/1")).json()
    return [reason["code"] for reason in sheet["reasons"]]


async def test_safety_work_is_opened_once_given_called_off_and_holds_its_vehicle_meanwhile(
    somebody: Somebody, add_vehicles: Add, said: Said, on_duty: None
) -> None:
    await add_vehicles(1)
    said.hear(1)
    assert await reasons(somebody) == []
    wanted = {"vehicleNo": 1, "kind": "repair", "cause": "左前轮异响", "isSafety": True}
    opened = await somebody.post(PATH, wanted, key="k-1")
    assert (opened.status_code, opened.headers["location"]) == (201, f"{PATH}/{opened.json()['workOrderId']}")
    assert (await somebody.post(PATH, wanted, key="k-1")).json() == opened.json()
    assert await reasons(somebody) == ["safety_work_order"]
    path = f"{PATH}/{opened.json()['workOrderId']}"
    [person] = (await somebody.get(f"{path}/people")).json()["items"]
    given = await somebody.post(f"{path}/assignments", {"assignee": person["staffId"]}, key="k-2")
    assert (given.json()["state"], given.json()["assigneeName"]) == ("assigned", "crew")
    listed = (await somebody.get(f"{PATH}?vehicleNo=1", Role.AGENCY)).json()
    assert [one["workOrderId"] for one in listed["items"]] == [opened.json()["workOrderId"]]
    assert (await somebody.get(PATH, "foreign dispatcher")).json()["items"] == []
    off = await somebody.post(f"{path}/cancellations", {"reason": "车辆已拖回"}, key="k-3")
    assert (off.json()["state"], off.json()["steps"][-1]["event"]) == ("cannot", "work_called_off")
    assert await reasons(somebody) == []
    late = await somebody.post(f"{path}/assignments", {"assignee": person["staffId"]}, key="k-4")
    assert (late.status_code, late.json()["code"]) == (409, "illegal-transition")


async def test_a_vehicle_whose_inspection_is_overdue_takes_no_work_until_it_was_done(
    somebody: Somebody, add_vehicles: Add, said: Said, on_duty: None, sqlite_database: Database, clock: Any
) -> None:
    await add_vehicles(1)
    said.hear(1)
    rule = {"operator": HOME.operator, "everyDays": 30}
    refused = await somebody.put("/api/inspection-rules", {"everyDays": 30}, Role.SHIFT_LEAD)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    kept = await somebody.put("/api/inspection-rules", rule, Role.SHIFT_LEAD)
    assert kept.json()["items"] == [{**rule, "hardwareModel": ""}]
    watch = InspectionWatch(sqlite_database, clock)
    assert await watch.look_once() == 0
    async with sqlite_database.write() as tx:
        await InspectionStore(tx).inspected(VehicleNo(1), at=AT - timedelta(days=30))
    assert [await watch.look_once() for _ in range(2)] == [1, 0]
    [order] = (await somebody.get(f"{PATH}?kind=inspection")).json()["items"]
    assert (order["severity"], order["dueAt"]) == ("major", "2026-07-01T02:00:00Z")
    sheet = (await somebody.get("/api/vehicles/1")).json()
    assert [reason["code"] for reason in sheet["reasons"]] == ["inspection_overdue"]
    assert sheet["inspectionDueAt"] == "2026-07-01T02:00:00Z"
    async with sqlite_database.write() as tx:
        await InspectionStore(tx).inspected(VehicleNo(1), at=AT)
    assert await reasons(somebody) == []
