"""Places where vehicles fall silent and come back: learned from their comebacks, kept in SQL by H3 cell."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Integer,
    Table,
    UniqueConstraint,
    delete,
    func,
    select,
)

from core.clock import Clock
from core.database import Database, Transaction, metadata
from core.database.statements import insert_new_rows
from core.database.types import UtcDateTime
from core.repeating import repeat
from fleet.telemetry.radio_holes import RadioHoles
from fleet.telemetry.tick import Comeback

radio_silences = Table(
    "radio_silences",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("cell", BigInteger, nullable=False),
    Column("silent_s", Float, nullable=False),
    Column("back_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("vehicle_no", "back_at"),
)

FORGET_EVERY_S: Final = 3600.0
REMEMBERED: Final = timedelta(days=30)
SILENCES_LEAST: Final = 3
VEHICLES_LEAST: Final = 2
"""One vehicle with a bad antenna makes no hole."""
PATIENCE_LEAST_S, PATIENCE_MOST_S = 300.0, 1_800.0
"""How long a silence in a hole may last: twice the longest seen there, within these."""


async def add_comebacks(tx: Transaction, comebacks: Sequence[Comeback]) -> int:
    """Store what was learned; the same comeback twice is one row. Return how many were new."""
    rows: list[dict[str, Any]] = [
        {"vehicle_no": c.vehicle_no, "cell": c.cell, "silent_s": c.silent_s, "back_at": c.back_at}
        for c in comebacks
    ]
    return await insert_new_rows(tx, radio_silences, rows)


async def known_holes(tx: Transaction, *, at: datetime) -> RadioHoles:
    """Return the cells where vehicles of late were silent often enough and came back."""
    silences = func.count()
    query = (
        select(radio_silences.c.cell, func.max(radio_silences.c.silent_s).label("longest_s"))
        .where(radio_silences.c.back_at > at - REMEMBERED)
        .group_by(radio_silences.c.cell)
        .having(silences >= SILENCES_LEAST)
        .having(func.count(radio_silences.c.vehicle_no.distinct()) >= VEHICLES_LEAST)
    )
    rows = await tx.execute(query)
    return RadioHoles([(int(row.cell), _patience_s(float(row.longest_s))) for row in rows])


def _patience_s(longest_s: float) -> float:
    return min(max(2 * longest_s, PATIENCE_LEAST_S), PATIENCE_MOST_S)


class HoleBook:
    """Where a tracker reads holes; in a scheduler, who forgets old silences."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def holes(self) -> RadioHoles:
        """Return the holes known by now. Raises Unavailable."""
        async with self._database.read() as tx:
            return await known_holes(tx, at=self._clock.now())

    async def forget_old(self) -> int:
        """Delete what is older than holes remember; return how many rows that were."""
        async with self._database.write() as tx:
            old = radio_silences.c.back_at <= self._clock.now() - REMEMBERED
            return (await tx.execute(delete(radio_silences).where(old))).rowcount

    async def run(self, stop: asyncio.Event) -> None:
        """Forget old silences once an hour until `stop`, through outages."""
        await repeat("radio-holes", self.forget_old, FORGET_EVERY_S, stop)
