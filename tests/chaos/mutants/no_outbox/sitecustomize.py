"""Mutant: the wake-up is not written with the fact, and nobody offers it again."""

import asyncio
from typing import Any

import core.outbox


async def _emit(*_args: Any, **_kwargs: Any) -> None:
    return None


core.outbox.emit = _emit

import tests.chaos.ground.reconciler as ground  # noqa: E402


async def _idle(_self: Any, stop: asyncio.Event) -> None:
    await stop.wait()


ground.Reconciler.run = _idle  # type: ignore[method-assign, assignment]
