"""One link at 1,000 frames a second: its own positions are refused, nobody else waits or loses one."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from fleet.links.profile import LinkProfile
from fleet.telemetry.rejects import Reject
from tests.integration.fleet.links.conftest import Running, accepted
from tests.integration.fleet.links.second_client import Vehicle, position, positions_frame

RATE, BURST = 3.0, 30
FLOOD_S, FRAMES_PER_S = 3.0, 1_000
LIMITED = LinkProfile(batch_wall_ms=20, positions_per_s=RATE, burst_positions=BURST)
WITHOUT_BUCKETS = LinkProfile(
    batch_wall_ms=20, positions_per_s=1e6, burst_positions=1_000_000, frames_per_wall_s=1e6
)
"""The mutant: the same gateway, its buckets too large to refuse anything."""


class Calm:
    """A vehicle that sends a frame every 50 ms over HTTP, where the answer is the acknowledgement."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.seq = 0
        self.answers: list[int] = []
        self.waited_s: list[float] = []

    async def drive(self, seconds: float) -> float:
        """Send for a while; return how long nine of ten acknowledgements took at most."""
        self.waited_s.clear()
        async with httpx.AsyncClient(base_url=self._running.http) as client:
            until_s = time.monotonic() + seconds
            while time.monotonic() < until_s:
                self.seq += 1
                began_s = time.monotonic()
                answer = await client.post(
                    "/v1/frames",
                    content=positions_frame(
                        self.seq, self._running.now_ms(), position(100 + self.seq, 1, 39.6, 109.78)
                    ),
                    headers={"authorization": "Bearer east", "content-type": "application/octet-stream"},
                )
                self.waited_s.append(time.monotonic() - began_s)
                self.answers.append(answer.status_code)
                await asyncio.sleep(0.05)
        return sorted(self.waited_s)[len(self.waited_s) * 9 // 10]


async def flood(vehicle: Vehicle, running: Running) -> None:
    """Send single-position frames of one vehicle as fast as 1,000 a second, until told to stop or closed."""
    with contextlib.suppress(ConnectionClosed):
        began_s, seq = time.monotonic(), 0
        while True:
            while seq < (time.monotonic() - began_s) * FRAMES_PER_S:
                seq += 1
                await vehicle.send(positions_frame(seq, running.now_ms(), position(7, seq, 39.6, 109.78)))
            await asyncio.sleep(0.002)


@asynccontextmanager
async def flooding(running: Running) -> AsyncIterator[None]:
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        task = asyncio.create_task(flood(vehicle, running))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def taken_of_the_flood(running: Running) -> int:
    """Let a vehicle flood beside a calm one; return how many of its positions were taken."""
    calm = Calm(running)
    before_s = await calm.drive(1.0)
    async with flooding(running):
        during_s = await calm.drive(FLOOD_S)
    assert set(calm.answers) == {202}
    # Ten times what is usual, or half a second of a machine that does other things too.
    assert during_s < max(10 * before_s, 0.5)
    found = await accepted(running.redis)
    assert sum(1 for number, _ in found if number >= 100) == calm.seq
    return sum(1 for number, _ in found if number == 7)


class TestLimited:
    @pytest.fixture
    def profile(self) -> LinkProfile:
        return LIMITED

    async def test_a_flood_takes_its_share_and_harms_nobody_else(self, running: Running) -> None:
        taken = await taken_of_the_flood(running)
        assert 1 <= taken <= BURST + RATE * (FLOOD_S + 5.0)
        assert running.gateway.rejects.of_vehicle(100) == {}
        flooded = running.gateway.rejects.of_vehicle(7).get(Reject.FLOOD, 0)
        assert set(running.gateway.rejects.of_vehicle(7)) <= {Reject.FLOOD}, flooded


class TestMutant:
    @pytest.fixture
    def profile(self) -> LinkProfile:
        return WITHOUT_BUCKETS

    async def test_without_buckets_the_flood_is_taken_whole(self, running: Running) -> None:
        taken = await taken_of_the_flood(running)
        assert taken > 5 * (BURST + RATE * (FLOOD_S + 5.0))


async def test_the_buckets_forget_nobody(running: Running) -> None:
    """A vehicle whose neighbour in the same frame floods loses nothing."""
    records = [position(100, seq, 39.6, 109.78) for seq in range(1, 1_200)]
    calm: list[Any] = [position(number, 1, 39.6, 109.78) for number in range(101, 120)]
    async with Vehicle(running.link, "east") as maker:
        await maker.hello()
        await maker.send(positions_frame(1, running.now_ms(), *calm[:10], *records, *calm[10:]))
        await maker.hear("error")
    found = await accepted(running.redis)
    assert {number for number, _ in found if number > 100} == set(range(101, 120))
    kept = sorted(seq for number, seq in found if number == 100)
    assert kept == list(range(1_200 - len(kept), 1_200)), "the newest are kept"
    assert len(kept) < 1_199
