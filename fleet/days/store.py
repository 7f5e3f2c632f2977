"""SQL of vehicle-days: revisions are only added, the newest counts, reads go by a reach."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, func, literal, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.database.statements import insert_new_rows
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.days.compute import Computed, DayFacts
from fleet.days.sums import DaySums
from fleet.days.tables import day_closings, vehicle_days
from fleet.days.vehicle_day import VehicleDay
from fleet.vehicles.kinds import ControlMode

_t = vehicle_days
_newer = vehicle_days.alias("newer")
_NEWEST_FIRST = (_t.c.local_date.desc(), _t.c.vehicle_no)
SUMMED = (
    *("frames", "metres", "known_s", "permitted_s", "available_s", "autonomous_m", "autonomous_s"),
    *("takeovers", "stops", "stops_on_the_way", "harsh_brakes", "alarms", "orders", "m2", "kwh"),
)
NUMBERS_AT_ONCE = 10_000
ROWS_AT_ONCE = 200
"""Rows of one statement: 24 columns each, below the parameters that PostgreSQL and SQLite take."""


class StoredDay(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle-day as it is kept."""

    revision: int
    input_hash: str
    computed_at: datetime
    reason: str | None
    """Why this revision corrects the one before; None for the first."""
    body: VehicleDay


class Newest(NamedTuple):
    """The revision that counts."""

    revision: int
    input_hash: str
    frames: int


class Put(NamedTuple):
    """What became of computed days."""

    added: int
    corrected: int
    refused: int
    """Days computed from fewer positions than their row: some are no longer kept, so the row knows more."""


class DayPlace(NamedTuple):
    """Where a row stands in a list."""

    local_date: date
    vehicle_no: int


class DayFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which closed days are asked for; both ends are included, an empty set or None narrows nothing."""

    first: date
    last: date
    vehicles: frozenset[VehicleNo] | None = None
    districts: frozenset[DistrictCode] = frozenset()
    operators: frozenset[OperatorId] = frozenset()
    services: frozenset[ServiceKind] = frozenset()


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """A closed day."""

    local_date: date
    closed_at: datetime
    formula: int
    vehicles: int
    frames: int
    looked_serial: int


class DayStore:
    """Reads and writes vehicle-days inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def newest(self, day: date, numbers: Collection[VehicleNo]) -> dict[VehicleNo, Newest]:
        """Return the revision that counts of each vehicle; a vehicle without a row is absent."""
        query = select(_t.c.vehicle_no, _t.c.revision, _t.c.input_hash, _t.c.frames)
        asked, found = sorted(set(numbers)), {}
        for start in range(0, len(asked), NUMBERS_AT_ONCE):
            some = _t.c.vehicle_no.in_(asked[start : start + NUMBERS_AT_ONCE])
            for row in await self._tx.execute(query.where(_t.c.local_date == day, some, _is_newest())):
                found[VehicleNo(row.vehicle_no)] = Newest(row.revision, row.input_hash, row.frames)
        return found

    async def facts(self, day: date) -> dict[VehicleNo, DayFacts]:
        """Return what the rows that count say of every vehicle that has any. Reads columns, no bodies."""
        query = select(_t.c.vehicle_no, _t.c.alarms, _t.c.orders, _t.c.m2).where(
            _t.c.local_date == day, (_t.c.alarms > 0) | (_t.c.orders > 0) | (_t.c.m2 > 0), _is_newest()
        )
        return {
            VehicleNo(row.vehicle_no): DayFacts(row.alarms, row.orders or 0, row.m2 or 0.0)
            for row in await self._tx.execute(query)
        }

    async def put(self, computed: Sequence[Computed], *, reason: str, at: datetime) -> Put:
        """Store days that differ in their input from what is kept, unless positions of them are gone.

        Safe to repeat and to race: what is kept already, or was put by another meanwhile, stays.
        """
        if not computed:
            return Put(0, 0, 0)
        day = computed[0].day.day
        kept = await self.newest(day, [one.day.vehicle_no for one in computed])
        first = [one for one in computed if one.day.vehicle_no not in kept]
        other = [
            one
            for one in computed
            if one.day.vehicle_no in kept and kept[one.day.vehicle_no].input_hash != one.input_hash
        ]
        changed = [one for one in other if one.day.frames >= kept[one.day.vehicle_no].frames]
        rows = [_row(one, 1, None, at) for one in first]
        rows += [_row(one, kept[one.day.vehicle_no].revision + 1, reason, at) for one in changed]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            await insert_new_rows(self._tx, _t, rows[start : start + ROWS_AT_ONCE])
        return Put(len(first), len(changed), len(other) - len(changed))

    async def page(
        self, reach: Reach, wanted: DayFilter, *, after: DayPlace | None = None, limit: int = 100
    ) -> list[StoredDay]:
        """Return the rows that count within the reach, newest day first, then by vehicle."""
        query = _stored().where(*_reachable(reach), *_wanted(wanted), _is_newest())
        if after is not None:
            query = query.where(
                (_t.c.local_date < after.local_date)
                | ((_t.c.local_date == after.local_date) & (_t.c.vehicle_no > after.vehicle_no))
            )
        return await self._all(query.order_by(*_NEWEST_FIRST).limit(limit))

    async def revisions(self, reach: Reach, day: date, vehicle_no: VehicleNo) -> list[StoredDay]:
        """Return every revision of a vehicle's day within the reach, the first one first."""
        query = _stored().where(*_reachable(reach), _t.c.local_date == day, _t.c.vehicle_no == vehicle_no)
        return await self._all(query.order_by(_t.c.revision))

    async def sums(self, reach: Reach, wanted: DayFilter) -> DaySums:
        """Return the sums of the rows that count within the reach."""
        query = select(
            func.count().label("vehicle_days"),
            func.count(_t.c.vehicle_no.distinct()).label("vehicles"),
            func.count(_t.c.local_date.distinct()).label("days"),
            func.count(_t.c.reason).label("corrected"),
            *(func.sum(_t.c[name]).label(name) for name in SUMMED),
        ).where(*_reachable(reach), *_wanted(wanted), _is_newest())
        row = (await self._tx.execute(query)).mappings().one()
        if not row["vehicle_days"]:
            return DaySums()
        return msgspec.convert(
            {"".join(name): _number(value) for name, value in row.items()}, DaySums, strict=False
        )

    async def close(self, closing: Closing) -> bool:
        """Say that every row of a day is there; return False when it was said before."""
        return await insert_new(self._tx, day_closings, msgspec.structs.asdict(closing))

    async def last_closing(self) -> Closing | None:
        """Return the newest closed day."""
        query = select(day_closings).order_by(day_closings.c.local_date.desc()).limit(1)
        row = (await self._tx.execute(query)).mappings().one_or_none()
        return None if row is None else read_row(row, Closing)

    async def closings(self, first: date, last: date) -> list[Closing]:
        """Return the closed days of a span, oldest first."""
        query = select(day_closings).where(day_closings.c.local_date.between(first, last))
        rows = (await self._tx.execute(query.order_by(day_closings.c.local_date))).mappings()
        return [read_row(row, Closing) for row in rows]

    async def has_closed(self, day: date) -> bool:
        """Return whether a day is closed."""
        return bool(await self.closings(day, day))

    async def looked(self, closing: Closing, looked_serial: int) -> None:
        """Note up to which history file late positions were searched for; it never goes back."""
        await self._tx.execute(
            update(day_closings)
            .where(
                day_closings.c.local_date == closing.local_date, day_closings.c.looked_serial < looked_serial
            )
            .values(looked_serial=looked_serial)
        )

    async def _all(self, query: Select[Any]) -> list[StoredDay]:
        return [read_row(row, StoredDay) for row in (await self._tx.execute(query)).mappings()]


def _row(one: Computed, revision: int, reason: str | None, at: datetime) -> dict[str, Any]:
    day = one.day
    autonomous_m, autonomous_s = day.in_mode(ControlMode.AUTONOMOUS)
    same = ("vehicle_no", "formula", "district", "operator", "service", "frames", "metres", "known_s")
    more = ("permitted_s", "available_s", "takeovers", "stops", "stops_on_the_way", "harsh_brakes")
    return {
        "local_date": day.day,
        "revision": revision,
        "input_hash": one.input_hash,
        "computed_at": at,
        "reason": reason,
        **{name: getattr(day, name) for name in (*same, *more, "orders", "m2", "kwh")},
        "autonomous_m": autonomous_m,
        "autonomous_s": autonomous_s,
        "alarms": sum(day.alarms.values()),
        "body": day,
    }


def _stored() -> Select[Any]:
    return select(_t.c.revision, _t.c.input_hash, _t.c.computed_at, _t.c.reason, _t.c.body)


def _is_newest() -> ColumnElement[bool]:
    """No higher revision of the same vehicle and day."""
    newer = select(literal(1)).where(
        _newer.c.local_date == _t.c.local_date,
        _newer.c.vehicle_no == _t.c.vehicle_no,
        _newer.c.revision > _t.c.revision,
    )
    return ~newer.exists()


def _reachable(reach: Reach) -> Iterable[ColumnElement[bool]]:
    return (
        within(_t.c.district, reach.districts),
        within(_t.c.operator, reach.operators),
        within(_t.c.vehicle_no, reach.vehicles),
    )


def _wanted(wanted: DayFilter) -> list[ColumnElement[bool]]:
    """Of closed days only: of one that is being closed, some vehicles have a row and others not yet."""
    return [
        _t.c.local_date.between(wanted.first, wanted.last),
        _t.c.local_date.in_(select(day_closings.c.local_date)),
        within(_t.c.vehicle_no, wanted.vehicles),
        within(_t.c.district, wanted.districts or None),
        within(_t.c.operator, wanted.operators or None),
        within(_t.c.service, wanted.services or None),
    ]


def _number(value: Any) -> Any:
    """PostgreSQL sums whole numbers as Decimal."""
    return value if value is None or isinstance(value, float) else int(value)
