"""Runs the components of one process: strong references, named crashes, signals, an orderly end."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal, Protocol

import msgspec
import structlog

from core import metrics
from core.clock import Clock

BACKOFF_FIRST_S, BACKOFF_MOST_S = 0.2, 10.0
HEALTHY_AFTER_S = 30.0
"""A component that ran this long starts its back-off anew."""
GRACE_S = 10.0
"""What components get to end after the stop, before they are cancelled."""

_log = structlog.get_logger("core.supervision")

type Policy = Literal["restart", "fail"]


class Runnable(Protocol):
    """Anything long-lived of ours."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; returning earlier or raising is a crash."""
        ...


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """What to run and what its crash means: start it again, or end the process."""

    runnable: Runnable
    policy: Policy = "restart"


class ComponentCrashed(Exception):
    """A component whose policy is "fail" ended before the stop; its error is the cause."""


async def supervise(
    components: Mapping[str, Runnable | Component],
    stop: asyncio.Event,
    clock: Clock,
    *,
    grace_s: float = GRACE_S,
) -> None:
    """Run every component until `stop` is set, then let all of them end.

    A crash is logged and counted under the component's name. Policy "restart" starts it again after a
    back-off (a plain Runnable has this one); "fail" sets `stop` and raises ComponentCrashed when the others
    have ended. Cancelling supervise() ends the components as a stop does.
    """
    crashed: list[tuple[str, BaseException | None]] = []
    tasks = {
        asyncio.create_task(_keep(name, _component(item), stop, clock, crashed), name=name)
        for name, item in components.items()
    }
    stopping = asyncio.create_task(stop.wait())
    try:
        await stopping
    finally:
        stop.set()
        stopping.cancel()
        await _end(tasks, grace_s)
    if crashed:
        name, cause = crashed[0]
        raise ComponentCrashed(f"{name} ended before the stop") from cause


async def _keep(
    name: str,
    component: Component,
    stop: asyncio.Event,
    clock: Clock,
    crashed: list[tuple[str, BaseException | None]],
) -> None:
    backoff_s = BACKOFF_FIRST_S
    while not stop.is_set():
        began_s = clock.monotonic_s()
        cause: Exception | None = None
        try:
            await component.runnable.run(stop)
        except Exception as error:  # noqa: BLE001 - this is where crashes surface
            cause = error
        if stop.is_set() and cause is None:
            return
        metrics.COMPONENT_CRASHES.labels(component=name).inc()
        _log.error("component_crashed", component=name, policy=component.policy, exc_info=cause)
        if component.policy == "fail":
            crashed.append((name, cause))
            stop.set()
            return
        if clock.monotonic_s() - began_s > HEALTHY_AFTER_S:
            backoff_s = BACKOFF_FIRST_S
        try:
            await asyncio.wait_for(stop.wait(), backoff_s)
        except TimeoutError:
            backoff_s = min(backoff_s * 2, BACKOFF_MOST_S)


async def _end(tasks: set[asyncio.Task[None]], grace_s: float) -> None:
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=grace_s)
    for task in late:
        _log.warning("component_cancelled", component=task.get_name(), grace_s=grace_s)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _component(item: Runnable | Component) -> Component:
    return item if isinstance(item, Component) else Component(runnable=item)


@asynccontextmanager
async def stop_on_signals() -> AsyncIterator[asyncio.Event]:
    """Give the event that SIGTERM, SIGINT and the end of the terminal set. Main thread only."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # nohup ignores SIGHUP for us, and means it
    hang_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    numbers = (signal.SIGTERM, signal.SIGINT, *hang_up)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
