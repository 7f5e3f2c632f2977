"""How many orders a 旗区 had: what a gap in demand is seen from."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from core.database import Transaction
from core.ids import DistrictCode
from services.charging.demand import Demand
from services.orders.tables import orders

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def read_demand(tx: Transaction, district: DistrictCode, *, waiting: int, at: datetime) -> Demand:
    """Return the demand of the last day, and of the coming hour as it was yesterday and a week ago."""

    async def placed(since: datetime, until: datetime) -> int:
        query = select(func.count()).where(
            orders.c.placed_at >= since, orders.c.placed_at < until, orders.c.district == district
        )
        return int((await tx.execute(query)).scalar_one())

    week = 7 * DAY
    return Demand(
        last_day=await placed(at - DAY, at),
        hour_yesterday=await placed(at - DAY, at - DAY + HOUR),
        hour_last_week=await placed(at - week, at - week + HOUR),
        waiting=waiting,
    )
