"""The load of a benchmark: maker clouds, single vehicles, screens; prints what the screens saw as JSON."""

import asyncio
import gc
import sys
import time

import msgspec
import numpy as np
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.world import World
from fleet.links.wire.messages import Hello, encode_message
from fleet.links.wire.positions import encode_positions, new_positions
from fleet.telemetry.records import LIVE_HEADER, read_live_message


class Result(msgspec.Struct, kw_only=True):
    """What the load saw."""

    sent: int = 0
    seen: int = 0
    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    snapshot: int = 0
    refused: int = 0
    late_sends_ms: float = 0.0
    accepted: int = 0
    durable: int = 0


class Fleet:
    """Every vehicle's position, the moment it was last sent, and whether a screen has shown it since."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lat, self.lng = world.homes()
        self.heading = np.random.default_rng(3).uniform(0, 2 * np.pi, world.vehicles)
        self.seq = np.zeros(world.vehicles + 1, np.uint32)
        self.sent_lat = np.zeros(world.vehicles + 1, np.int32)
        self.sent_s = np.zeros(world.vehicles + 1)
        self.seen = np.ones(world.vehicles + 1, np.bool_)
        self.latencies: list[np.ndarray] = []
        self.result = Result()
        self.is_measuring = False

    def frame(self, numbers: np.ndarray, frame_seq: int) -> bytes:
        """Move these vehicles 3 m and return their frame."""
        rows = numbers - 1
        self.heading[rows] += np.random.default_rng(frame_seq).normal(size=len(rows)) * 0.1
        self.lat[rows] += np.cos(self.heading[rows]) * 2.7e-5
        self.lng[rows] += np.sin(self.heading[rows]) * 3.5e-5
        self.seq[numbers] += 1
        records = new_positions(len(numbers))
        records["vehicle_no"], records["seq"] = numbers, self.seq[numbers]
        records["lat_e7"] = np.rint(self.lat[rows] * 1e7)
        records["lng_e7"] = np.rint(self.lng[rows] * 1e7)
        records["speed_cm_s"], records["battery_200"], records["accuracy_dm"] = 300, 150, 10
        records["heading_256"] = np.degrees(self.heading[rows]) % 360 * 256 / 360
        self.sent_lat[numbers] = records["lat_e7"]
        self.sent_s[numbers] = time.monotonic()
        self.seen[numbers] = False
        if self.is_measuring:
            self.result.sent += len(numbers)
        return encode_positions(frame_seq, int(time.time() * 1000), records)

    def saw(self, data: bytes) -> None:
        """Match a live message with what was sent."""
        kind, _, _, records = read_live_message(data)
        now_s = time.monotonic()
        if kind == 1:
            self.result.snapshot = len(records)
            return
        numbers = records["vehicle_no"]
        fresh = (self.sent_lat[numbers] == records["lat_e7"]) & ~self.seen[numbers]
        numbers = numbers[fresh]
        self.seen[numbers] = True
        if self.is_measuring:
            self.latencies.append(now_s - self.sent_s[numbers])


async def drive(fleet: Fleet, token: str, groups: list[tuple[float, np.ndarray]]) -> None:
    """One link: each group of vehicles once a second at its own offset."""
    world = fleet.world
    async with connect(
        f"ws://{world.gateway.removeprefix('http://')}/v1/link",
        additional_headers={"Authorization": f"Bearer {token}"},
        compression=None,
        max_size=None,
    ) as socket:
        vehicles = tuple(int(number) for _, group in groups for number in group)
        await socket.send(encode_message(Hello(protocol=1, vehicles=vehicles)).decode())
        listener = asyncio.create_task(listen(fleet, socket))
        second = int(time.monotonic()) + 1
        frame_seq = 0
        while True:
            for offset_s, group in groups:
                wait_s = second + offset_s - time.monotonic()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                elif fleet.is_measuring:
                    fleet.result.late_sends_ms = max(fleet.result.late_sends_ms, -wait_s * 1000)
                frame_seq += 1
                await socket.send(fleet.frame(group, frame_seq))
                if listener.done():
                    raise RuntimeError(f"{token}: the link ended")
            second += 1


async def listen(fleet: Fleet, socket: ClientConnection) -> None:
    while True:
        try:
            text = await socket.recv()
        except ConnectionClosed:
            return
        message = msgspec.json.decode(text)
        if message["type"] == "error":
            fleet.result.refused += message["count"]
            print(message, file=sys.stderr)
        elif message["type"] == "accepted":
            fleet.result.accepted += message["count"]
        elif message["type"] == "durable":
            fleet.result.durable += 1


async def screen(fleet: Fleet, watches: bool) -> None:
    """One screen over the whole city; only one of them is measured."""
    url = f"ws://{fleet.world.live.removeprefix('http://')}/api/live"
    async with connect(
        url, additional_headers={"Authorization": "Bearer staff"}, compression=None, max_size=None
    ) as socket:
        await socket.send('{"type":"subscribe","topics":["vehicles"],"bbox":null}')
        async for data in socket:
            if watches and isinstance(data, bytes):
                fleet.saw(data)
    assert LIVE_HEADER.size == 24


async def load(world: World) -> Result:
    fleet = Fleet(world)
    numbers = np.arange(1, world.vehicles + 1)
    singles, others = numbers[: world.singles], numbers[world.singles :]
    tasks = [
        asyncio.create_task(drive(fleet, f"v{number}", [(k / max(1, len(singles)), np.array([number]))]))
        for k, number in enumerate(singles.tolist())
    ]
    total = -(-len(others) // world.frame_positions)
    for maker in range(world.makers):
        own = others[others % world.makers == maker]
        parts = np.array_split(own, max(1, -(-len(own) // world.frame_positions)))
        slots = [((index * world.makers + maker) / (total + world.makers)) % 1 for index in range(len(parts))]
        tasks.append(asyncio.create_task(drive(fleet, f"m{maker}", list(zip(slots, parts, strict=True)))))
    await asyncio.sleep(2)
    tasks += [asyncio.create_task(screen(fleet, index == 0)) for index in range(world.screens)]
    gc.disable()
    await finished(tasks, world.warm_s - 2)
    print("measuring", flush=True)
    fleet.is_measuring = True
    await finished(tasks, world.measure_s)
    fleet.is_measuring = False
    print("measured", flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    latencies = np.concatenate(fleet.latencies) * 1000
    result = fleet.result
    result.seen = len(latencies)
    result.p50_ms, result.p90_ms, result.p99_ms = (
        round(float(np.percentile(latencies, q)), 1) for q in (50, 90, 99)
    )
    result.max_ms = round(float(latencies.max()), 1)
    return result


async def finished(tasks: list[asyncio.Task[None]], seconds: float) -> None:
    """Wait; a link that ends early ends the benchmark."""
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


if __name__ == "__main__":
    print(msgspec.json.encode(uvloop.run(load(msgspec.json.decode(sys.argv[1], type=World)))).decode())
