"""A station pushes parcels; a recipient without account chooses, declines or says nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx
import pytest

from core.auth.principal import EVERYTHING
from core.auth.services import AuthServices
from core.ids import MerchantId
from services.delivery.catalogue import Merchant
from services.delivery.store import CatalogueStore
from services.notices.store import NoticeStore
from services.orders.states import OrderState
from services.orders.store import OrderStore
from services.tasks.states import StopKind
from services.waybills.store import WaybillStore
from services.waybills.tell import WaybillWriter, link_token
from services.waybills.watch_waybills import WaybillWatch
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.town import DOOR, KB, Town, later

STATION = MerchantId("m-station")
ROWS = [
    {"number": "SF1", "phone": "13812345671", "litres": 3, "massKg": 1},
    {"number": "SF2", "phone": "13812345672", "litres": 3, "massKg": 1},
    {"number": "SF3", "phone": "13812345673", "litres": 3, "massKg": 1},
]


@pytest.fixture
async def station(town: Town, people: People) -> Mapping[str, str]:
    async with town.database.write() as tx:
        await CatalogueStore(tx).put_merchant(
            Merchant(
                merchant_id=STATION,
                district=KB,
                kind="parcel_station",
                name_zh="示例驿站",
                name_en="Sample station",
                lat=39.605,
                lng=109.795,
                open_hours="08:00-22:00",
            )
        )
    await town.add_vehicle(7)
    return await people.merchant(STATION)


def keyed(who: Mapping[str, str], key: str) -> dict[str, str]:
    return {**who, "idempotency-key": key}


async def tokens(town: Town, auth: AuthServices) -> dict[str, str]:
    """The links as they stand in the messages, by waybill number."""
    async with town.database.read() as tx:
        found = await WaybillStore(tx).listed(EVERYTHING, limit=10)
        told = {}
        for waybill in found:
            [notice] = await NoticeStore(tx).of_subject(f"waybill:{waybill.waybill_id}")
            facts = await WaybillWriter(auth.keys, "http://steppe.test").facts(tx, notice)
            assert facts is not None
            told[waybill.number] = facts.words["link"][0].split("#waybill=")[1]
            assert told[waybill.number] == link_token(auth.keys, waybill.waybill_id).token
    return told


async def test_a_station_pushes_all_or_nothing_and_a_number_once(
    client: httpx.AsyncClient, station: Mapping[str, str], people: People, town: Town
) -> None:
    path = "/api/merchant/waybills"
    for _ in range(2):
        made = await client.post(path, json={"waybills": ROWS[:2]}, headers=keyed(station, "k-1"))
        assert (made.status_code, made.json()) == (201, {"created": 2})
    again = await client.post(path, json={"waybills": [ROWS[2], ROWS[0]]}, headers=keyed(station, "k-2"))
    assert (again.status_code, again.json()["code"]) == (400, "waybills-invalid")
    assert '"row":2' in again.text
    text = "number,phone,litres,mass_kg\nSF9,13812345679,3,1\nSF8,13812345678,500,1\n"
    wrong = await client.post(f"{path}/csv", json={"csv": text}, headers=keyed(station, "k-3"))
    assert (wrong.status_code, '"row":3' in wrong.text) == (400, True)
    listed = (await client.get(path, headers=station)).json()
    assert sorted((one["number"], one["state"], one["phone"]) for one in listed) == [
        ("SF1", "offered", "138****5671"),
        ("SF2", "offered", "138****5672"),
    ]
    shop = await people.merchant()
    refused = await client.post(path, json={"waybills": ROWS}, headers=keyed(shop, "k-4"))
    assert (refused.status_code, refused.json()["code"]) == (409, "area-not-served")
    assert (await client.get(path, headers=shop)).json() == []


async def test_a_recipient_without_account_chooses_and_a_vehicle_brings_it(
    client: httpx.AsyncClient, station: Mapping[str, str], town: Town, auth: AuthServices
) -> None:
    await client.post("/api/merchant/waybills", json={"waybills": ROWS}, headers=keyed(station, "k-1"))
    links = await tokens(town, auth)
    offer = (await client.post("/api/waybills/open", json={"token": links["SF1"]})).json()
    assert (offer["state"], offer["number"]) == ("offered", "SF1")
    slot = offer["slots"][0]
    choice = {"token": links["SF1"], "slotAt": slot, "pickupPointId": DOOR}
    for _ in range(2):
        chosen = await client.post("/api/waybills/choose", json=choice)
        assert (chosen.status_code, chosen.json()["state"]) == (200, "chosen")
    late = await client.post("/api/waybills/choose", json={**choice, "slotAt": "2020-01-01T00:00:00Z"})
    assert (late.status_code, late.json()["code"]) == (400, "invalid-input")
    for _ in range(2):
        declined = await client.post("/api/waybills/decline", json={"token": links["SF2"]})
        assert declined.json()["state"] == "counter"
    assert (await client.post("/api/waybills/open", json={"token": "wb_guess"})).status_code == 404

    watch = WaybillWatch(town.database, town.clock)
    later(town, (datetime.fromisoformat(slot) - town.now - timedelta(minutes=14)).total_seconds())
    assert await watch.watch_once() == 1
    assert await watch.watch_once() == 0
    opened = (await client.post("/api/waybills/open", json={"token": links["SF1"]})).json()
    again = (await client.post("/api/waybills/open", json={"token": links["SF1"]})).json()
    assert opened["orderToken"] == again["orderToken"]
    session = await client.post("/api/links/session", json={"token": opened["orderToken"]})
    assert session.json()["orderId"] == opened["orderId"]
    async with town.database.read() as tx:
        [order] = await OrderStore(tx).listed(EVERYTHING)
    assert (order.merchant_id, order.state, order.total_fen) == (STATION, OrderState.ACCEPTED, 0)
    town.listener.says(7, measured_at=town.now)
    await town.operators_stay()
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    await vehicle.reach(StopKind.HANDOVER)
    await vehicle.hand_over(order)
    assert (await town.read(order.order_id)).state is OrderState.DELIVERED
    closed = (await client.post("/api/waybills/open", json={"token": links["SF1"]})).json()
    assert (closed["state"], closed["orderToken"]) == ("ordered", None)


async def test_no_answer_by_the_deadline_is_the_counter_and_she_is_told(
    client: httpx.AsyncClient, station: Mapping[str, str], town: Town, auth: AuthServices
) -> None:
    await client.post("/api/merchant/waybills", json={"waybills": ROWS[:1]}, headers=keyed(station, "k-1"))
    links = await tokens(town, auth)
    offer = (await client.post("/api/waybills/open", json={"token": links["SF1"]})).json()
    watch = WaybillWatch(town.database, town.clock)
    assert await watch.watch_once() == 0
    later(town, 4 * 3600)
    choice = {"token": links["SF1"], "slotAt": offer["slots"][-1], "pickupPointId": DOOR}
    late = await client.post("/api/waybills/choose", json=choice)
    assert (late.status_code, late.json()["code"]) == (410, "gone")
    assert await watch.watch_once() == 1
    async with town.database.read() as tx:
        [waybill] = await WaybillStore(tx).listed(EVERYTHING, limit=10)
        told = await NoticeStore(tx).of_subject(f"waybill:{waybill.waybill_id}")
    assert (waybill.state, waybill.reason) == ("counter", "no_answer")
    assert [notice.occasion for notice in told] == ["waybill", "counter"]
