"""A round that is killed while an order joins a run: python -m … DATABASE_URL CITY_TIME POINT."""

import asyncio
import sys
from datetime import datetime
from tempfile import mkdtemp

from core.auth.configured import secret_keys
from core.crashpoints import arm
from core.database import Database
from core.privacy.encrypted import install_keys
from core.settings import load
from tests.conftest import SettableClock
from tests.integration.services.orders.town import Town


async def main(url: str, city: str, point: str) -> None:
    install_keys(secret_keys(load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": mkdtemp()}).security))
    town = Town(await Database.open(url), SettableClock(datetime.fromisoformat(city)))
    town.listener.says(7, measured_at=town.now)
    arm(point)
    await town.round()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
