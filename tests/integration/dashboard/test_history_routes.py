"""The past over HTTP: within reach, bounded, exports on record."""

import csv
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.clock import moment_of_ms
from core.database import Database
from core.ids import VehicleNo
from core.problem_http import EXCEPTION_HANDLERS
from core.redis import connect
from dashboard.parts import DashboardParts
from dashboard.routes.history import HistoryRoutes
from dashboard.routes.positions import PositionRoutes
from fleet.history.kept import HOUR_MS
from fleet.history.replay import Replay
from fleet.history.trail import TrailReader
from fleet.live.hub import LiveHub
from fleet.telemetry.records import LiveKind, read_live_message
from fleet.vehicles.register_vehicle import decommission_vehicle, suspend_vehicle
from fleet.vehicles.roster_source import SqlRoster
from steppe.openapi import CONFIG
from tests.conftest import SettableClock
from tests.history import T0, Written, compact
from tests.integration.dashboard.conftest import Somebody

NOW = T0 + 2 * HOUR_MS
HOUR = f"fromMs={T0}&toMs={T0 + HOUR_MS}"
REASON = "事故调查 12"


@pytest.fixture
def api(auth: AuthServices, parts: DashboardParts) -> Litestar:
    return Litestar(
        route_handlers=[HistoryRoutes, PositionRoutes],
        dependencies={"dashboard": Provide(lambda: parts, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=CONFIG,
        logging_config=None,
    )


@pytest.fixture
async def past(
    api: Litestar,
    sqlite_database: Database,
    add_vehicles: Callable[..., Any],
    valkey_url: str,
    tmp_path: Path,
) -> AsyncIterator[Written]:
    """Vehicles 1 and 2 of the home tenant and 9 of another, ten minutes of an hour that was compacted."""
    await add_vehicles(1, 2)
    await add_vehicles(9, foreign=True)
    written = Written(tmp_path / "history")
    written.minutes((1, 2, 9), T0, T0 + 600_000, every_ms=300_000)
    written.minutes((1,), T0 + HOUR_MS, T0 + HOUR_MS + 60_000)
    compact(written.folder, NOW)
    redis = connect(valkey_url)
    clock = SettableClock(moment_of_ms(NOW))
    api.state.live_hub = LiveHub(redis, redis, clock, roster=SqlRoster(sqlite_database), partitions=4)
    within = api.state.live_hub.vehicles_within
    api.state.replay = Replay(redis, clock, written.folder, within, partitions=4)
    api.state.trails = TrailReader(redis, clock, written.folder, partitions=4)
    yield written
    await redis.aclose()


async def exports(database: Database) -> list[Any]:
    query = select(audit_entries).where(audit_entries.c.action == "history.exported")
    async with database.read() as tx:
        return [dict(row) for row in (await tx.execute(query)).mappings()]


@pytest.mark.usefixtures("past")
async def test_a_replay_has_columns_gaps_and_says_how_fine_it_is(somebody: Somebody) -> None:
    said = (await somebody.get(f"/api/history/vehicles/1?{HOUR}")).json()
    columns = said["positions"]
    assert {len(column) for column in columns.values()} == {601}
    assert (columns["measuredAtMs"][1], columns["lat"][1], columns["controlMode"][1]) == (
        T0 + 1000,
        39.6,
        "autonomous",
    )
    assert said["gaps"] == [{"fromMs": T0 + 599_000, "toMs": T0 + HOUR_MS}]
    assert (said["level"], said["isCut"]) == ("full", False)


@pytest.mark.usefixtures("past")
async def test_a_replay_of_fewer_points_says_that_it_is_cut(somebody: Somebody) -> None:
    said = (await somebody.get(f"/api/history/vehicles/1?{HOUR}&points=10")).json()
    assert (len(said["positions"]["lat"]), said["isCut"]) == (10, True)


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize("number", [0, -1, 2**32, 2**64])
async def test_a_summary_of_a_number_that_no_vehicle_can_have_is_not_found(
    somebody: Somebody, number: int
) -> None:
    answer = await somebody.get(f"/api/history/summaries?vehicle={number}&vehicle=1&{HOUR}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize("number", [9, 77])
async def test_a_foreign_vehicle_and_none_look_the_same(somebody: Somebody, number: int) -> None:
    for path in (f"vehicles/{number}?{HOUR}", f"summaries?vehicle={number}&{HOUR}"):
        assert (await somebody.get(f"/api/history/{path}")).status_code == 404
    body = {"format": "csv", "fromMs": T0, "toMs": T0 + 9000, "vehicles": [number], "reason": REASON}
    assert (await somebody.post("/api/history/exports", body, Role.SHIFT_LEAD)).status_code == 404


@pytest.mark.usefixtures("past")
async def test_the_city_at_a_moment_is_a_live_snapshot_of_ones_own(somebody: Somebody) -> None:
    answer = await somebody.get(f"/api/history/at?atMs={T0 + 61_500}")
    kind, _, city_ms, records = read_live_message(answer.content)
    assert (kind, city_ms) == (LiveKind.SNAPSHOT, T0 + 61_500)
    assert records["vehicle_no"].tolist() == [1, 2]
    elsewhere = await somebody.get(f"/api/history/at?atMs={T0 + 61_500}&bbox=1,1,2,2")
    assert len(read_live_message(elsewhere.content)[3]) == 0


@pytest.mark.usefixtures("past")
async def test_an_area_holds_ones_own_vehicles(somebody: Somebody) -> None:
    said = (await somebody.get(f"/api/history/area?{HOUR}&bbox=109,39,110,40")).json()
    assert len(said["positions"]["lat"]) == 1201
    assert set(said["positions"]["vehicleNo"]) == {1, 2}


@pytest.mark.usefixtures("past")
async def test_summaries_say_by_which_formula(somebody: Somebody) -> None:
    said = (await somebody.get(f"/api/history/summaries?vehicle=2&vehicle=1&{HOUR}")).json()
    assert said["formula"] == "summary-1"
    assert [(one["vehicleNo"], one["stops"], one["distanceM"]) for one in said["vehicles"]] == [
        (1, 1, 0.0),
        (2, 1, 0.0),
    ]


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"vehicles/1?fromMs={T0}&toMs={T0 + 32 * 24 * HOUR_MS}", "toMs"),
        (f"vehicles/1?fromMs={T0}&toMs={T0 - 1}", "fromMs"),
        (f"area?fromMs={T0}&toMs={T0 + 7 * HOUR_MS}&bbox=109,39,110,40", "toMs"),
        (f"area?{HOUR}&bbox=110,39,109,40", "bbox"),
        (f"summaries?vehicle=1&vehicle=2&fromMs={T0}&toMs={T0 + 16 * 24 * HOUR_MS}", "toMs"),
    ],
)
async def test_what_is_asked_for_wrongly_is_refused_with_its_field(
    somebody: Somebody, path: str, field: str
) -> None:
    answer = await somebody.get(f"/api/history/{path}")
    assert answer.status_code == 400
    assert answer.json()["fields"]["field"] == field


async def test_an_export_streams_ones_own_and_stands_in_the_audit(
    somebody: Somebody, past: Written, sqlite_database: Database
) -> None:
    body = {"format": "csv", "fromMs": T0, "toMs": T0 + 9000, "bbox": "109,39,110,40", "reason": REASON}
    answer = await somebody.post("/api/history/exports", body, Role.SHIFT_LEAD)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"positions-{T0}-{T0 + 9000}.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert sorted({row["vehicle_no"] for row in rows}) == ["1", "2"]
    assert len(rows) == 20
    [entry] = await exports(sqlite_database)
    assert (entry["reason"], entry["role"], entry["fields"]["format"]) == (REASON, "shift_lead", "csv")


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(("format_", "begin"), [("geojson", '{"type"'), ("gpx", "<?xml")])
async def test_other_formats_are_asked_for_the_same_way(somebody: Somebody, format_: str, begin: str) -> None:
    body = {"format": format_, "fromMs": T0, "toMs": T0 + 9000, "vehicles": [1], "reason": REASON}
    answer = await somebody.post("/api/history/exports", body, Role.SHIFT_LEAD)
    assert answer.text.startswith(begin)


@pytest.mark.usefixtures("past")
async def test_who_may_look_may_not_yet_take_away(somebody: Somebody, sqlite_database: Database) -> None:
    body = {"format": "csv", "fromMs": T0, "toMs": T0 + 9000, "reason": REASON}
    assert (await somebody.post("/api/history/exports", body, Role.DISPATCHER)).status_code == 403
    without = {**body, "reason": "x"}
    answer: httpx.Response = await somebody.post("/api/history/exports", without, Role.SHIFT_LEAD)
    assert answer.status_code == 400
    assert await exports(sqlite_database) == []


@pytest.mark.usefixtures("past")
async def test_the_past_of_a_vehicle_out_of_the_fleet_stays_readable_to_whom_it_belonged(
    somebody: Somebody, sqlite_database: Database
) -> None:
    at = moment_of_ms(NOW)
    async with sqlite_database.write() as tx:
        await suspend_vehicle(tx, None, VehicleNo(1), EVERYTHING, reason="报废", at=at)
        await decommission_vehicle(tx, None, VehicleNo(1), EVERYTHING, reason="报废", at=at)
    trail = f"/api/vehicles/1/trail?from_ms={T0}&to_ms={T0 + 9000}"
    assert len((await somebody.get(trail)).json()["points"]) == 10
    replay = (await somebody.get(f"/api/history/vehicles/1?{HOUR}")).json()
    assert len(replay["positions"]["lat"]) == 601
    area = (await somebody.get(f"/api/history/area?{HOUR}&bbox=109,39,110,40")).json()
    assert set(area["positions"]["vehicleNo"]) == {1, 2}
    for path in (trail, f"/api/history/vehicles/1?{HOUR}"):
        assert (await somebody.get(path, "foreign dispatcher")).status_code == 404
    nobody = f"/api/vehicles/77/trail?from_ms={T0}&to_ms={T0 + 9000}"
    assert (await somebody.get(nobody)).status_code == 404
