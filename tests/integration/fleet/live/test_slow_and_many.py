"""Slow lines and many screens: what a screen holds in the end is the truth, and no alarm is lost."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core import keys
from core.kinds import ServiceKind
from fleet.live.cell_messages import read_cells
from fleet.telemetry.records import LIVE, LiveKind, live_message, read_live_message
from geofences.cover import cells_of, parents
from tests.integration.fleet.live.wall import Wall, a_row, standing

type Eventually = Callable[..., Awaitable[Any]]

SLOW_BYTES_A_S = 100_000
MANY = 20_000
SCREENS = 50
TOWN = [109.75, 39.75, 109.85, 39.85]
SERVICES = (ServiceKind.DELIVERY, ServiceKind.VENDING)


class Picture:
    """What a screen would draw, and whether a message was missing on the way."""

    def __init__(self, socket: ClientConnection, many: int) -> None:
        self.socket = socket
        self.records = np.zeros(many + 1, LIVE)
        self.cells: dict[int, int] = {}
        self.texts: list[dict[str, Any]] = []
        self.heard_bytes = 0
        self.gaps = 0
        self._seq = 0
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for data in self.socket:
                if isinstance(data, str):
                    self.texts.append(json.loads(data))
                else:
                    self._take(data)
        except ConnectionClosed:
            return

    def _take(self, data: bytes) -> None:
        self.heard_bytes += len(data)
        kind = LiveKind(data[3])
        if kind in (LiveKind.CELLS_SNAPSHOT, LiveKind.CELLS_DELTA):
            rows = read_cells(data)
            seq = rows.seq
            if kind is LiveKind.CELLS_SNAPSHOT:
                self.cells = {}
            self.cells |= dict(zip(rows.cells.tolist(), rows.counts.tolist(), strict=True))
        else:
            _, seq, _, records = read_live_message(data)
            if kind is LiveKind.SNAPSHOT:
                self.records[:] = np.zeros(1, LIVE)
            self.records[records["vehicle_no"]] = records
        self.gaps += seq != self._seq + 1
        self._seq = seq

    async def ask(self, **more: Any) -> None:
        await self.socket.send(json.dumps({"type": "subscribe", "topics": ["vehicles"], **more}))


@asynccontextmanager
async def picture(port: int, many: int, token: str = "all") -> AsyncIterator[Picture]:
    url = f"ws://127.0.0.1:{port}/api/live"
    async with connect(
        url, additional_headers={"Authorization": f"Bearer {token}"}, compression=None, max_size=None
    ) as socket:
        found = Picture(socket, many)
        yield found
    await found.reader


class SlowLine:
    """A proxy whose way back takes so many bytes a second, and none while it is blocked."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self.open = asyncio.Event()
        self.open.set()
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            for task in self._tasks:
                task.cancel()
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A line holds little: without this bound the proxy's own kernel would take megabytes at once.
        up = socket.socket()
        up.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        up.setblocking(False)
        await asyncio.get_running_loop().sock_connect(up, ("127.0.0.1", self._to_port))
        up_reader, up_writer = await asyncio.open_connection(sock=up, limit=4_096)
        self._tasks += [
            asyncio.create_task(self._forth(reader, up_writer)),
            asyncio.create_task(self._back(up_reader, writer)),
        ]

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4_096):
            writer.write(data)
        writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await self.open.wait()
            data = await reader.read(SLOW_BYTES_A_S // 20)
            if not data:
                break
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(len(data) / SLOW_BYTES_A_S)
        writer.close()


def a_fleet(many: int) -> Any:
    rng = np.random.default_rng(4)
    records = np.zeros(many, LIVE)
    records["vehicle_no"] = np.arange(1, many + 1)
    records["lat_e7"] = 398_000_000 + rng.integers(-900_000, 900_000, many)
    records["lng_e7"] = 1_098_000_000 + rng.integers(-900_000, 900_000, many)
    return records


async def drive(wall: Wall, fleet: Any, rng: np.random.Generator, share: float) -> None:
    """Move a share of the fleet and tell it by rooms."""
    moved = np.flatnonzero(rng.random(len(fleet)) < share)
    for axis in ("lat_e7", "lng_e7"):
        fleet[axis][moved] += rng.integers(-20_000, 20_001, len(moved))
    fleet["flags"][moved] = rng.integers(0, 5, len(moved))
    for part in np.array_split(moved, 10):
        await wall.redis.publish(keys.room("x"), live_message(LiveKind.DELTA, 1, 1, fleet[part]))


@pytest.mark.slow
async def test_a_line_of_100_kb_a_second_shows_the_truth_of_20000_vehicles(
    valkey_url: str, tmp_path: Path, eventually: Eventually
) -> None:
    await slow_line_shows_the_truth(valkey_url, tmp_path, eventually, MANY, within_s=30)


async def slow_line_shows_the_truth(
    valkey_url: str, tmp_path: Path, eventually: Eventually, many: int, within_s: float
) -> dict[str, float]:
    """Drive a fleet before a slow and a fast screen; return what the slow one took to hold the truth."""
    fleet, rng = a_fleet(many), np.random.default_rng(8)
    rows = [a_row(number) for number in range(1, many + 1)]
    async with standing(valkey_url, tmp_path, rows) as wall:
        line = SlowLine(wall.port)
        async with line.running() as port, picture(port, many) as slow, picture(wall.port, many) as fast:
            await slow.ask()
            await fast.ask()
            await eventually(lambda: wall.hub._is_mirror_current.is_set())
            for share in (1.0, *[0.5] * 14):
                await drive(wall, fleet, rng, share)
                await asyncio.sleep(0.5)
            stopped_s = time.monotonic()
            coalesced = sum(client.coalesced for client in wall.hub.clients)
            await eventually(lambda: (fast.records[1:] == fleet).all(), within=within_s)
            await eventually(lambda: (slow.records[1:] == fleet).all(), within=within_s)
            held_s = time.monotonic() - stopped_s
            assert coalesced > many
            assert slow.heard_bytes < fast.heard_bytes / 1.5
            assert (slow.gaps, fast.gaps) == (0, 0)
            assert slow.socket.close_code is None
            return {
                "vehicles": many,
                "lineBytesPerS": SLOW_BYTES_A_S,
                "trueAfterS": round(held_s, 1),
                "overtaken": coalesced,
                "heardMb": round(slow.heard_bytes / 1e6, 1),
                "heardOnAFastLineMb": round(fast.heard_bytes / 1e6, 1),
            }


async def test_fifty_screens_of_all_sorts_show_the_truth(
    valkey_url: str, tmp_path: Path, eventually: Eventually
) -> None:
    many = 3_000
    fleet, rng = a_fleet(many), np.random.default_rng(9)
    rows = [a_row(no, "op"[no % 2], SERVICES[no // 2 % 2]) for no in range(1, many + 1)]
    asked: list[tuple[str, dict[str, Any]]] = [
        ("all", {}),
        ("kb", {}),
        ("all", {"bbox": TOWN}),
        ("all", {"filter": {"operators": ["p"]}}),
        ("all", {"zoom": 9.0, "mode": "cells"}),
        ("all", {"zoom": 9.0, "bbox": None}),
        ("all", {"zoom": 11.5, "filter": {"services": ["vending"]}, "mode": "cells"}),
    ]
    numbers = fleet["vehicle_no"]
    who = [
        numbers > 0,
        numbers < 10,
        numbers > 0,
        numbers % 2 == 1,
        numbers > 0,
        numbers > 0,
        numbers // 2 % 2 == 1,
    ]
    async with standing(valkey_url, tmp_path, rows) as wall, asyncio.TaskGroup() as group:
        ends = asyncio.Event()
        pictures: list[Picture] = []

        async def keep(index: int) -> None:
            token, more = asked[index % len(asked)]
            async with picture(wall.port, many, token) as one:
                pictures.append(one)
                await one.ask(**more)
                await ends.wait()

        for index in range(SCREENS):
            group.create_task(keep(index))
            await eventually(lambda: len(pictures) == index + 1)  # noqa: B023 - called at once
        await eventually(lambda: wall.hub._is_mirror_current.is_set())
        for share in (1.0, *[0.4] * 11):
            await drive(wall, fleet, rng, share)
            await asyncio.sleep(0.2)
        try:
            for index, one in enumerate(pictures):
                mine = fleet[who[index % len(asked)]]
                kind = index % len(asked)
                await eventually(lambda: is_true(one, mine, kind), within=20)  # noqa: B023 - called at once
            assert [one.gaps for one in pictures] == [0] * SCREENS
        finally:
            ends.set()


def is_true(one: Picture, mine: Any, kind: int) -> bool:
    """Whether a picture is the truth of these vehicles: themselves, those in the box, or counts."""
    if kind >= 4:
        fine = cells_of(mine["lat_e7"] * 1e-7, mine["lng_e7"] * 1e-7, 9)
        cells, counts = np.unique(parents(fine, 6 if kind < 6 else 8), return_counts=True)
        shown = {cell: count for cell, count in one.cells.items() if count}
        return shown == dict(zip(cells.tolist(), counts.tolist(), strict=True))
    if kind != 2:
        return bool((one.records[mine["vehicle_no"]] == mine).all() and _known(one) == len(mine))
    west, south, east, north = (round(edge * 1e7) for edge in TOWN)
    lat, lng = mine["lat_e7"], mine["lng_e7"]
    inside = mine[(lat >= south) & (lat <= north) & (lng >= west) & (lng <= east)]
    return bool((one.records[inside["vehicle_no"]] == inside).all())


def _known(one: Picture) -> int:
    return int((one.records["vehicle_no"] != 0).sum())


@pytest.mark.parametrize("many", [150, 3_000], ids=["within the bound", "past the bound"])
async def test_alarms_to_a_line_that_stands_still_are_all_told_or_the_screen_is_closed(
    wall: Wall, eventually: Eventually, many: int
) -> None:
    line = SlowLine(wall.port)
    async with line.running() as port, picture(port, 20) as one:
        await one.ask(topics=["alarms"])
        await eventually(lambda: one.texts)
        line.open.clear()
        client = next(iter(wall.hub.clients))
        for number in range(many):
            item = msgspec.json.encode({"alarmId": str(number), "text": "x" * 4_000})
            client.tell("alarms", "upsert", [msgspec.Raw(item)])
            await asyncio.sleep(0)
        closed = client.close_reason
        await asyncio.sleep(0.1)
        line.open.set()
        if closed:
            await one.reader
            assert one.socket.close_code == 4480
        else:
            await eventually(lambda: len(one.texts) == many + 1, within=40)
        assert [text["seq"] for text in one.texts] == list(range(len(one.texts)))
    assert closed == ("client-too-slow" if many > 1_000 else "")
