"""A town with drawn roads on either store, and a worker that reads a real history."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.auth.configured import secret_keys
from core.database import Database
from core.privacy.encrypted import install_keys
from core.settings import load
from tests.integration.services.orders.town import Town
from tests.integration.services.sweeping.sweepers import DrawnRoads, Yard


@pytest.fixture
async def yard(sqlite_database: Database, clock: Any, tmp_path: Path) -> AsyncIterator[Yard]:
    """On SQLite: for what does not depend on the store."""
    async with _yard(sqlite_database, clock, tmp_path) as made:
        yield made


@pytest.fixture
async def any_yard(database: Database, clock: Any, tmp_path: Path) -> AsyncIterator[Yard]:
    """On SQLite and on PostgreSQL: for what does."""
    async with _yard(database, clock, tmp_path) as made:
        yield made


@asynccontextmanager
async def _yard(database: Database, clock: Any, tmp_path: Path) -> AsyncIterator[Yard]:
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})
    install_keys(secret_keys(settings.security))
    town = Town(database, clock, roads=DrawnRoads())
    await town.furnish()
    yield Yard(town, tmp_path / "history")
    await town.solver.close()
