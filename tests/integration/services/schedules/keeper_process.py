"""A keeper that is killed somewhere: python -m … DATABASE_URL CITY_TIME POINT."""

import asyncio
import sys
from datetime import datetime

from core.clock import Clock
from core.crashpoints import arm
from core.database import Database
from services.schedules.keep_schedules import ScheduleKeeper
from services.schedules.kinds import WorkKind
from tests.integration.services.schedules.logbook import Logbook


async def main(url: str, city: str, point: str) -> None:
    at = datetime.fromisoformat(city)
    clock = Clock(at, at, wall=lambda: at)
    keeper = ScheduleKeeper(await Database.open(url), clock, {WorkKind.PATROL_BEAT: Logbook()})
    arm(point)
    await keeper.keep_once()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
