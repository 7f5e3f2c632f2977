"""Screens over a real socket: snapshot first, then deltas, only what they may see."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from core import keys
from fleet.live.feeds import Change
from fleet.telemetry.records import STREAM_POSITION, LiveKind, entry_fields, read_live_message
from tests.integration.fleet.live.wall import Item, Wall

type Eventually = Callable[..., Awaitable[Any]]


async def test_a_screen_gets_a_snapshot_and_then_deltas_in_one_sequence(
    wall: Wall, eventually: Eventually
) -> None:
    await wall.blob((1, 39.6, 109.8), (12, 39.7, 109.9))
    async with wall.screen() as screen:
        await screen.ask("vehicles")
        await eventually(lambda: len(screen.seen()) == 2)
        await eventually(lambda: wall.hub._is_mirror_current.is_set())
        await wall.tell((1, 39.61, 109.81))
        await eventually(lambda: screen.seen()[1] == (39.61, 109.81))
    assert screen.frames[0][0] is LiveKind.SNAPSHOT
    assert [kind for kind, _, _ in screen.frames[1:]] == [LiveKind.DELTA] * (len(screen.frames) - 1)
    assert [seq for _, seq, _ in screen.frames] == list(range(1, len(screen.frames) + 1))


async def test_vehicles_come_while_facts_are_still_being_read(wall: Wall, eventually: Eventually) -> None:
    await wall.blob((1, 39.6, 109.8))
    wall.feed.answers.clear()
    async with wall.screen() as screen:
        await screen.ask("alarms", "vehicles")
        await eventually(lambda: 1 in screen.seen())
        assert screen.texts == []
        wall.feed.answers.set()
        await eventually(lambda: [text["topic"] for text in screen.texts] == ["alarms"])


async def test_a_screen_sees_only_what_is_within_its_reach(wall: Wall, eventually: Eventually) -> None:
    await wall.blob((1, 39.6, 109.8), (12, 39.7, 109.9))
    async with wall.screen("kb") as screen, wall.screen() as everything:
        await screen.ask("vehicles")
        await everything.ask("vehicles")
        await eventually(lambda: len(everything.seen()) == 2)
        await eventually(lambda: wall.hub._is_mirror_current.is_set())
        await wall.tell((12, 39.8, 109.9), (2, 39.6, 109.7), (777, 39.6, 109.7))
        await eventually(lambda: len(everything.seen()) == 3)
        await eventually(lambda: 2 in screen.seen())
    assert sorted(screen.seen()) == [1, 2]
    assert sorted(everything.seen()) == [1, 2, 12]


async def test_a_map_view_gets_what_is_in_it_and_once_more_what_leaves_it(
    wall: Wall, eventually: Eventually
) -> None:
    await wall.blob((1, 39.6, 109.8), (2, 40.5, 109.8))
    async with wall.screen() as screen, wall.screen() as everything:
        await everything.ask("vehicles")
        await screen.ask("vehicles", bbox=[109.7, 39.5, 109.9, 39.7])
        await eventually(lambda: sorted(screen.seen()) == [1])
        await eventually(lambda: wall.hub._is_mirror_current.is_set())
        await wall.tell((1, 39.75, 109.8), (2, 40.51, 109.8))
        await eventually(lambda: screen.seen()[1] == (39.75, 109.8))
        await wall.tell((1, 39.8, 109.8), (3, 39.6, 109.8))
        await eventually(lambda: 3 in screen.seen())
        await eventually(lambda: everything.seen()[1] == (39.8, 109.8))
    assert screen.seen() == {1: (39.75, 109.8), 3: (39.6, 109.8)}


async def test_facts_come_as_snapshot_upsert_and_remove(wall: Wall, eventually: Eventually) -> None:
    wall.feed.items = {"a": Item("a", "KB")}

    async def change(id_: str) -> None:
        await wall.redis.publish(keys.changed("alarm"), msgspec.json.encode(Change("alarm", id_)))

    async with wall.screen("kb") as screen:
        await screen.ask("alarms")
        await eventually(lambda: len(screen.texts) == 1)
        wall.feed.items["b"] = Item("b", "KB")
        wall.feed.items["c"] = Item("c", "DL")
        await change("b")
        await eventually(lambda: len(screen.texts) == 2)
        await change("c")
        await eventually(lambda: len(screen.texts) == 3)
        del wall.feed.items["a"]
        await change("a")
        await eventually(lambda: len(screen.texts) == 4)
    assert screen.texts == [
        {"topic": "alarms", "type": "snapshot", "seq": 0, "items": [{"alarmId": "a", "district": "KB"}]},
        {"topic": "alarms", "type": "upsert", "seq": 1, "items": [{"alarmId": "b", "district": "KB"}]},
        {"topic": "alarms", "type": "remove", "seq": 2, "items": [{"alarmId": "c"}]},
        {"topic": "alarms", "type": "remove", "seq": 3, "items": [{"alarmId": "a"}]},
    ]


async def test_topics_that_a_role_may_not_read_stay_silent(wall: Wall, eventually: Eventually) -> None:
    async with wall.screen("all") as screen:
        await screen.ask("orders", "alarms", "no-such-topic")
        await eventually(lambda: screen.texts)
        await asyncio.sleep(0.05)
    assert [text["topic"] for text in screen.texts] == ["alarms"]


@pytest.mark.parametrize(
    ("token", "code"), [("nobody", 4401), ("crew", 4403)], ids=["unknown token", "role without the scope"]
)
async def test_who_may_not_look_is_told_so(wall: Wall, token: str, code: int) -> None:
    async with wall.screen(token) as screen:
        await screen.reader
        assert screen.socket.close_code == code


@pytest.mark.parametrize("text", ["{", '{"type":"subscribe","topics":["vehicles"],"bbox":[1,2,3]}',
                                  '{"type":"subscribe","topics":["vehicles"],"bbox":[5,2,3,4]}'],
                         ids=["no json", "three numbers", "west of east"])  # fmt: skip
async def test_a_subscription_that_cannot_be_read_closes_with_4400(wall: Wall, text: str) -> None:
    async with wall.screen() as screen:
        await screen.socket.send(text)
        await screen.reader
        assert screen.socket.close_code == 4400


async def test_a_hub_that_stops_listening_begins_again_for_the_next_screen(
    wall: Wall, eventually: Eventually
) -> None:
    for _ in range(2):
        async with wall.screen() as screen:
            await screen.ask("vehicles")
            await eventually(lambda: screen.frames)
            await eventually(lambda: wall.hub._is_mirror_current.is_set())
            await wall.tell((5, 39.6, 109.8))
            await eventually(lambda: 5 in screen.seen())
        await eventually(lambda: not wall.hub.clients)


async def test_positions_answer_with_the_same_bytes_within_reach_and_box(wall: Wall) -> None:
    await wall.blob((1, 39.6, 109.8), (2, 40.5, 109.8), (12, 39.6, 109.8))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{wall.port}") as client:
        kb = {"Authorization": "Bearer kb"}
        whole = await client.get("/api/vehicles/positions", headers=kb)
        part = await client.get("/api/vehicles/positions?bbox=109.7,39.5,109.9,39.7", headers=kb)
        wrong = await client.get("/api/vehicles/positions?bbox=1,2,3", headers=kb)
        nobody = await client.get("/api/vehicles/positions")
    assert sorted(read_live_message(whole.content)[3]["vehicle_no"].tolist()) == [1, 2]
    assert read_live_message(part.content)[3]["vehicle_no"].tolist() == [1]
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid-input")
    assert nobody.status_code == 401


async def test_a_trail_comes_from_the_stream_and_not_of_foreign_vehicles(wall: Wall) -> None:
    now_ms = wall.hub.city_ms()
    records = np.zeros(3, STREAM_POSITION)
    records["vehicle_no"], records["seq"] = (4, 8, 4), (1, 1, 2)
    records["lat_e7"], records["lng_e7"] = 396_000_000, 1_098_000_000
    records["measured_ms"] = (now_ms - 5_000, now_ms, now_ms - 4_000)
    await wall.redis.xadd(keys.telemetry(0), entry_fields(now_ms, records, None))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{wall.port}") as client:
        kb = {"Authorization": "Bearer kb"}
        answer = await client.get("/api/vehicles/4/trail", headers=kb)
        foreign = await client.get("/api/vehicles/12/trail", headers=kb)
        backwards = await client.get("/api/vehicles/4/trail?from_ms=5&to_ms=4", headers=kb)
    points = answer.json()["points"]
    assert [point["measuredAtMs"] for point in points] == [now_ms - 5_000, now_ms - 4_000]
    assert points[0]["lat"] == 39.6
    assert foreign.status_code == 404
    assert backwards.json()["code"] == "time-out-of-range"


async def test_vehicles_near_a_place_or_a_vehicle_come_nearest_first_within_reach(wall: Wall) -> None:
    await wall.blob((1, 39.6, 109.8), (2, 39.601, 109.8), (3, 39.6, 109.9), (12, 39.6, 109.8))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{wall.port}") as client:
        kb = {"Authorization": "Bearer kb"}
        place = await client.get("/api/vehicles/near?lat=39.6&lng=109.8&radiusM=500", headers=kb)
        vehicle = await client.get("/api/vehicles/near?vehicleNo=1&radiusM=500", headers=kb)
        foreign = await client.get("/api/vehicles/near?vehicleNo=12&radiusM=500", headers=kb)
        neither = await client.get("/api/vehicles/near?lat=39.6", headers=kb)
    near = [(each["vehicleNo"], each["distanceM"]) for each in place.json()["items"]]
    assert near == [(1, 0.0), (2, 111.2)]
    assert [each["vehicleNo"] for each in vehicle.json()["items"]] == [2]
    assert foreign.status_code == 404
    assert (neither.status_code, neither.json()["code"]) == (400, "invalid-input")
