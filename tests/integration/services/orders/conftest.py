"""A furnished town on either store, with encrypted columns switched on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.auth.configured import secret_keys
from core.database import Database
from core.privacy.encrypted import install_keys
from core.settings import Settings, load
from tests.integration.services.orders.town import Town


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})


@pytest.fixture(autouse=True)
def _keys_installed(settings: Settings) -> None:
    install_keys(secret_keys(settings.security))


@pytest.fixture
async def town(sqlite_database: Database, clock: Any) -> AsyncIterator[Town]:
    """On SQLite: for what does not depend on the store."""
    made = Town(sqlite_database, clock)
    await made.furnish()
    yield made
    await made.solver.close()


@pytest.fixture
async def any_town(database: Database, clock: Any) -> AsyncIterator[Town]:
    """On SQLite and on PostgreSQL: for what does."""
    made = Town(database, clock)
    await made.furnish()
    yield made
    await made.solver.close()


RACERS = 4


@pytest.fixture(params=["sqlite", "postgresql"])
async def racers(request: pytest.FixtureRequest, clock: Any) -> AsyncIterator[list[Town]]:
    """The same town seen by several processes: each has a database connection of its own."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{request.getfixturevalue('tmp_path') / 'facts.sqlite3'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    databases = [await Database.open(url) for _ in range(RACERS)]
    await databases[0].create_tables()
    towns = [Town(database, clock) for database in databases]
    for town in towns[1:]:
        town.listener = towns[0].listener
        town.__post_init__()
    await towns[0].furnish()
    yield towns
    for each in towns:
        await each.solver.close()
    for database in databases:
        await database.close()
