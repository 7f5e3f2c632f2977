"""The load of a benchmark: makers' clouds, single vehicles, screens. Says what it does as JSON lines."""

import asyncio
import gc
import sys
from typing import Any

import click
import msgspec
import numpy as np
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core.clock import Clock
from fleet.links.wire.messages import Hello, encode_message
from fleet.links.wire.positions import POSITION
from steppe.bench.fleet import Numbers, Vehicles
from steppe.bench.machine import open_files_most
from steppe.bench.raw_link import BINARY, MASKED_HEAD_BYTES, RawLink, masked
from steppe.bench.scrape import Samples, scraped
from steppe.bench.world import World

SLOTS = 100
"""Single vehicles send in so many groups a second."""
FACTS_WAITING = "steppe_facts_waiting"
LAG = "steppe_tracker_lag_seconds"
JUDGED = "steppe_tracker_positions_total"
SETTLED_LAG_S = 1.0
SETTLED_FACTS = 2_000
SETTLE_MOST_S = 180.0
CALM_LOOKS = 3
STEP_WARM_S = 4.0
"""Of each step of a staircase, before it counts."""
OPENING = 200
"""Single links that are opened at once."""


class Load:
    """Every link and screen of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vehicles = Vehicles(world, Clock.real())
        self.clock = self.vehicles.clock
        self.welcomed = asyncio.Event()
        self.may_send = asyncio.Event()

    def heard(self, text: str | bytes) -> None:
        """Take a message of the city."""
        message = msgspec.json.decode(text)
        seen = self.vehicles.seen
        if message["type"] == "welcome":
            seen.links += 1
            if seen.links == self.world.singles + self.world.links:
                self.welcomed.set()
        elif message["type"] == "error":
            seen.refused += message["count"]
            click.echo(text, err=True)
        elif message["type"] == "accepted":
            seen.accepted += message["count"]
        elif message["type"] == "durable":
            seen.durable += 1

    async def listen(self, socket: ClientConnection) -> None:
        """Hear a link until it ends."""
        while True:
            try:
                self.heard(await socket.recv())
            except ConnectionClosed:
                return

    async def drive(self, token: str, groups: list[tuple[float, Numbers]]) -> None:
        """One maker's link: each group of vehicles once a period at its own offset."""
        async with connect(
            f"ws://{self.world.gateway.removeprefix('http://')}/v1/link",
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
            max_size=None,
        ) as socket:
            vehicles = tuple(int(number) for _, group in groups for number in group)
            await socket.send(encode_message(Hello(protocol=1, vehicles=vehicles)).decode())
            listener = asyncio.create_task(self.listen(socket))
            await self.may_send.wait()
            frame_seq = 0
            began_s = int(self.clock.monotonic_s()) + 1.0
            while True:
                period_s = 1.0 / self.vehicles.hz
                for offset, group in groups:
                    wait_s = began_s + offset * period_s - self.clock.monotonic_s()
                    if wait_s > 0:
                        await asyncio.sleep(wait_s)
                    self.vehicles.late(self.clock.monotonic_s() - began_s - offset * period_s)
                    frame_seq += 1
                    await socket.send(self.vehicles.frame(group, frame_seq))
                    if listener.done():
                        raise RuntimeError(f"{token}: the link ended")
                began_s += period_s

    async def screen(self, *, is_measured: bool) -> None:
        """One screen over the whole city."""
        url = f"ws://{self.world.live.removeprefix('http://')}/api/live"
        async with connect(
            url, additional_headers={"Authorization": "Bearer staff"}, compression=None, max_size=None
        ) as socket:
            await socket.send('{"type":"subscribe","topics":["vehicles"],"bbox":null}')
            async for data in socket:
                if is_measured and isinstance(data, bytes):
                    self.vehicles.saw(data)

    def tasks_of_makers(self) -> list[asyncio.Task[None]]:
        """Return a task for each maker's link, their frames spread over the second."""
        world, tasks = self.world, []
        others = np.arange(world.singles + 1, world.vehicles + 1)
        total = -(-len(others) // world.frame_positions)
        for maker in range(world.links):
            own = others[others % world.makers == maker]
            parts = np.array_split(own, max(1, -(-len(own) // world.frame_positions)))
            slots = [((i * world.makers + maker) / (total + world.makers)) % 1 for i in range(len(parts))]
            groups = sorted(zip(slots, parts, strict=True), key=lambda group: group[0])
            tasks.append(asyncio.create_task(self.drive(f"m{maker}", groups)))
        return tasks


class Singles:
    """Vehicles with a link of their own; the frames of a group of them are made with one array."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._links: list[RawLink] = []
        count = load.world.singles
        frame = load.vehicles.frame(np.array([1]), 1)
        self._head_bytes = len(frame) - POSITION.itemsize
        layout = [("ws", f"V{MASKED_HEAD_BYTES}"), ("start", "V8"), ("frame_seq", "<u8"), ("base_ms", "<i8"),
                  ("section", f"V{self._head_bytes - 24}"), ("position", POSITION)]  # fmt: skip
        template = np.frombuffer(masked(BINARY, frame), dtype=np.dtype(layout))
        self._wire = np.repeat(template, count)
        self._frame_seq = 0

    async def open(self) -> None:
        """Open every link, some at a time."""
        loop, load = asyncio.get_running_loop(), self._load
        address = load.world.gateway.removeprefix("http://")
        host, _, port = address.partition(":")

        def heard(_: RawLink, text: bytes) -> None:
            load.heard(text)

        async def one(number: int) -> Any:
            hello = encode_message(Hello(protocol=1)).decode()
            return await loop.create_connection(
                lambda: RawLink(address, f"v{number}", hello, heard), host, int(port)
            )

        for first in range(1, load.world.singles + 1, OPENING):
            numbers = range(first, min(first + OPENING, load.world.singles + 1))
            opened = await asyncio.gather(*(one(number) for number in numbers))
            self._links += [link for _, link in opened]

    async def drive(self) -> None:
        """Send a frame of every vehicle each period."""
        load = self._load
        await load.may_send.wait()
        groups = np.array_split(np.arange(1, len(self._links) + 1), min(SLOTS, len(self._links)))
        began_s = load.clock.monotonic_s()
        while True:
            period_s = 1.0 / load.vehicles.hz
            self._frame_seq += 1
            for place, group in enumerate(groups):
                due_s = began_s + place / len(groups) * period_s
                wait_s = due_s - load.clock.monotonic_s()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                load.vehicles.late(load.clock.monotonic_s() - due_s)
                self._send(group)
            if any(link.is_over for link in self._links):
                raise RuntimeError("a single vehicle's link ended")
            began_s += period_s

    def _send(self, numbers: Numbers) -> None:
        wire = self._wire[numbers - 1]
        self._load.vehicles.move(numbers, wire["position"])
        wire["frame_seq"], wire["base_ms"] = self._frame_seq, self._load.clock.now_ms()
        data, size = memoryview(wire.tobytes()), wire.itemsize
        for place, number in enumerate(numbers.tolist()):
            self._links[number - 1].transport.write(data[place * size : (place + 1) * size])


def say(kind: str, **what: Any) -> None:
    """Tell the run in one line."""
    click.echo(msgspec.json.encode({"type": kind, **what}).decode())


async def load(world: World) -> None:
    """Open everything, warm up, be measured, say what was seen."""
    open_files_most()
    whole = Load(world)
    singles = Singles(whole)
    tasks = whole.tasks_of_makers()
    await singles.open()
    if world.singles:
        tasks.append(asyncio.create_task(singles.drive()))
    while not whole.welcomed.is_set():
        await finished(tasks, 1.0)
        say("opening", links=whole.vehicles.seen.links)
    say("opened", links=whole.vehicles.seen.links)
    await finished(tasks, world.idle_s)
    whole.may_send.set()
    tasks += [asyncio.create_task(whole.screen(is_measured=index == 0)) for index in range(world.screens)]
    gc.disable()
    await finished(tasks, world.warm_s)
    await _settle(whole, tasks)
    for hz in world.steps_hz or (world.hz,):
        if world.steps_hz:
            whole.vehicles.hz = hz
            await finished(tasks, STEP_WARM_S)
        whole.vehicles.is_measuring = True
        say("measuring", hz=hz, sent=whole.vehicles.seen.sent, refused=whole.vehicles.seen.refused)
        await _measure(whole, tasks)
        whole.vehicles.is_measuring = False
        say("measured", sent=whole.vehicles.seen.sent, refused=whole.vehicles.seen.refused)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    say("result", **msgspec.to_builtins(whole.vehicles.result()))


async def _settle(whole: Load, tasks: list[asyncio.Task[None]]) -> None:
    """Wait until SQL has the facts of the beginning: that a fence holds a vehicle is news once.

    And until the tracker has read what came meanwhile. One that is too busy to say so has not settled.
    """
    port = whole.world.metrics.get("tracker")
    if port is None:
        return
    until_s, calm, facts = whole.clock.monotonic_s() + SETTLE_MOST_S, 0, 0.0
    while whole.clock.monotonic_s() < until_s and calm < CALM_LOOKS:
        await finished(tasks, 1.0)
        try:
            samples = await asyncio.to_thread(scraped, port)
        except OSError:
            continue
        calm = calm + 1 if _is_calm(samples, whole.world) else 0
        facts = samples.get((FACTS_WAITING, ""), 0.0)
        say("settling", facts=facts)
    if calm < CALM_LOOKS:
        say("unsettled", facts=facts, after_s=SETTLE_MOST_S)


def _is_calm(samples: Samples, world: World) -> bool:
    """Say whether everybody was judged once and nothing waits.

    A tracker that still builds the index of 10,000 fences has no facts waiting either, and has judged nobody.
    """
    return (
        samples.get((JUDGED, ""), 0.0) >= world.vehicles
        and samples.get((FACTS_WAITING, ""), 0.0) < SETTLED_FACTS
        and samples.get((LAG, ""), 0.0) < SETTLED_LAG_S
    )


async def _measure(whole: Load, tasks: list[asyncio.Task[None]]) -> None:
    until_s = whole.clock.monotonic_s() + whole.world.measure_s
    while (left_s := until_s - whole.clock.monotonic_s()) > 0:
        await finished(tasks, min(1.0, left_s))
        say("progress", sent=whole.vehicles.seen.sent, p99_ms=whole.vehicles.turn())


async def finished(tasks: list[asyncio.Task[None]], seconds: float) -> None:
    """Wait; a link that ends early ends the benchmark."""
    if not tasks:
        await asyncio.sleep(seconds)
        return
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


if __name__ == "__main__":
    uvloop.run(load(msgspec.json.decode(sys.argv[1], type=World)))
