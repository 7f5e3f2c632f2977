"""The load of ``benchmarks.live``: rooms as a tracker tells them, and screens that drain or verify.

``python -m benchmarks.live_load feed|screens '<plan JSON>'``; says what it does as JSON lines.
"""

import asyncio
import sys
from base64 import b64encode
from typing import Any, Final

import click
import msgspec
import numpy as np
import uvloop

from core import keys
from core.clock import Clock
from core.redis import connect
from fleet.live.cell_messages import read_cells
from fleet.telemetry.records import LIVE, LiveKind, live_message, read_live_message
from geofences.cover import cells_of, parents
from steppe.bench.machine import open_files_most
from steppe.bench.world import TOWNS, World

TICK_S: Final = 0.1
ROOM: Final = 5
FAR_ZOOM: Final = 9.0
FAR_RESOLUTION: Final = 6
CLOSE_ZOOM: Final = 14.0
HALF_WIDE, HALF_HIGH = 0.02, 0.012
"""Degrees: what 1920 × 1080 pixels show at zoom 14."""
BUFFER_BYTES: Final = 1 << 20


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured."""

    world: World
    full: int = 200
    """Screens over the whole city, vehicle by vehicle."""
    verified: int = 50
    """Of all screens, how many check what they hold at the end."""
    viewports: int = 0
    """Screens with a view of their own: every second one is close (vehicles), the others far (cells)."""
    truth: str = ""
    """File in which the feed leaves the truth."""


async def feed(plan: Plan) -> None:
    """Move every vehicle once a second, a tenth of them a tick, until stdin ends; then leave the truth."""
    redis, clock = connect(plan.world.valkey), Clock.real()
    lat, lng = plan.world.homes()
    many = plan.world.vehicles
    rng = np.random.default_rng(3)
    heading = rng.uniform(0, 2 * np.pi, many)
    truth = np.zeros(many, LIVE)
    truth["vehicle_no"], truth["battery_200"], truth["speed_5"] = np.arange(1, many + 1), 150, 15
    order = rng.permutation(many)
    stopped = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    due_s, tick = clock.monotonic_s(), 0
    while not stopped.done():
        due_s += TICK_S
        rows = np.sort(order[tick % 10 :: 10])
        tick += 1
        heading[rows] += rng.normal(size=len(rows)) * 0.1
        lat[rows] += np.cos(heading[rows]) * 2.7e-5
        lng[rows] += np.sin(heading[rows]) * 3.5e-5
        truth["lat_e7"][rows], truth["lng_e7"][rows] = np.rint(lat[rows] * 1e7), np.rint(lng[rows] * 1e7)
        truth["heading_256"][rows] = np.degrees(heading[rows]) % 360 * 256 / 360
        truth["flags"][rows] = 2 + (rng.random(len(rows)) < 0.002) * (2 | 2 << 6)
        rooms = parents(cells_of(lat[rows], lng[rows], 9), ROOM)
        async with redis.pipeline(transaction=False) as pipe:
            for room in np.unique(rooms).tolist():
                told = live_message(LiveKind.DELTA, tick, clock.now_ms(), truth[rows[rooms == room]])
                pipe.publish(keys.room(f"{room:x}"), told)
            await pipe.execute()
        await asyncio.sleep(max(0.0, due_s - clock.monotonic_s()))
    np.save(plan.truth, truth)


class Screen(asyncio.BufferedProtocol):
    """A socket that takes what comes; one that verifies also keeps its picture."""

    def __init__(self, plan: Plan, subscription: dict[str, Any], *, verifies: bool) -> None:
        self._plan = plan
        self._subscription = subscription
        self._verifies = verifies
        self._buffer = bytearray(BUFFER_BYTES)
        self._whole = bytearray()
        self._is_open = False
        self._seq = 0
        self.heard_bytes = 0
        self.messages = 0
        self.gaps = 0
        self.is_lost = False
        self.records = np.zeros(plan.world.vehicles + 1 if verifies else 0, LIVE)
        self.cells: dict[int, int] = {}

    def connection_made(self, transport: Any) -> None:
        """Ask for the feed."""
        self._transport = transport
        key = b64encode(bytes(16)).decode()
        host = self._plan.world.live.removeprefix("http://")
        request = (
            f"GET /api/live HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer staff\r\n\r\n"
        )
        transport.write(request.encode())

    def connection_lost(self, _: Exception | None) -> None:
        """Note it."""
        self.is_lost = True

    def get_buffer(self, _: int) -> bytearray:
        """Return where bytes go."""
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        """Take bytes; a screen that drains only counts them."""
        self.heard_bytes += count
        if self._is_open and not self._verifies:
            return
        self._whole += memoryview(self._buffer)[:count]
        if not self._is_open:
            head, end, rest = bytes(self._whole).partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head, head
            self._is_open, self._whole = True, bytearray(rest)
            text = msgspec.json.encode(self._subscription)
            # Masked with zeros: RFC 6455 wants a mask, not a random one, of a client that is a benchmark.
            self._transport.write(bytes((0x81, 0x80 | 126)) + len(text).to_bytes(2, "big") + bytes(4) + text)
        self._take_frames()

    def _take_frames(self) -> None:
        at, whole = 0, bytes(self._whole)
        while len(whole) - at >= 2:
            length, begin = whole[at + 1] & 0x7F, at + 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                length, begin = int.from_bytes(whole[begin : begin + wide], "big"), begin + wide
            if len(whole) < begin + length:
                break
            if whole[at] & 0xF == 2:
                self._take(whole[begin : begin + length])
            at = begin + length
        del self._whole[:at]

    def _take(self, data: bytes) -> None:
        self.messages += 1
        kind, seq = LiveKind(data[3]), int.from_bytes(data[8:16], "little")
        self.gaps += seq != self._seq + 1
        self._seq = seq
        if kind in (LiveKind.CELLS_SNAPSHOT, LiveKind.CELLS_DELTA):
            rows = read_cells(data)
            if kind is LiveKind.CELLS_SNAPSHOT:
                self.cells = {}
            self.cells |= dict(zip(rows.cells.tolist(), rows.counts.tolist(), strict=True))
            return
        records = read_live_message(data)[3]
        if kind is LiveKind.SNAPSHOT:
            self.records[:] = np.zeros(1, LIVE)
        self.records[records["vehicle_no"]] = records

    def is_true(self, truth: Any) -> bool:
        """Say whether the picture is the truth within its view."""
        box = self._subscription["bbox"]
        if self._subscription.get("zoom") == FAR_ZOOM:
            fine = cells_of(truth["lat_e7"] * 1e-7, truth["lng_e7"] * 1e-7, 9)
            cells, counts = np.unique(parents(fine, FAR_RESOLUTION), return_counts=True)
            whole = dict(zip(cells.tolist(), counts.tolist(), strict=True))
            return len(self.cells) > 0 and all(whole.get(cell, 0) == n for cell, n in self.cells.items())
        if box is None:
            return bool((self.records[1:] == truth).all())
        west, south, east, north = (round(edge * 1e7) for edge in box)
        lat, lng = truth["lat_e7"], truth["lng_e7"]
        inside = truth[(lat >= south) & (lat <= north) & (lng >= west) & (lng <= east)]
        return bool((self.records[inside["vehicle_no"]] == inside).all())


def subscriptions(plan: Plan) -> list[dict[str, Any]]:
    """Return what each screen asks for; those that verify are taken from all of them evenly."""
    whole: dict[str, Any] = {"type": "subscribe", "topics": ["vehicles"], "bbox": None}
    rng = np.random.default_rng(5)
    asked = [whole] * plan.full
    for index in range(plan.viewports):
        lat, lng = np.array(TOWNS[int(rng.integers(len(TOWNS)))]) + rng.normal(size=2) * (0.02, 0.03)
        far = index % 2
        wide, high = (HALF_WIDE * 32, HALF_HIGH * 32) if far else (HALF_WIDE, HALF_HIGH)
        box = [float(edge) for edge in (lng - wide, lat - high, lng + wide, lat + high)]
        asked.append(whole | {"bbox": box, "zoom": FAR_ZOOM if far else CLOSE_ZOOM})
    return asked


async def screens(plan: Plan) -> None:
    """Open every screen, say so; at a line of stdin say what was heard, at its end whether it is true."""
    loop = asyncio.get_running_loop()
    host, _, port = plan.world.live.removeprefix("http://").partition(":")
    asked = subscriptions(plan)
    step = max(1, len(asked) // max(1, plan.verified))
    opened: list[Screen] = []
    for index, one in enumerate(asked):
        verifies = index % step == 0 and index // step < plan.verified
        screen = Screen(plan, one, verifies=verifies)
        await loop.create_connection(lambda made=screen: made, host, int(port))  # type: ignore[misc]
        opened.append(screen)
    click.echo(msgspec.json.encode({"opened": len(opened)}))
    while await asyncio.to_thread(sys.stdin.readline):
        said = {"bytes": sum(one.heard_bytes for one in opened), "lost": sum(one.is_lost for one in opened)}
        click.echo(msgspec.json.encode(said))
    truth = np.load(plan.truth)
    verified = [one for one in opened if one.records.size]
    result = {
        "verified": len(verified),
        "true": sum(one.is_true(truth) for one in verified),
        "gaps": sum(one.gaps for one in verified),
        "messages": round(sum(one.messages for one in verified) / max(1, len(verified)), 1),
        "lost": sum(one.is_lost for one in opened),
    }
    click.echo(msgspec.json.encode(result))


def main() -> None:
    """Feed or look."""
    open_files_most()
    plan = msgspec.json.decode(sys.argv[2], type=Plan)
    uvloop.run({"feed": feed, "screens": screens}[sys.argv[1]](plan))


if __name__ == "__main__":
    main()
