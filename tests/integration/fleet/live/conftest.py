from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.fleet.live.wall import Wall, a_row, standing


@pytest.fixture
async def wall(valkey_url: str, tmp_path: Path) -> AsyncIterator[Wall]:
    """Nineteen vehicles, of which nine are in KB."""
    async with standing(valkey_url, tmp_path, [a_row(number) for number in range(1, 20)]) as found:
        yield found
