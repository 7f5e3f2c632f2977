"""Stopping by drawing over HTTP: who is inside, what each answered, who may let them go."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest
from litestar import Litestar
from litestar.di import Provide

from core.auth.roles import Role
from core.auth.services import AuthServices
from core.clock import Clock
from core.database import Database
from core.ids import CommandId
from core.problem_http import EXCEPTION_HANDLERS
from core.redis import connect
from dashboard.parts import DashboardParts
from dashboard.routes.area_stops import AreaStopRoutes
from fleet.commands.command import advance_command
from fleet.commands.kinds import CommandEvent
from fleet.commands.store import CommandStore
from fleet.links.wire.messages import Command as WireCommand
from fleet.live.hub import LiveHub
from fleet.telemetry.blobs import Blobs, Header, PartitionBlob
from fleet.telemetry.memory import Memory
from fleet.telemetry.records import STATE
from fleet.vehicles.roster_source import SqlRoster
from tests.integration.dashboard.conftest import Somebody

PLACES = {1: (39.6, 109.8), 2: (39.601, 109.801), 3: (39.9, 110.2), 9: (39.6, 109.8)}
AROUND = {
    "type": "Polygon",
    "coordinates": [[[109.79, 39.59], [109.81, 39.59], [109.81, 39.61], [109.79, 39.61], [109.79, 39.59]]],
}


@pytest.fixture
def api(auth: AuthServices, parts: DashboardParts) -> Litestar:
    return Litestar(
        route_handlers=[AreaStopRoutes],
        dependencies={"dashboard": Provide(lambda: parts, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )


@pytest.fixture(autouse=True)
async def heard(
    api: Litestar,
    parts: DashboardParts,
    sqlite_database: Database,
    add_vehicles: Callable[..., Any],
    clock: Any,
    valkey_url: str,
) -> AsyncIterator[None]:
    """Two vehicles of the home tenant and one, 9, of another in the area, one of home far away."""
    await add_vehicles(1, 2, 3)
    await add_vehicles(9, foreign=True)
    await parts.directory.refresh()
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


async def answer(
    database: Database, clock: Clock, command_id: str, *events: CommandEvent, detail: str = ""
) -> None:
    """The vehicle answers."""
    async with database.write() as tx:
        command = await CommandStore(tx).lock(CommandId(command_id))
        assert command is not None
        for event in events:
            moved = advance_command(command, event, at=clock.now(), detail=detail)
            command = await CommandStore(tx).save(command, moved)


async def test_an_area_is_looked_into_stopped_followed_and_let_go_by_another(
    somebody: Somebody, sqlite_database: Database, clock: Clock, pushed: list[WireCommand]
) -> None:
    looked = (await somebody.post("/api/area-stops/previews", {"geometry": AROUND})).json()
    assert [item["vehicleNo"] for item in looked["items"]] == [1, 2]
    assert all(item["code"] for item in looked["items"])
    body = {"geometry": AROUND, "reason": "管道泄漏"}
    placed = await somebody.post("/api/area-stops", body, key="k-1")
    assert placed.status_code == 201
    stop = placed.json()
    assert (stop["vehicles"], stop["answers"]["unanswered"]) == (2, 2)
    assert (stop["mayAsk"], stop["mayRelease"]) == (True, False)
    assert [item["code"] for item in stop["items"]] == [item["code"] for item in looked["items"]]
    assert len(pushed) == 2
    done = (CommandEvent.ACKNOWLEDGED, CommandEvent.SUCCEEDED)
    await answer(sqlite_database, clock, pushed[0].command_id, *done)
    path = f"/api/area-stops/{stop['areaStopId']}"
    followed = (await somebody.get(path)).json()
    assert followed["answers"] == {"unanswered": 1, "stopping": 0, "stopped": 1, "failed": 0}
    await answer(sqlite_database, clock, pushed[1].command_id, CommandEvent.FAILED, detail="no-result")
    followed = (await somebody.get(path)).json()
    assert followed["answers"] == {"unanswered": 0, "stopping": 0, "stopped": 1, "failed": 1}
    assert sorted(item["why"] for item in followed["items"]) == ["", "no-result"]
    said = {"version": 1, "reason": "已排除"}
    alone = await somebody.post(f"{path}/releases", said, key="k-2")
    assert (alone.status_code, alone.json()["code"]) == (409, "second-person-needed")
    [listed] = (await somebody.get("/api/area-stops", Role.SHIFT_LEAD)).json()
    assert listed["mayRelease"]
    released = await somebody.post(f"{path}/releases", said, Role.SHIFT_LEAD, key="k-3")
    assert (released.status_code, released.json()["state"]) == (200, "released")
    assert {item["outcome"] for item in released.json()["items"]} == {"released"}


async def test_asking_refusing_and_breaking_the_glass_are_steps_of_their_own(somebody: Somebody) -> None:
    body = {"geometry": AROUND, "reason": "演练", "isDrill": True}
    stop = (await somebody.post("/api/area-stops", body, key="k-1")).json()
    assert (stop["isDrill"], stop["answers"]["unanswered"]) == (True, 0)
    path = f"/api/area-stops/{stop['areaStopId']}"

    async def say(step: str, version: int, role: Role = Role.DISPATCHER) -> tuple[int, dict[str, Any]]:
        words = {"version": version, "reason": "x"}
        told = await somebody.post(f"{path}/{step}", words, role, key=f"{step}-{version}")
        return told.status_code, told.json()

    status, asked = await say("release-requests", 1)
    assert (status, asked["state"], asked["isAskedByMe"]) == (200, "release_asked", True)
    assert asked["glassBreaksAt"] is not None
    status, refused = await say("broken-glass", 2)
    assert (status, refused["code"]) == (409, "second-person-needed")
    status, stands = await say("refusals", 2, Role.SHIFT_LEAD)
    assert (status, stands["state"], stands["askedAt"]) == (200, "standing", None)
    status, old = await say("releases", 1, Role.SHIFT_LEAD)
    assert (status, old["code"]) == (412, "version-mismatch")


async def test_what_is_no_area_or_holds_nobody_is_refused_by_name(somebody: Somebody) -> None:
    crossed = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    told = await somebody.post("/api/area-stops", {"geometry": crossed, "reason": "x"}, key="k-1")
    assert (told.status_code, told.json()["code"]) == (400, "shape-invalid")
    desert = {"type": "Polygon", "coordinates": [[[108, 38], [108.1, 38], [108.1, 38.1], [108, 38]]]}
    told = await somebody.post("/api/area-stops", {"geometry": desert, "reason": "x"}, key="k-2")
    assert (told.status_code, told.json()["code"]) == (409, "no-vehicle-inside")
    for role in (Role.CREW, Role.ADMIN, Role.SUPERVISOR):
        assert (
            await somebody.post("/api/area-stops/previews", {"geometry": AROUND}, role)
        ).status_code == 403
