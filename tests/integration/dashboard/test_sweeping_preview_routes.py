"""Previews of sweeping zones over HTTP, as the page that draws them asks."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.auth.roles import Role
from core.clock import Clock
from core.database import Database
from services.sweeping.work_on import SweepingWorker
from tests.integration.access.people import HOME
from tests.integration.dashboard.conftest import Somebody
from tests.integration.dashboard.test_sweeping_routes import SQUARE, ZONE, OnDisk

PATH = "/api/sweeping/previews/draft-0001"
DRAWN = {
    "district": HOME.district,
    "operator": HOME.operator,
    "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
}
FIVE_HECTARES_AND_MORE = [
    [109.78, 39.6],
    [109.783, 39.6],
    [109.783, 39.602],
    [109.78, 39.602],
    [109.78, 39.6],
]


@pytest.fixture
def worker(sqlite_database: Database, clock: Clock, tmp_path: Path) -> SweepingWorker:
    return SweepingWorker(sqlite_database, clock, tmp_path, OnDisk(), ZoneInfo("Asia/Shanghai"))


async def test_a_drawing_shows_its_plan_before_anybody_saves_it(
    somebody: Somebody, worker: SweepingWorker, clock: Any
) -> None:
    asked = await somebody.put(PATH, DRAWN)
    assert asked.status_code == 200
    assert {name: asked.json()[name] for name in ("state", "number", "plan", "waitedS", "expectedS")} == {
        "state": "waiting",
        "number": 1,
        "plan": None,
        "waitedS": 0.0,
        "expectedS": 1.0,
    }
    clock.advance(3)
    assert (await somebody.get(PATH)).json()["waitedS"] == 3.0
    await worker.go_on()
    found = (await somebody.get(PATH)).json()
    assert (found["state"], found["stateZh"]) == ("ready", "已规划")
    assert found["plan"]["sweepM"] > 100
    assert found["plan"]["durationS"] > found["plan"]["sweepM"] / 1.2
    assert 0.98 < found["coveredRatio"] < 1.0
    [corners] = found["leftOut"]
    assert (corners["why"], 0 < corners["m2"] < 2) == ("narrow", True)
    assert [each["properties"]["why"] for each in found["gaps"]["features"]] == ["narrow"]
    assert [each["properties"]["kind"] for each in found["passes"]["features"]] == ["sweep", "move"]
    assert (await somebody.get("/api/sweeping/zones")).json() == [], "nothing is saved"
    clock.advance(600)
    assert (await somebody.get(PATH)).json()["state"] == "ready", "what was planned in time stays"


async def test_one_that_no_worker_took_is_late_by_itself(somebody: Somebody, clock: Any) -> None:
    await somebody.put(PATH, DRAWN)
    clock.advance(121)
    late = (await somebody.get(PATH)).json()
    assert (late["state"], late["stateEn"], late["plan"]) == ("late", "took too long", None)
    assert (await somebody.put(PATH, DRAWN)).json()["number"] == 2, "asked for again"


@pytest.mark.parametrize(
    ("change", "field", "limit"),
    [
        (
            {"geometry": {"type": "Polygon", "coordinates": [FIVE_HECTARES_AND_MORE]}},
            "geometry",
            "50000 m2",
        ),
        ({"geometry": None}, "geometry, streets", "one of them"),
    ],
    ids=["too large", "nothing drawn"],
)
async def test_what_cannot_be_planned_is_refused_by_name(
    somebody: Somebody, change: dict[str, Any], field: str, limit: str
) -> None:
    refused = await somebody.put(PATH, {**DRAWN, **change})
    told = refused.json()
    assert (refused.status_code, told["fields"]["field"], told["fields"]["limit"]) == (400, field, limit)


async def test_previews_are_for_whoever_may_save_zones(somebody: Somebody) -> None:
    await somebody.put(PATH, DRAWN)
    assert (await somebody.put(PATH, DRAWN, Role.AGENCY)).status_code == 403
    assert (await somebody.get(PATH, Role.AGENCY)).status_code == 403
    assert (await somebody.get(PATH, "foreign dispatcher")).status_code == 404
    assert (await somebody.put(PATH, DRAWN, "foreign dispatcher")).status_code == 404


async def test_a_zone_comes_back_as_it_was_drawn(somebody: Somebody) -> None:
    equipment = {"widthM": 1.5, "bodyM": 1.2}
    await somebody.put("/api/sweeping/zones/square", {**ZONE, "equipment": equipment, "usesWater": False})
    drawn = (await somebody.get("/api/sweeping/zones/square")).json()["drawn"]
    assert (drawn["equipment"]["widthM"], drawn["usesWater"], drawn["streets"]) == (1.5, False, [])
    again = await somebody.put("/api/sweeping/previews/draft-0002", {**DRAWN, **drawn})
    assert again.status_code == 200, "what is read is what is sent"
