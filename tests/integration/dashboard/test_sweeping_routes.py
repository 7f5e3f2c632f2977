"""Sweeping over HTTP: zones by version with their plans, runs, coverage, months."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from core.auth.roles import Role
from core.clock import Clock
from core.database import Database
from core.ids import TaskId, VehicleNo
from services.sweeping.ledger import CellSwept
from services.sweeping.run import SweepingRun, advance, given, measured
from services.sweeping.run_states import RunEvent
from services.sweeping.run_store import RunStore
from services.sweeping.wetness import Way
from services.sweeping.work_on import SweepingWorker
from tests.integration.access.people import HOME
from tests.integration.dashboard.conftest import Somebody

SQUARE = [[109.78, 39.6], [109.7803, 39.6], [109.7803, 39.60015], [109.78, 39.60015], [109.78, 39.6]]
ZONE = {
    "version": 0,
    "district": HOME.district,
    "operator": HOME.operator,
    "nameZh": "示例广场",
    "nameEn": "Sample square",
    "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
}
PATH = "/api/sweeping/zones/square"
CELL = 0x8D3F16C2A2B4D3F


class OnDisk:
    async def has_passed(self, _city_ms: int, /) -> bool:
        return True


@pytest.fixture
def worker(sqlite_database: Database, clock: Clock, tmp_path: Path) -> SweepingWorker:
    return SweepingWorker(sqlite_database, clock, tmp_path, OnDisk(), ZoneInfo("Asia/Shanghai"))


async def test_a_zone_is_drawn_planned_started_and_its_coverage_is_shown(
    somebody: Somebody, worker: SweepingWorker, sqlite_database: Database, clock: Clock
) -> None:
    drawn = await somebody.put(PATH, ZONE)
    assert (drawn.status_code, drawn.json()["plan"]["state"], drawn.json()["version"]) == (200, "wanted", 1)
    assert (await somebody.put(PATH, ZONE)).json() == drawn.json(), "the same again is the same"
    early = await somebody.post(f"{PATH}/runs", {}, key="r-0")
    assert (early.status_code, early.json()["code"]) == (409, "sweeping-plan-missing")
    await worker.go_on()
    [zone] = (await somebody.get("/api/sweeping/zones")).json()
    assert zone["plan"]["state"] == "ready"
    assert zone["plan"]["coveredM2"] > 0.99 * zone["plan"]["reachableM2"] > 300
    assert zone["plan"]["durationS"] > zone["plan"]["sweepM"] / 1.2
    passes = (await somebody.get(PATH)).json()["passes"]["features"]
    assert [each["properties"]["kind"] for each in passes] == ["sweep", "move"]
    started = await somebody.post(f"{PATH}/runs", {}, key="r-1")
    again = await somebody.post(f"{PATH}/runs", {}, key="r-1")
    assert (started.status_code, again.content) == (201, started.content)
    busy = await somebody.post(f"{PATH}/runs", {}, key="r-2")
    assert (busy.status_code, busy.json()["code"]) == (409, "sweeping-zone-busy")
    run_id = started.json()["runId"]
    async with sqlite_database.write() as tx:
        under_way = await _give(RunStore(tx), clock)
    so_far = (await somebody.get(f"/api/sweeping/runs/{run_id}", Role.AGENCY)).json()
    assert so_far["soFar"] == {
        "asOf": None,
        "plannedM2": pytest.approx(zone["plan"]["reachableM2"], rel=0.01),
        "sweptM2": 0.0,
        "cells": len(so_far["cells"]["features"]),
        "cellsSwept": 0,
    }
    to_do = {tuple(each["properties"].items()) for each in so_far["cells"]["features"]}
    assert to_do == {(("share", 0.0), ("isMissed", False), ("isToDo", True))}
    async with sqlite_database.write() as tx:
        await _end(RunStore(tx), under_way, clock)
    sheet = (await somebody.get(f"/api/sweeping/runs/{run_id}", Role.AGENCY)).json()
    assert (sheet["run"]["stateZh"], sheet["run"]["verifiedM2"], sheet["soFar"]) == ("已核算", 400.0, None)
    [cell] = sheet["cells"]["features"]
    assert (cell["properties"], len(cell["geometry"]["coordinates"][0])) == (
        {"share": 0.25, "isMissed": True, "isToDo": False},
        7,
    )
    [month] = (await somebody.get("/api/sweeping/months?from=2026-06&to=2026-07")).json()
    assert (month["month"], month["verifiedM2"], month["nameEn"]) == ("2026-07", 400.0, "Sample square")
    assert (await somebody.get("/api/vehicle-days/today", Role.AGENCY)).json()["m2"] == 400.0
    assert (await somebody.get("/api/vehicle-days/today?district=ZG", Role.AGENCY)).json()["m2"] is None
    gone = await somebody.post(
        f"/api/sweeping/runs/{run_id}/recall", {"reason": "x", "rest": "repair"}, key="c"
    )
    assert (gone.status_code, gone.json()["code"]) == (409, "illegal-transition")
    excused = await somebody.post(f"/api/sweeping/runs/{run_id}/excuse", {"reason": "a fair"}, key="e-1")
    assert excused.json()["excuse"] == "a fair"
    repair = await somebody.post(f"/api/sweeping/runs/{run_id}/repair", {}, key="p-1")
    assert (repair.status_code, repair.json()["code"]) == (409, "sweeping-nothing-missed"), "not its ground"


async def _give(store: RunStore, clock: Clock) -> SweepingRun:
    """Give the run that waits to a vehicle."""
    at = clock.now()
    [waiting] = await store.waiting(HOME.district, HOME.operator)
    return await store.move(waiting, given(waiting, VehicleNo(7), TaskId("t"), Way.WET, "", at=at), at=at)


async def _end(store: RunStore, run: SweepingRun, clock: Clock) -> None:
    """Take a run under way to its end as a vehicle and a worker would."""
    at = clock.now()
    ended = await store.move(run, advance(run, RunEvent.ENDED, at=at), at=at)
    told: dict[str, Any] = {"planned_m2": 440.0, "verified_m2": 400.0, "missed_m2": 40.0}
    await store.move(ended, measured(ended, **told, month="2026-07", at=at), at=at)
    await store.keep_cells(run.run_id, [CellSwept(CELL, 40.0, 10.0)])


async def test_a_new_version_names_the_one_before_and_a_retired_zone_is_gone(somebody: Somebody) -> None:
    await somebody.put(PATH, ZONE)
    wider = {**ZONE, "version": 1, "usesWater": False}
    assert (await somebody.put(PATH, wider)).json()["version"] == 2
    stale = await somebody.put(PATH, {**wider, "maySweepDry": False})
    assert (stale.status_code, stale.json()["code"]) == (412, "version-mismatch")
    assert (await somebody.delete(PATH)).status_code == 204
    assert (await somebody.get("/api/sweeping/zones")).json() == []


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"geometry": {"type": "Point", "coordinates": [1, 2]}}, "shape-invalid", "geometry.type"),
        ({"geometry": None}, "invalid-input", "geometry, streets"),
        ({"nameEn": " "}, "invalid-input", "nameEn"),
    ],
    ids=["no polygon", "nothing drawn", "no name"],
)
async def test_what_cannot_be_is_refused_by_name(
    somebody: Somebody, change: dict[str, Any], code: str, field: str
) -> None:
    refused = await somebody.put(PATH, {**ZONE, **change})
    assert (refused.status_code, refused.json()["code"], refused.json()["fields"]["field"]) == (
        400,
        code,
        field,
    )


async def test_streets_are_drawn_as_lines_that_meet(somebody: Somebody, worker: SweepingWorker) -> None:
    streets = [
        {"streetId": "a", "points": [[109.78, 39.6], [109.78, 39.601]]},
        {"streetId": "b", "points": [[109.78, 39.601], [109.782, 39.601]]},
    ]
    body = {**ZONE, "geometry": None, "streets": streets}
    assert (await somebody.put(PATH, body)).json()["kind"] == "streets"
    await worker.go_on()
    plan = (await somebody.get(PATH)).json()["zone"]["plan"]
    assert plan["sweepM"] == pytest.approx(2 * (111.2 + 171.4), rel=0.03)


async def test_another_company_sees_and_moves_nothing(somebody: Somebody) -> None:
    await somebody.put(PATH, ZONE)
    stranger = "foreign dispatcher"
    assert (await somebody.get("/api/sweeping/zones", stranger)).json() == []
    assert (await somebody.get(PATH, stranger)).status_code == 404
    assert (await somebody.put(PATH, {**ZONE, "version": 1}, stranger)).status_code == 404
    assert (await somebody.post(f"{PATH}/runs", {}, stranger, key="r")).status_code == 404
    assert (await somebody.delete(PATH, stranger)).status_code == 404
    assert msgspec.json.decode((await somebody.get("/api/sweeping/runs", stranger)).content) == []
