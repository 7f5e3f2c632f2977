"""SQL of data quality: days that are over, and which vehicles an alarm stands for."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

import msgspec
from sqlalchemy import select

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction
from core.database.rows import read_row
from core.database.statements import insert_new_rows
from core.ids import MakerId, VehicleNo
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.tables import alarms
from fleet.quality.tables import quality_days

ROWS_AT_ONCE: Final = 500


class QualityDay(msgspec.Struct, frozen=True, kw_only=True):
    """A city day of a maker (vehicle_no 0) or of one of its vehicles."""

    day: date
    maker: MakerId
    vehicle_no: VehicleNo
    score: float
    positions: int
    counts: Mapping[str, int]
    formula_version: int
    closed_at: datetime


class QualityStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def close(self, days: list[QualityDay]) -> int:
        """Store days; what is there stays as it is. Return how many were new."""
        new = 0
        for start in range(0, len(days), ROWS_AT_ONCE):
            rows = [msgspec.structs.asdict(one) for one in days[start : start + ROWS_AT_ONCE]]
            new += await insert_new_rows(self._tx, quality_days, rows)
        return new

    async def of_makers(self, reach: Reach, *, since: date) -> list[QualityDay]:
        """Return the days of whole makers within the reach, newest first."""
        query = (
            select(quality_days)
            .where(
                quality_days.c.vehicle_no == 0,
                quality_days.c.day >= since,
                within(quality_days.c.maker, reach.makers),
            )
            .order_by(quality_days.c.day.desc(), quality_days.c.maker)
        )
        return [read_row(row, QualityDay) for row in (await self._tx.execute(query)).mappings()]

    async def of_vehicle(self, vehicle_no: VehicleNo, *, since: date) -> list[QualityDay]:
        """Return a vehicle's days with something to say, newest first; check the reach to it before."""
        query = (
            select(quality_days)
            .where(quality_days.c.vehicle_no == vehicle_no, quality_days.c.day >= since)
            .order_by(quality_days.c.day.desc())
        )
        return [read_row(row, QualityDay) for row in (await self._tx.execute(query)).mappings()]

    async def with_standing_alarm(self) -> set[VehicleNo]:
        """Return the vehicles about whose data an alarm stands."""
        query = select(alarms.c.vehicle_no).where(
            alarms.c.kind == AlarmKind.DATA_QUALITY.value, alarms.c.cleared_at.is_(None)
        )
        return {VehicleNo(number) for number in (await self._tx.execute(query)).scalars()}
