"""The town whose days are closed."""

from pathlib import Path

import pytest

from core.database import Database
from tests.integration.fleet.days.town import Town


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> Town:
    return Town(database, tmp_path / "history")
