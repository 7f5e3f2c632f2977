"""Live cells for programs: box, choice and reach narrow; what means nothing is refused by name."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import h3
import numpy as np
import pytest
from litestar import Litestar
from litestar.di import Provide

from core.auth.roles import Role
from core.auth.services import AuthServices
from core.database import Database
from core.problem_http import EXCEPTION_HANDLERS
from core.redis import connect
from dashboard.parts import DashboardParts
from dashboard.routes.live_cells import LiveCells
from fleet.live.hub import LiveHub
from fleet.telemetry.blobs import Blobs, Header, PartitionBlob
from fleet.telemetry.memory import Memory
from fleet.telemetry.records import STATE
from fleet.vehicles.roster_source import SqlRoster
from steppe.openapi import CONFIG
from tests.integration.access.people import HOME
from tests.integration.dashboard.conftest import Somebody

PLACES = {1: (39.6, 109.8), 2: (39.6, 109.8), 3: (39.9, 110.2), 9: (39.6, 109.8)}


@pytest.fixture
def api(auth: AuthServices, parts: DashboardParts) -> Litestar:
    return Litestar(
        route_handlers=[LiveCells],
        dependencies={"dashboard": Provide(lambda: parts, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=CONFIG,
        logging_config=None,
    )


@pytest.fixture(autouse=True)
async def heard(
    api: Litestar, sqlite_database: Database, add_vehicles: Callable[..., Any], clock: Any, valkey_url: str
) -> AsyncIterator[None]:
    """Three vehicles of the home tenant and one, 9, of another, as trackers wrote them."""
    await add_vehicles(1, 2, 3)
    await add_vehicles(9, foreign=True)
    redis = connect(valkey_url)
    state = np.zeros(10, STATE)
    for number, (lat, lng) in PLACES.items():
        state[number]["vehicle_no"] = number
        state[number]["lat_e7"], state[number]["lng_e7"] = round(lat * 1e7), round(lng * 1e7)
    header = Header(epoch=1, position=b"0-0", tick=1, at_ms=1)
    await Blobs(redis).write([PartitionBlob(partition=0, header=header, state=state, memory=Memory())])
    api.state.live_hub = LiveHub(redis, redis, clock, roster=SqlRoster(sqlite_database), partitions=1)
    yield
    await redis.aclose()


async def test_cells_hold_ones_own_vehicles_only(somebody: Somebody) -> None:
    said = (await somebody.get("/api/live/cells?zoom=7")).json()
    found = {one["cell"]: one["vehicles"] for one in said["cells"]}
    own = {h3.cell_to_parent(h3.latlng_to_cell(*PLACES[no], 9), 5): many for no, many in ((1, 2), (3, 1))}
    assert (said["resolution"], said["vehicles"], found) == (5, 3, own)
    foreign = (await somebody.get("/api/live/cells?zoom=7", f"foreign {Role.DISPATCHER.value}")).json()
    assert foreign["vehicles"] == 1


async def test_box_and_choice_narrow(somebody: Somebody) -> None:
    async def many(query: str) -> int:
        return int((await somebody.get(f"/api/live/cells?zoom=7&{query}")).json()["vehicles"])

    assert await many("bbox=110,39,111,40") == 1
    assert await many(f"district={HOME.district}&service=delivery&service=vending") == 3
    assert await many("service=patrol") == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [("zoom=7&district=XX", "district"), ("zoom=7&operator=nobody", "operator"), ("zoom=7&bbox=1,2", "bbox")],
)
async def test_what_means_nothing_is_refused_by_name(somebody: Somebody, query: str, field: str) -> None:
    answer = await somebody.get(f"/api/live/cells?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
    assert answer.json()["fields"]["field"] == field


@pytest.mark.usefixtures("company")
async def test_choices_name_the_operators_within_reach(somebody: Somebody) -> None:
    said = (await somebody.get("/api/live/choices")).json()
    assert (said["districts"], said["services"]) == ({HOME.district: 3}, {"delivery": 3})
    assert [(one["nameZh"], one["vehicles"]) for one in said["operators"]] == [("青城智行", 3)]


async def test_who_may_not_look_at_the_live_city_gets_no_cells(somebody: Somebody) -> None:
    for path in ("cells?zoom=7", "choices"):
        assert (await somebody.get(f"/api/live/{path}", Role.RESIDENT)).status_code == 403
        assert (await somebody.get(f"/api/live/{path}", None)).status_code == 401
