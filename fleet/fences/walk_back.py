"""Going back in time through fence events, whose indexes begin with the quarter of a minute.

Thousands of events a second come from as many vehicles and fences. An index that begins with one of these has
a page for each event to be read and written again, 40 µs of CPU an event; of one that begins with the time
the pages of now are few: 6 µs with a quarter of a minute, 11 with a whole one. Who asks for one vehicle's or
fence's events therefore names the quarters.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select

from core.clock import ms_of_moment
from core.database import Transaction
from fleet.telemetry.facts import QUARTER, QUARTER_MS, fence_events

FIRST_QUARTERS: Final = 240
"""An hour."""
MOST_QUARTERS: Final = 5760
"""Of one query, a day."""


async def walk_back(tx: Transaction, until: datetime | None = None) -> Iterator[ColumnElement[bool]]:
    """Return conditions that name all quarters from the newest event back to the oldest, newest first.

    ``until``: from this moment instead. An hour is in the first, then twice as much in each, at most a day.
    Nothing without events.
    """
    column = fence_events.c.measured_at
    oldest, newest = (await tx.execute(select(func.min(column), func.max(column)))).one()
    if oldest is None:
        return iter(())
    return _spans(_quarter(min(newest, until or newest)), _quarter(oldest))


def _spans(newest: int, oldest: int) -> Iterator[ColumnElement[bool]]:
    size = FIRST_QUARTERS
    while newest >= oldest:
        first = max(oldest, newest - size + 1)
        yield QUARTER.in_(range(first, newest + 1))
        newest, size = first - 1, min(2 * size, MOST_QUARTERS)


def _quarter(at: datetime) -> int:
    return ms_of_moment(at) // QUARTER_MS
