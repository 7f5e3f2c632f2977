"""An office with schedules, at half past ten in the morning."""

from datetime import UTC, datetime

import pytest

from core.database import Database
from tests.conftest import SettableClock
from tests.integration.services.schedules.office import Office


@pytest.fixture
async def office(sqlite_database: Database, clock: SettableClock) -> Office:
    clock.set(datetime(2026, 7, 1, 2, 30, tzinfo=UTC))
    return Office(sqlite_database, clock)


@pytest.fixture
async def any_office(database: Database, clock: SettableClock) -> Office:
    clock.set(datetime(2026, 7, 1, 2, 30, tzinfo=UTC))
    return Office(database, clock)
