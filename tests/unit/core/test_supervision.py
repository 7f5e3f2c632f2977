"""Components of a process: crashes surface, stops are orderly."""

import asyncio
import os
import signal

import pytest

from core.clock import Clock
from core.supervision import Component, ComponentCrashed, Runnable, stop_on_signals, supervise


class Part:
    def __init__(self, crashes: int = 0, *, deaf: bool = False, returns: bool = False) -> None:
        self.crashes, self.deaf, self.returns = crashes, deaf, returns
        self.runs = 0
        self.ended = False
        self.steady = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        self.runs += 1
        if self.runs <= self.crashes:
            raise RuntimeError("crash")
        if self.returns:
            return
        self.steady.set()
        if self.deaf:
            await asyncio.Event().wait()
        await stop.wait()
        self.ended = True


async def test_every_component_ends_after_the_stop() -> None:
    parts, stop = {"a": Part(), "b": Part()}, asyncio.Event()
    running = asyncio.create_task(supervise(parts, stop, Clock.real()))
    await asyncio.gather(*(part.steady.wait() for part in parts.values()))
    stop.set()
    await running
    assert all(part.ended for part in parts.values())


async def test_a_crashed_component_is_started_again_and_the_others_go_on() -> None:
    bad, good, stop = Part(crashes=2), Part(), asyncio.Event()
    running = asyncio.create_task(supervise({"bad": bad, "good": good}, stop, Clock.real()))
    await asyncio.wait_for(bad.steady.wait(), 5)
    assert (bad.runs, good.runs) == (3, 1)
    stop.set()
    await running


@pytest.mark.parametrize("part", [Part(crashes=9), Part(returns=True)], ids=["raises", "returns"])
async def test_a_component_that_may_not_fail_takes_the_process_down(part: Part) -> None:
    good, stop = Part(), asyncio.Event()
    vital = Component(runnable=part, policy="fail")
    components: dict[str, Runnable | Component] = {"good": good, "vital": vital}
    with pytest.raises(ComponentCrashed, match="vital"):
        await supervise(components, stop, Clock.real())
    assert stop.is_set()
    assert good.runs == int(good.ended)


async def test_a_component_deaf_to_the_stop_is_cancelled_after_the_grace() -> None:
    part, stop = Part(deaf=True), asyncio.Event()
    running = asyncio.create_task(supervise({"deaf": part}, stop, Clock.real(), grace_s=0.05))
    await part.steady.wait()
    stop.set()
    await asyncio.wait_for(running, 2)
    assert not part.ended


async def test_cancelling_the_supervision_ends_the_components() -> None:
    part = Part()
    running = asyncio.create_task(supervise({"a": part}, asyncio.Event(), Clock.real()))
    await part.steady.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert part.ended


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_sets_the_stop(number: signal.Signals) -> None:
    async with stop_on_signals() as stop:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 2)
