"""Stock of vending vehicles over HTTP."""

from typing import Any

import pytest

from core.auth.roles import Role
from core.database import Database
from core.kinds import ServiceKind
from tests.integration.access.people import HOME
from tests.integration.dashboard.conftest import Somebody
from tests.integration.fleet.builders import working_vehicles

SLOTS = [
    {
        "slot": 1,
        "goodsId": "water",
        "nameZh": "饮用水",
        "nameEn": "Water",
        "priceFen": 200,
        "capacity": 20,
    }
]
LOAD = {"slot": 1, "batch": "B1", "expiresAt": "2027-01-01T00:00:00+08:00", "quantity": 12}
OF_50 = "/api/vending/vehicles/50"


@pytest.fixture
async def seller(sqlite_database: Database, somebody: Somebody) -> None:
    changes = {"operator": HOME.operator, "district": HOME.district}
    await working_vehicles(sqlite_database, 50, service=ServiceKind.VENDING, **changes)
    await working_vehicles(sqlite_database, 7, **changes)


async def planogram(somebody: Somebody, slots: Any = SLOTS, **changes: Any) -> Any:
    lead = somebody._headers[Role.SHIFT_LEAD]
    path = changes.get("path", OF_50)
    return await somebody._client.put(f"{path}/planogram", json={"slots": slots}, headers=lead)


@pytest.mark.usefixtures("seller")
async def test_a_crew_loads_counts_and_takes_out_and_the_report_says_what_is_missing(
    somebody: Somebody,
) -> None:
    assert (await planogram(somebody)).json() == {"vehicles": [50]}
    loaded = await somebody.post(f"{OF_50}/loads", LOAD, Role.CREW, key="l-1")
    again = await somebody.post(f"{OF_50}/loads", LOAD, Role.CREW, key="l-1")
    assert (loaded.status_code, again.content) == (200, loaded.content)
    [slot] = loaded.json()["slots"]
    assert (slot["sellable"], slot["lots"][0]["lotId"]) == (12, f"{HOME.operator}:B1")
    await somebody.post(f"{OF_50}/counts", {"slot": 1, "counted": 11}, Role.CREW, key="c-1")
    spoil = {"slot": 1, "lotId": slot["lots"][0]["lotId"], "quantity": 2, "reason": "broken"}
    await somebody.post(f"{OF_50}/spoils", spoil, Role.CREW, key="o-1")
    [row] = (await somebody.get("/api/vending/shrinkage")).json()
    assert (row["difference"], row["lostFen"], row["spoiled"]) == (-1, 200, 2)
    kinds = [line["kind"] for line in (await somebody.get(f"{OF_50}/movements")).json()]
    assert sorted(kinds) == ["count", "load", "spoil"]


@pytest.mark.usefixtures("seller")
async def test_a_recalled_lot_is_shown_as_not_for_sale_and_its_vehicles_are_named(
    somebody: Somebody,
) -> None:
    await planogram(somebody)
    await somebody.post(f"{OF_50}/loads", LOAD, Role.CREW, key="l-1")
    path = f"/api/vending/lots/{HOME.operator}:B1/recall"
    assert (await somebody.post(path, {"reason": "glass"}, Role.CREW, key="r-1")).status_code == 403
    recalled = await somebody.post(path, {"reason": "glass"}, Role.SHIFT_LEAD, key="r-1")
    assert (recalled.json()["pieces"], recalled.json()["vehicles"]) == (12, [50])
    [vehicle] = (await somebody.get("/api/vending/vehicles")).json()
    assert vehicle["slots"][0]["sellable"] == 0
    [lot] = (await somebody.get("/api/vending/lots")).json()
    assert lot["recallReason"] == "glass"


@pytest.mark.usefixtures("seller")
async def test_what_cannot_be_is_refused_by_name(somebody: Somebody) -> None:
    twice = await planogram(somebody, [*SLOTS, *SLOTS])
    assert (twice.status_code, twice.json()["fields"]["field"]) == (400, "slots.slot")
    other = await planogram(somebody, path="/api/vending/vehicles/7")
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    await planogram(somebody)
    too_much = await somebody.post(f"{OF_50}/loads", {**LOAD, "quantity": 21}, Role.CREW, key="l-1")
    assert (too_much.status_code, too_much.json()["code"], too_much.json()["fields"]["capacity"]) == (
        409,
        "slot-full",
        20,
    )
    span = "/api/vending/shrinkage?from=2026-07-02T00:00:00Z&to=2026-07-01T00:00:00Z"
    assert (await somebody.get(span)).status_code == 400


@pytest.mark.usefixtures("seller")
async def test_another_company_sees_and_moves_nothing(somebody: Somebody) -> None:
    await planogram(somebody)
    await somebody.post(f"{OF_50}/loads", LOAD, Role.CREW, key="l-1")
    assert (await somebody.get("/api/vending/vehicles", "foreign dispatcher")).json() == []
    assert (await somebody.get(OF_50, "foreign dispatcher")).status_code == 404
    assert (await somebody.post(f"{OF_50}/loads", LOAD, "foreign crew", key="l-2")).status_code == 404
    recall = f"/api/vending/lots/{HOME.operator}:B1/recall"
    refused = await somebody.post(recall, {"reason": "x"}, "foreign shift_lead", key="r-1")
    assert refused.status_code == 404
    assert (await somebody.get("/api/vending/shrinkage", "foreign dispatcher")).json() == []
