"""Mutant: an order's wake-up is not written with the order, and the reconciler offers nothing again."""

import asyncio
from typing import Any

import core.outbox

_emit = core.outbox.emit


async def _emit_all_but_wake_ups(tx: Any, topic: str, payload: Any, **rest: Any) -> None:
    if topic != "dispatch.wanted":
        await _emit(tx, topic, payload, **rest)


core.outbox.emit = _emit_all_but_wake_ups

from services.dispatch.wake import DispatchReconciler  # noqa: E402


async def _idle(_self: Any, stop: asyncio.Event) -> None:
    await stop.wait()


DispatchReconciler.run = _idle  # type: ignore[method-assign, assignment]
