"""Zones of dispatch over the api: who reads their weights, who sets them, and what is refused how."""

from collections.abc import Callable
from typing import Any

from core.auth.roles import Role
from core.database import Database
from core.ids import DistrictCode, MerchantId
from services.delivery.catalogue import Merchant
from services.delivery.store import CatalogueStore
from tests.integration.dashboard.conftest import Somebody

ZONE = "/api/dispatch/zones/KB"


async def test_a_shift_lead_sets_weights_that_everybody_of_the_zone_reads(
    somebody: Somebody, add_vehicles: Callable[..., Any]
) -> None:
    await add_vehicles(7)
    before = (await somebody.get(ZONE)).json()
    assert (before["weights"]["version"], before["history"]) == (0, [])
    assert {limit["field"] for limit in before["limits"]} | {"levels"} == set(before["weights"]["weights"])
    body = {
        "version": 0,
        "reason": "药店优先",
        "weights": {**before["weights"]["weights"], "levels": {"pharmacy": 2}},
    }
    assert (await somebody.post(f"{ZONE}/weights", body)).status_code == 403, "a dispatcher only reads"
    made = await somebody.post(f"{ZONE}/weights", body, Role.SHIFT_LEAD)
    assert (made.status_code, made.json()["version"], made.json()["reason"]) == (200, 1, "药店优先")
    again = await somebody.post(f"{ZONE}/weights", body, Role.SHIFT_LEAD)
    assert (again.status_code, again.json()["code"]) == (412, "version-mismatch")
    after = (await somebody.get(ZONE, Role.AGENCY)).json()
    assert [version["version"] for version in after["history"]] == [1]
    assert after["weights"]["weights"]["levels"] == {"pharmacy": 2}
    listed = (await somebody.get("/api/dispatch/zones")).json()["items"]
    assert [(zone["district"], zone["weights"]["version"]) for zone in listed] == [("KB", 1)]
    assert (await somebody.get("/api/dispatch/zones", f"foreign {Role.DISPATCHER}")).json()["items"] == []


async def test_a_zone_says_of_what_kinds_its_merchants_are(
    somebody: Somebody, add_vehicles: Callable[..., Any], sqlite_database: Database
) -> None:
    await add_vehicles(7)
    there = (("a", "KB", "pharmacy", True), ("b", "KB", "fresh", True), ("c", "KB", "fresh", True))
    gone = (("d", "KB", "bakery", False), ("e", "DS", "supermarket", True))
    async with sqlite_database.write() as tx:
        for name, district, kind, is_active in there + gone:
            merchant = Merchant(
                merchant_id=MerchantId(name),
                district=DistrictCode(district),
                kind=kind,
                name_zh=name,
                name_en=name,
                lat=39.6,
                lng=109.8,
                is_active=is_active,
            )
            await CatalogueStore(tx).put_merchant(merchant)
    assert (await somebody.get(ZONE)).json()["merchantKinds"] == ["fresh", "pharmacy"]


async def test_what_is_wrong_with_weights_is_named(
    somebody: Somebody, add_vehicles: Callable[..., Any]
) -> None:
    await add_vehicles(7)
    for weights, field, limit in (
        ({"lowBatteryS": 9000}, "lowBatteryS", "0 to 7200 s"),
        ({"start": 0}, "start", "0.1 to 10 s/s"),
        ({"levels": {"pharmacy": 9}}, "levels.pharmacy", "0 to 5"),
    ):
        body = {"version": 0, "reason": "x", "weights": weights}
        told = await somebody.post(f"{ZONE}/weights", body, Role.SHIFT_LEAD)
        assert told.status_code == 400
        assert told.json()["fields"] == {"field": field, "limit": limit}
    unknown = {"version": 0, "reason": "x", "weights": {"speed": 3}}
    assert (await somebody.post(f"{ZONE}/weights", unknown, Role.SHIFT_LEAD)).status_code == 400
