"""Desk shifts over HTTP: begun, alive and muted, handed over, read by the next one."""

import pytest
from litestar import Litestar
from litestar.di import Provide

from core.auth.roles import Role
from core.auth.services import AuthServices
from core.problem_http import EXCEPTION_HANDLERS
from dashboard.parts import DashboardParts
from dashboard.routes.desk_shifts import DeskShifts
from tests.integration.dashboard.conftest import Somebody


@pytest.fixture
def api(auth: AuthServices, parts: DashboardParts) -> Litestar:
    return Litestar(
        route_handlers=[DeskShifts],
        dependencies={"dashboard": Provide(lambda: parts, sync_to_thread=False)},
        plugins=[auth.plugin()],
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )


async def test_a_muted_desk_is_seen_by_the_lead_and_its_note_is_read_by_the_next(somebody: Somebody) -> None:
    nothing = await somebody.put("/api/desk-shifts/presence", {"isMuted": True})
    assert nothing.status_code == 200
    assert (await somebody.get("/api/desk-shifts")).json() == {"own": None, "desks": [], "notes": []}
    begun = await somebody.post("/api/desk-shifts", {}, key="k-1")
    assert begun.status_code == 200
    await somebody.put("/api/desk-shifts/presence", {"isMuted": True})
    [desk] = (await somebody.get("/api/desk-shifts", Role.SHIFT_LEAD)).json()["desks"]
    assert (desk["isMuted"], desk["isOccupied"], desk["role"]) == (True, True, "dispatcher")
    assert (await somebody.get("/api/desk-shifts", "foreign shift_lead")).json()["desks"] == []
    empty = await somebody.post("/api/desk-shifts/closings", {"note": " "}, key="k-2")
    assert (empty.status_code, empty.json()["fields"]["field"]) == (400, "note")
    left = await somebody.post("/api/desk-shifts/closings", {"note": "九号车在等件"}, key="k-3")
    assert (left.status_code, left.json()["openAlarms"]) == (200, 0)
    path = f"/api/desk-shifts/{left.json()['shiftId']}/readings"
    read = await somebody.post(path, {}, Role.SHIFT_LEAD, key="k-4")
    assert (read.status_code, bool(read.json()["readByName"])) == (200, True)
    board = (await somebody.get("/api/desk-shifts")).json()
    assert (board["own"], board["desks"], board["notes"][0]["note"]) == (None, [], "九号车在等件")


async def test_who_serves_no_desk_has_none(somebody: Somebody) -> None:
    for role in (Role.CREW, Role.REMOTE_OPERATOR, Role.ADMIN):
        assert (await somebody.get("/api/desk-shifts", role)).status_code == 403
