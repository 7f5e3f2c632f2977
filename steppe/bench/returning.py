"""Links that do what docs/wire-protocol.md asks: keep frames until durable, come back with jitter."""

import asyncio
import random
import sys
from collections import deque
from functools import partial
from typing import Any, Final

import click
import msgspec
import numpy as np
import uvloop

from core.clock import Clock
from fleet.links.wire.messages import Hello, encode_message
from steppe.bench.fleet import Numbers, Vehicles
from steppe.bench.machine import open_files_most
from steppe.bench.raw_link import BINARY, RawLink, masked
from steppe.bench.world import World

FIRST_WAIT_S, WAIT_MOST_S = 1.0, 30.0
KEPT_MOST: Final = 900
"""Frames a link keeps while it cannot send: what the profile lets it send again at once."""


class Returning:
    """One link of some vehicles; sends a frame a second and everything that is not durable again."""

    def __init__(self, fleet: "ReturningFleet", token: str, numbers: Numbers, offset_s: float) -> None:
        self._fleet = fleet
        self._token = token
        self._numbers = numbers
        self._offset_s = offset_s
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT_MOST)
        self._durable = 0
        self._frame_seq = 0
        self._link: RawLink | None = None
        self.is_welcome = False

    async def run(self) -> None:
        """Connect, and again when the link is lost: 1 s doubling to 30 s, from half to whole of it."""
        wait_s = FIRST_WAIT_S
        while True:
            over = asyncio.get_running_loop().create_future()
            try:
                await self._connect(over)
                await over
            except OSError:
                pass
            if self.is_welcome:
                wait_s = FIRST_WAIT_S
            self.is_welcome, self._link = False, None
            await asyncio.sleep(random.uniform(0.5, 1.0) * wait_s)  # noqa: S311 - jitter, no secret
            wait_s = min(WAIT_MOST_S, 2 * wait_s)

    async def drive(self) -> None:
        """Make a frame each second, whether there is a link or not."""
        clock = self._fleet.clock
        due_s = int(clock.monotonic_s()) + 1 + self._offset_s
        while True:
            await asyncio.sleep(max(0.0, due_s - clock.monotonic_s()))
            due_s += 1.0
            self._frame_seq += 1
            frame = masked(BINARY, self._fleet.vehicles.frame(self._numbers, self._frame_seq))
            self._kept.append((self._frame_seq, frame))
            if self.is_welcome and self._link is not None:
                self._link.transport.write(frame)

    async def _connect(self, over: asyncio.Future[None]) -> None:
        hello = encode_message(Hello(protocol=1, last_durable_seq=self._durable)).decode()
        link = RawLink(self._fleet.address, self._token, hello, self._heard)
        link.on_lost = partial(_end, over)
        host, _, port = self._fleet.address.partition(":")
        self._link = link
        await asyncio.get_running_loop().create_connection(lambda: link, host, int(port))

    def _heard(self, link: RawLink, text: bytes) -> None:
        message = msgspec.json.decode(text)
        match message["type"]:
            case "welcome":
                self.is_welcome = True
                self._fleet.welcomed += 1
                for _, frame in self._kept:
                    link.transport.write(frame)
            case "durable":
                self._durable = message["frameSeq"]
                while self._kept and self._kept[0][0] <= self._durable:
                    self._kept.popleft()
            case "error":
                self._fleet.errors[message["code"]] = self._fleet.errors.get(message["code"], 0) + 1


def _end(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


class ReturningFleet:
    """Every link of a world; says each half second how many are welcome."""

    def __init__(self, world: World) -> None:
        self.clock = Clock.real()
        self.vehicles = Vehicles(world, self.clock)
        self.address = world.gateway.removeprefix("http://")
        self.welcomed = 0
        self.errors: dict[str, int] = {}
        numbers = np.arange(1, world.vehicles + 1)
        singles, others = numbers[: world.singles], numbers[world.singles :]
        spread = max(1, len(singles))
        self.links = [
            Returning(self, f"v{number}", np.array([number]), place / spread)
            for place, number in enumerate(singles.tolist())
        ]
        for maker in range(world.links):
            own = others[others % world.makers == maker]
            self.links.append(Returning(self, f"m{maker}", own, maker / world.makers))

    async def run(self, seconds: float) -> None:
        """Drive every link for a while."""
        tasks = [asyncio.create_task(work) for link in self.links for work in (link.run(), link.drive())]
        until_s = self.clock.monotonic_s() + seconds
        while self.clock.monotonic_s() < until_s:
            await asyncio.sleep(0.25)
            up = sum(link.is_welcome for link in self.links)
            said: dict[str, Any] = {"up": up, "links": len(self.links), "errors": self.errors}
            click.echo(msgspec.json.encode(said).decode())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def main(world: World) -> None:
    """Run for the world's time of measurement."""
    open_files_most()
    await ReturningFleet(world).run(world.measure_s)


if __name__ == "__main__":
    uvloop.run(main(msgspec.json.decode(sys.argv[1], type=World)))
