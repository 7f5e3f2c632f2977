"""Mutant: idempotency keys are not remembered."""

from collections.abc import Sequence
from typing import Any

import core.idempotency


async def _all_new(_tx: Any, asked: Sequence[Any], **_kwargs: Any) -> list[None]:
    return [None] * len(asked)


async def _not_kept(*_args: Any, **_kwargs: Any) -> None:
    return None


core.idempotency.once_each = _all_new  # type: ignore[assignment]
core.idempotency.known_answers = _all_new  # type: ignore[assignment]
core.idempotency.save_each = _not_kept
