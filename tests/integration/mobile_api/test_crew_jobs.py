"""The field crew on a phone: what is next, and a rescue from the call to the goods going on."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from core.ids import VehicleNo
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.open_work_order import NewWork, follow_alarm, open_work
from services.orders.states import OrderState
from services.tasks.states import TaskState
from tests.integration.fleet.builders import a_principal
from tests.integration.mobile_api.conftest import People
from tests.integration.services.orders.on_the_way import an_order_on_board
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import Town, later

PATH = "/api/crew/jobs"


class Phone:
    """The phone of one of the crew."""

    def __init__(self, client: httpx.AsyncClient, headers: Mapping[str, str]) -> None:
        self._client = client
        self._headers = headers
        self._keys = 0

    async def jobs(self, query: str = "") -> list[dict[str, Any]]:
        answer = await self._client.get(f"{PATH}{query}", headers=dict(self._headers))
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    async def say(self, job: str, word: str, body: Any = None, key: str = "") -> httpx.Response:
        self._keys += 1
        headers = {**self._headers, "Idempotency-Key": key or f"k-{self._keys}"}
        return await self._client.post(f"{PATH}/{job}/{word}", json=body, headers=headers)


@pytest.fixture
async def phone(client: httpx.AsyncClient, people: People) -> Phone:
    return Phone(client, await people.crew())


async def a_stranded_order(town: Town) -> tuple[str, ScriptedVehicle]:
    """An order in a vehicle that fell silent with it, and the rescue that this opened."""
    order, vehicle = await an_order_on_board(town)
    later(town, 700)
    await town.operators_stay()
    assert await town.watch.watch_once() == 1
    await AlarmFollowUp(town.database, town.clock, [follow_alarm]).work_once()
    return order.order_id, vehicle


async def test_a_rescue_is_taken_done_and_its_goods_go_on(town: Town, phone: Phone) -> None:
    order_id, _ = await a_stranded_order(town)
    [offered] = await phone.jobs("?lat=39.6&lng=109.79")
    assert (offered["kind"], offered["severity"], offered["isMine"]) == ("rescue", "major", False)
    assert (offered["calls"], offered["vehicle"]["isHeardPlace"]) == ([], True)
    assert offered["distanceM"] == pytest.approx(857, abs=2)
    job = offered["workOrderId"]
    taken = (await phone.say(job, "take")).json()
    assert [(call["orderId"], call["state"]) for call in taken["calls"]] == [(order_id, "needs_recovery")]
    assert "****" in taken["calls"][0]["phone"]
    for word, state in (("start", "en_route"), ("arrive", "on_site")):
        answer = await phone.say(job, word)
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    proof = {"note": "换了电池", "photos": ["media/7"], "goods": "resumed"}
    done = await phone.say(job, "done", proof, key="once")
    assert (done.status_code, done.json()["state"]) == (200, "done"), done.text
    assert (await town.read(order_id)).state is OrderState.IN_TRANSIT  # type: ignore[arg-type]
    task = await town.task_of(7)
    assert task is not None
    assert task.state is TaskState.EXECUTING
    assert (await phone.say(job, "done", proof, key="once")).json() == done.json()
    assert await phone.jobs() == []


async def test_goods_that_the_crew_brings_back_close_their_order(town: Town, phone: Phone) -> None:
    order_id, _ = await a_stranded_order(town)
    job = (await phone.jobs())[0]["workOrderId"]
    for word in ("take", "start", "arrive"):
        assert (await phone.say(job, word)).status_code == 200
    await phone.say(job, "done", {"note": "送回商户", "goods": "returned"})
    assert (await town.read(order_id)).state is OrderState.RETURNED  # type: ignore[arg-type]
    assert await town.task_of(7) is None


async def test_goods_that_the_crew_says_nothing_of_stay_an_operators_choice(town: Town, phone: Phone) -> None:
    order_id, _ = await a_stranded_order(town)
    job = (await phone.jobs())[0]["workOrderId"]
    for word in ("take", "start", "arrive"):
        await phone.say(job, word)
    assert (await phone.say(job, "done", {"note": "等调度决定"})).status_code == 200
    assert (await town.read(order_id)).state is OrderState.NEEDS_RECOVERY  # type: ignore[arg-type]


async def test_a_job_that_cannot_be_done_says_why_and_anothers_is_not_touched(
    town: Town, phone: Phone, client: httpx.AsyncClient, people: People
) -> None:
    await town.add_vehicle(8)
    new = NewWork(vehicle_no=VehicleNo(8), kind=WorkKind.UNLOCK, cause="货舱卡住", is_safety=True)
    async with town.database.write() as tx:
        job = (await open_work(tx, a_principal(), new, at=town.now)).work_order_id
    other = Phone(client, await people.crew("crew-2"))
    await phone.say(job, "take")
    refused = await other.say(job, "start")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert await other.jobs() == []
    silent = await phone.say(job, "cannot", {"reason": " "})
    assert (silent.status_code, silent.json()["code"]) == (400, "reason-missing")
    gone = await phone.say(job, "cannot", {"reason": "锁坏了", "instead": "repair"})
    assert gone.json()["state"] == "cannot"
    assert [(each["kind"], each["state"]) for each in await other.jobs()] == [("repair", "open")]


async def test_half_a_place_is_refused_by_name(client: httpx.AsyncClient, people: People) -> None:
    answer = await client.get(f"{PATH}?lat=39.6", headers=dict(await people.crew()))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
    assert "lat, lng" in answer.text
