"""What the day's sweeping runs really swept: square metres by run, and cells of the largest for a map."""

import msgspec
from sqlalchemy import func, select

from core.database import Transaction
from services.sweeping.run_states import NOBODYS_FAULT, RUN_REASON_NAMES, RunState
from services.sweeping.tables import sweeping_cells, sweeping_runs, sweeping_zones

MAPS_MOST = 4


class SweptRun(msgspec.Struct, frozen=True, kw_only=True):
    """One measured run; ``cells`` are H3 cells of resolution 13 with the share of each that was swept."""

    zone: str
    planned_m2: float
    verified_m2: float
    missed_m2: float
    cells: tuple[tuple[int, float], ...] = ()
    """Empty for runs beyond the largest few."""


async def read_swept(tx: Transaction) -> tuple[SweptRun, ...]:
    """Return the measured runs, the largest first; the first few with their cells."""
    r = sweeping_runs.c
    query = (
        select(r.run_id, sweeping_zones.c.name_en, r.planned_m2, r.verified_m2, r.missed_m2)
        .join(sweeping_zones, sweeping_zones.c.zone_id == r.zone_id)
        .where(r.state == RunState.MEASURED.value)
        .order_by(r.planned_m2.desc(), r.run_id)
    )
    found = []
    for number, row in enumerate((await tx.execute(query)).all()):
        cells = await _cells(tx, row[0]) if number < MAPS_MOST else ()
        found.append(
            SweptRun(zone=row[1], planned_m2=row[2], verified_m2=row[3], missed_m2=row[4], cells=cells)
        )
    return tuple(found)


async def read_held_back(tx: Transaction) -> tuple[tuple[str, int], ...]:
    """Return why runs were swept dry or not at all, in words, and how many each; the most first."""
    r = sweeping_runs.c
    query = select(r.reason, func.count()).where(r.reason.in_(sorted(NOBODYS_FAULT))).group_by(r.reason)
    counts = {RUN_REASON_NAMES[row[0]][1]: int(row[1]) for row in await tx.execute(query)}
    return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


async def _cells(tx: Transaction, run_id: str) -> tuple[tuple[int, float], ...]:
    c = sweeping_cells.c
    query = select(c.cell, c.swept_m2, c.planned_m2).where(c.run_id == run_id, c.planned_m2 > 0)
    return tuple((row[0], min(1.0, row[1] / row[2])) for row in await tx.execute(query.order_by(c.cell)))
