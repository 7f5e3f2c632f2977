"""Patience for tests of many tasks on a busy machine."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest


@pytest.fixture
def eventually(eventually: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    return partial(eventually, within=20.0)
