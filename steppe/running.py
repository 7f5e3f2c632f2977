"""What every process does alike: settings, logs, stores, components, an orderly stop."""

import gc
import os
import socket
from collections.abc import Awaitable, Callable, Mapping

from core import logs
from core.allocator import give_back, keep_no_holes
from core.errors import Unavailable
from core.settings import load, process_environment
from core.supervision import Component, ComponentCrashed, Runnable, stop_on_signals, supervise
from steppe.resources import Resources, open_resources

type Components = Mapping[str, Runnable | Component]
type Compose = Callable[[Resources], Awaitable[Components]]


async def run_process(name: str, compose: Compose) -> None:
    """Open the stores, run what `compose` returns until SIGTERM or SIGINT, and close the stores.

    Raises what keeps the process from starting (settings, a database that does not answer, a taken port).
    """
    keep_no_holes()
    settings = load(process_environment())
    logs.configure(name, settings.log_level)
    async with open_resources(settings) as resources, stop_on_signals() as stop:
        components = await compose(resources)
        # What was loaded by now stays until the end: a collection need not walk through it each time.
        collect_seldom()
        give_back()
        try:
            await supervise(components, stop, resources.clock)
        except ComponentCrashed as crash:
            if isinstance(crash.__cause__, OSError):
                raise Unavailable("unavailable", f"{crash}: {crash.__cause__}") from crash
            raise


def collect_seldom() -> None:
    """Let the collector leave alone what is loaded, and look for cycles when there is something to find.

    With the interpreter's thresholds (700 new objects) it walked through 3,000 links all the time: 57 µs of
    gateway a single-position frame, 38 with these (2026-11-29).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)


def holder_of(name: str) -> str:
    """Return under which name this process holds leases: readable, and of no other process."""
    return f"{name}@{socket.gethostname()}:{os.getpid()}"
