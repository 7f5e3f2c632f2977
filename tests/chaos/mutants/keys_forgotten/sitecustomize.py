"""Mutant: idempotency keys are not remembered."""

from typing import Any

import core.idempotency


async def _once(*_args: Any, **_kwargs: Any) -> None:
    return None


async def _save(*_args: Any, **_kwargs: Any) -> None:
    return None


async def _once_each(*_args: Any, **_kwargs: Any) -> dict[Any, Any]:
    return {}


core.idempotency.once = _once
core.idempotency.once_each = _once_each
core.idempotency.known_answers = _once_each
core.idempotency.save = _save
core.idempotency.save_each = _save
