"""Vehicle-days for screens and sheets: which ones are asked for, and the same as CSV."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from core.auth.principal import Reach
from core.errors import Invalid
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from dashboard.parts import DashboardParts
from dashboard.schemas.vehicle_days import VehicleDayView, day_view
from fleet.days.store import DayFilter, DayPlace, DayStore, StoredDay

DAYS_MOST: Final = 366
SHEET_DAYS_MOST: Final = 31
USUAL_DAYS: Final = 7
_ROWS_AT_ONCE: Final = 500
_LEFT_OUT: Final = frozenset({"parts", "minutes_by_duty", "alarms"})
_COLUMNS: Final = tuple(name for name in VehicleDayView.__struct_fields__ if name not in _LEFT_OUT)
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so would be computed by a spreadsheet."""


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """Filters of a request; None narrows nothing."""

    vehicle_no: int | None = None
    district: str | None = None
    operator: str | None = None
    service: ServiceKind | None = None


def day_filter(
    parts: DashboardParts,
    first: date | None,
    last: date | None,
    narrow: Narrowed,
    *,
    most: int = DAYS_MOST,
) -> DayFilter:
    """Return what a request asks for, without dates the seven days until yesterday.

    Raises Invalid for a span that is the wrong way round or too long.
    """
    for field, day in (("from", first), ("to", last)):
        if day is not None and not 1970 <= day.year <= 9998:
            raise Invalid(
                "invalid-input", "A day lies within 1970 to 9998", field=field, limit="1970 to 9998"
            )
    until = last or max(parts.day_began().date() - timedelta(days=1), first or date.min)
    since = first or until - timedelta(days=USUAL_DAYS - 1)
    if not 0 <= (until - since).days < most:
        raise Invalid(
            "invalid-input",
            f"A span has 1 to {most} days, from before to",
            field="from",
            limit=f"1 to {most} days",
        )
    return DayFilter(
        first=since,
        last=until,
        vehicles=None if narrow.vehicle_no is None else frozenset({VehicleNo(narrow.vehicle_no)}),
        districts=frozenset() if narrow.district is None else frozenset({DistrictCode(narrow.district)}),
        operators=frozenset() if narrow.operator is None else frozenset({OperatorId(narrow.operator)}),
        services=frozenset() if narrow.service is None else frozenset({narrow.service}),
    )


async def begin_sheet(parts: DashboardParts, reach: Reach, wanted: DayFilter) -> AsyncIterator[str]:
    """Return the rows that count as CSV, piece by piece; a store that fails does so before the first."""
    return _pieces(parts, reach, wanted, await _rows(parts, reach, wanted, None))


async def _pieces(
    parts: DashboardParts, reach: Reach, wanted: DayFilter, found: list[StoredDay]
) -> AsyncIterator[str]:
    yield _csv([_COLUMNS])
    while found:
        yield _csv([_cells(day_view(one)) for one in found])
        last = found[-1].body
        found = await _rows(parts, reach, wanted, DayPlace(last.day, last.vehicle_no))


async def _rows(
    parts: DashboardParts, reach: Reach, wanted: DayFilter, after: DayPlace | None
) -> list[StoredDay]:
    async with parts.database.read() as tx:
        return await DayStore(tx).page(reach, wanted, after=after, limit=_ROWS_AT_ONCE)


def _cells(view: VehicleDayView) -> list[object]:
    return [_cell(getattr(view, name)) for name in _COLUMNS]


def _cell(value: object) -> object:
    """Null is an empty cell, never 0; a person's text is never a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_SIGNS):
        return f"'{value}"
    return value


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
