"""The synthetic keypad page, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from fleet.links.wire.commands import CommandKind, OpenCompartment
from simulator.clock import CityClock
from simulator.keypad_page import KeypadApp
from simulator.memory_file import MemoryFile
from simulator.vehicles.vehicle import Situation
from simulator.world import World
from tests.integration.simulator.conftest import issued
from tests.simulated import CODES, START_MS, a_command, a_delivery

CODE = "EDS-KB-D-0007-X"


@pytest.fixture
def world(tmp_path: Path) -> World:
    clock = CityClock()
    clock.tell(START_MS, 1.0)
    memories = MemoryFile(tmp_path / "memory.sqlite3")
    return World(issued(), "http://127.0.0.1:1", memories, seed=1, outages_per_hour=0.0, clock=clock)


@pytest.fixture
async def visitor(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=KeypadApp(world))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://keypad") as client:
        yield client


def drive_to_pickup_point(world: World) -> None:
    vehicle = world.vehicles[7]
    plan = a_command(CommandKind.ASSIGN_TASK, a_delivery(), epoch=1)
    door = a_command(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=1, order_id="o1"), ttl_s=None)
    vehicle.obey(plan, START_MS)
    for second in range(1, 400):
        vehicle.step(Situation(START_MS + second * 1000, 15.0, True))
        task = vehicle.memory.task
        if task is not None and task.stop.stop_id == "s-load" and task.phase == "at_stop":
            vehicle.obey(door, START_MS + second * 1000)
        if task is not None and task.stop.stop_id == "s-hand" and task.phase == "at_stop":
            return
    raise AssertionError("never arrived")


async def test_the_page_says_that_it_is_simulated(visitor: httpx.AsyncClient) -> None:
    page = await visitor.get(f"/keypad/{CODE}")
    assert page.status_code == 200
    assert "模拟 / SIMULATED" in page.text
    assert CODE in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_a_right_code_opens_the_compartment(world: World, visitor: httpx.AsyncClient) -> None:
    drive_to_pickup_point(world)
    assert CODE in (await visitor.get("/keypad")).text
    wrong = await visitor.post(f"/keypad/{CODE}", json={"code": "000000"})
    assert wrong.json() == {"result": "wrong", "compartment": None, "triesLeft": 4}
    right = await visitor.post(f"/keypad/{CODE}", json={"code": CODES[1]})
    assert right.json() == {"result": "opened", "compartment": 1, "triesLeft": None}
    again = await visitor.post(f"/keypad/{CODE}", json={"code": CODES[1]})
    assert again.json()["result"] == "open_already"


async def test_on_the_way_there_is_nothing_to_collect(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post(f"/keypad/{CODE}", json={"code": CODES[1]})
    assert answer.json()["result"] == "nothing_here"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"code":123456}', b'{"code":"12345"}', b'{"code":"12345a"}', b'{"code":"1234567"}',
     '{"code":"１２３４５６"}'.encode(), b'{"code":"123456","more":1}', b"x" * 5000],
    ids=range(10),
)  # fmt: skip
async def test_what_is_not_six_digits_is_refused(visitor: httpx.AsyncClient, body: bytes) -> None:
    answer = await visitor.post(f"/keypad/{CODE}", content=body)
    assert answer.status_code == 400
    assert answer.json() == {"result": "not_six_digits"}


@pytest.mark.parametrize(
    "path", ["/keypad/EDS-KB-D-9999-X", "/keypad/<script>alert", "/other", "/keypad/a/b"]
)
async def test_there_is_no_other_page(visitor: httpx.AsyncClient, path: str) -> None:
    answer = await visitor.get(path)
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
