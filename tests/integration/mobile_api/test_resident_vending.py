"""Calling a vending vehicle and buying from it over HTTP."""

from typing import Any

import httpx
import pytest

from core.kinds import ServiceKind
from geofences.datum import wgs84_to_gcj02
from mobile_api.vending_around import MOST_NEAR
from services.tasks.states import StopKind
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.town import KB, Town
from tests.integration.services.vending.shelf import SELLER, WATER
from tests.integration.services.vending.stand import a_stocked_seller

HERE: dict[str, Any] = {"district": "KB", "lat": 39.6, "lng": 109.79}
BASE = "/api/resident/vending"


async def test_a_resident_calls_a_vehicle_buys_from_it_and_pays_for_what_she_took(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await a_stocked_seller(town)
    anna = await people.resident()

    async def post(path: str, body: Any, key: str) -> httpx.Response:
        return await client.post(f"{BASE}{path}", json=body, headers={**anna, "Idempotency-Key": key})

    async def around() -> Any:
        return (await client.get(f"{BASE}/around", params=HERE, headers=anna)).json()

    for number in range(60, 60 + MOST_NEAR):
        await town.add_vehicle(number, service=ServiceKind.VENDING, lat=39.6, lng=109.79)
    await a_stocked_seller(town, 80, lat=39.6, lng=109.79, is_charging=True)
    before = await around()
    assert [(one["canBuy"], one["whyNot"]) for one in before["vehicles"]] == [(True, ""), (False, "charging")]
    assert [(one["left"], one["priceFen"]) for one in before["vehicles"][0]["goods"]] == [
        (10, WATER.price_fen)
    ]
    called = await post("/calls", HERE, "c-1")
    assert (called.status_code, (await post("/calls", HERE, "c-1")).content) == (201, called.content)
    assert (await post("/calls", HERE, "c-2")).json()["code"] == "call-open"
    assert before["chosen"] == called.json()["stops"][0]["placeId"]
    await town.idle.settle(KB)
    vehicle = town.script(SELLER)
    await vehicle.take_plan()
    on_the_way = (await around())["call"]
    assert (on_the_way["state"], on_the_way["vehicleCode"]) == (
        "on_the_way",
        before["vehicles"][0]["vehicleCode"],
    )
    wanted = {"vehicleCode": on_the_way["vehicleCode"], "slot": 1, "quantity": 2}
    refused = await post("/sales", wanted, "s-0")
    assert (refused.status_code, refused.json()["code"]) == (409, "vehicle-not-at-stop")
    await vehicle.reach(StopKind.VISIT)
    sale = (await post("/sales", wanted, "s-1")).json()
    assert (sale["state"], (await around())["vehicles"][0]["goods"][0]["left"]) == ("reserved", 8)
    opened = await post(f"/sales/{sale['saleId']}/open", {}, "o-1")
    assert (opened.status_code, opened.json()["state"]) == (202, "opening")
    body = {"saleId": sale["saleId"], "compartment": 1, "quantity": 1}
    assert await town.say(SELLER, "goods_taken", body, task_id=None, epoch=None) == "applied"
    done = (await client.get(f"{BASE}/sales/{sale['saleId']}", headers=anna)).json()
    assert (done["state"], done["sold"], done["soldFen"]) == ("settled", 1, WATER.price_fen)
    [bought] = (await around())["recentSales"]
    assert (bought["saleId"], bought["sold"], bought["soldFen"]) == (sale["saleId"], 1, WATER.price_fen)
    boris = await people.resident("+8613800138001")
    his = (await client.get(f"{BASE}/around", params=HERE, headers=boris)).json()
    assert (his["sales"], his["recentSales"]) == ([], [])
    assert (await client.get(f"{BASE}/sales/{sale['saleId']}", headers=boris)).status_code == 404
    assert (await client.get(f"{BASE}/calls/{called.json()['callId']}", headers=boris)).status_code == 404
    await vehicle.leave(StopKind.VISIT)
    assert (await around())["refusedCall"] is None
    again = await post("/calls", HERE, "c-3")
    town.outside = {(39.6, 109.79)}
    await town.idle.settle(KB)
    assert (await around())["refusedCall"]["reason"] == "outside_permit", again.text


async def test_a_position_of_a_phones_map_sdk_is_the_same_place(
    client: httpx.AsyncClient, people: People, town: Town
) -> None:
    await a_stocked_seller(town)
    anna = await people.resident()
    lat, lng = wgs84_to_gcj02(HERE["lat"], HERE["lng"])
    shifted = {**HERE, "lat": float(lat), "lng": float(lng)}

    async def around(where: dict[str, Any]) -> Any:
        found = (await client.get(f"{BASE}/around", params=where, headers=anna)).json()
        return [round(one["distanceM"]) for one in found["vehicles"]], [s["walkM"] for s in found["stops"]]

    vehicles, stops = await around(HERE)
    assert stops
    assert await around({**shifted, "datum": "gcj02"}) == (vehicles, pytest.approx(stops, abs=0.1))
    assert (await around(shifted))[0] != vehicles
    wrong = await client.get(f"{BASE}/around", params={**HERE, "datum": "bd09"}, headers=anna)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid-input")
    call = {**shifted, "datum": "gcj02"}
    called = await client.post(f"{BASE}/calls", json=call, headers={**anna, "Idempotency-Key": "c-1"})
    assert called.json()["walkM"] == pytest.approx(min(stops), abs=0.1)
