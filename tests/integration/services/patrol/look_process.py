"""A look that is ordered by a process that is killed half-way: python -m … DATABASE_URL CITY_TIME."""

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
from tests.integration.services.patrol.patrolling import Patrol


async def main(url: str, city: str) -> None:
    install_keys(secret_keys(load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": mkdtemp()}).security))
    town = Town(await Database.open(url), SettableClock(datetime.fromisoformat(city)))
    town.listener.says(9, measured_at=town.now, lat=39.6, lng=109.79)
    arm("between_claims")
    await Patrol(town).look_by_key("the-same-key")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
