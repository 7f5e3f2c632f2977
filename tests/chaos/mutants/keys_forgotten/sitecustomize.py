"""Mutant: idempotency keys are not remembered."""

from typing import Any

import core.idempotency


async def _once(*_args: Any, **_kwargs: Any) -> None:
    return None


async def _save(*_args: Any, **_kwargs: Any) -> None:
    return None


core.idempotency.once = _once
core.idempotency.save = _save
