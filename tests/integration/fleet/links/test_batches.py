"""Frames on their way into the stream: what keeps coming goes together, in its order, and nothing is lost."""

import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core import keys
from fleet.links.judge import Pending
from fleet.links.profile import LinkProfile
from tests.integration.fleet.links.conftest import Running, accepted
from tests.integration.fleet.links.second_client import Vehicle, position, positions_frame


@pytest.fixture
def profile() -> LinkProfile:
    return LinkProfile(batch_wall_ms=200, frames_per_wall_s=1_000)


async def test_frames_that_keep_coming_go_in_fewer_batches_than_frames(
    running: Running, eventually: Callable[..., Awaitable[Any]]
) -> None:
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        for seq in range(1, 101):
            await vehicle.send(positions_frame(seq, running.now_ms(), position(7, seq, 39.6, 109.78)))
        await eventually(lambda: running.gateway.intake.accepted == 100)
    assert await accepted(running.redis) == [(7, seq) for seq in range(1, 101)]
    # Only a machine that needs 200 ms for each frame would append each on its own.
    assert await running.redis.xlen(keys.telemetry(7 % 4)) < 100


async def test_links_are_read_no_further_while_20000_frames_wait_and_lose_none(
    running: Running, eventually: Callable[..., Awaitable[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.links.intake.MAX_PENDING", 10)
    most = 0
    offer = running.gateway.intake.offer

    def watched(pending: Any) -> None:
        nonlocal most
        offer(pending)
        most = max(most, len(running.gateway.intake._pending))

    monkeypatch.setattr(running.gateway.intake, "offer", watched)
    async with Vehicle(running.link, "seven") as vehicle:
        await vehicle.hello()
        for seq in range(1, 101):
            await vehicle.send(positions_frame(seq, running.now_ms(), position(7, seq, 39.6, 109.78)))
        await eventually(lambda: running.gateway.intake.accepted == 100, within=20.0)
    assert most == 11
    assert await accepted(running.redis) == [(7, seq) for seq in range(1, 101)]


async def test_a_frame_is_let_go_as_soon_as_it_is_settled(
    running: Running, eventually: Callable[..., Awaitable[Any]]
) -> None:
    """A frame in a cycle stays until the collector comes by, which it does seldom."""
    gc.collect()
    gc.disable()
    try:
        async with Vehicle(running.link, "seven") as vehicle:
            await vehicle.hello()
            for seq in range(1, 51):
                await vehicle.send(positions_frame(seq, running.now_ms(), position(7, seq, 39.6, 109.78)))
            await eventually(lambda: running.gateway.intake.accepted == 50, within=20.0)
            assert sum(isinstance(thing, Pending) for thing in gc.get_objects()) <= 1
    finally:
        gc.enable()
