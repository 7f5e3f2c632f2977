"""The loop of every reconciler: work, pause, again; an outage is logged once when it begins and once when
it ends."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from core.errors import Unavailable
from core.redis import REDIS_DOWN

AWAY: tuple[type[Exception], ...] = (Unavailable, *REDIS_DOWN, OSError)
"""What means that a store does not answer; anything else is a bug and ends the loop."""

_log = structlog.get_logger("core.repeating")


async def repeat(
    name: str, work: Callable[[], Awaitable[object]], every_s: float, stop: asyncio.Event
) -> None:
    """Do ``work`` every ``every_s`` wall seconds until ``stop``; live through outages of the stores."""
    is_away = False
    while not stop.is_set():
        try:
            await work()
            if is_away:
                is_away = False
                _log.info("reconciler_back", reconciler=name)
        except AWAY as error:
            if not is_away:
                is_away = True
                _log.warning("reconciler_interrupted", reconciler=name, reason=str(error))
        try:
            await asyncio.wait_for(stop.wait(), every_s)
        except TimeoutError:
            continue
