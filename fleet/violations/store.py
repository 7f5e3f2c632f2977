"""SQL of violations: one a cause, compare-and-set on the version, reads and counts within a reach."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Select, func, literal, select, tuple_, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import NotFound, VersionMismatch
from core.ids import AlarmId, ViolationId
from fleet.alarms.alarm import Alarm
from fleet.fences.walk_back import walk_back
from fleet.telemetry.facts import fence_events
from fleet.violations.kinds import COUNTED, OF_ALARM, ViolationState
from fleet.violations.tables import violations
from fleet.violations.violation import Violation

type CountBy = Literal["vehicle", "district", "operator", "kind"]
_AXES = {
    "vehicle": violations.c.vehicle_no,
    "district": violations.c.district,
    "operator": violations.c.operator,
    "kind": violations.c.kind,
}
_NEWEST_FIRST = (violations.c.began_at.desc(), violations.c.violation_id.desc())


class ViolationPlace(NamedTuple):
    """Where a violation stands in the list."""

    began_at: datetime
    violation_id: str


class ViolationCount(msgspec.Struct, frozen=True, kw_only=True):
    """Violations of one vehicle, 旗区, operator or kind that began in a span."""

    key: str
    suspected: int
    counted: int
    """Confirmed and not overturned, closed or not."""
    cleared: int
    """Dismissed or overturned."""


class ViolationStore:
    """Reads and writes violations inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, violation: Violation) -> bool:
        """Store and announce a violation; return False when its cause has one."""
        if not await insert_new(self._tx, violations, msgspec.structs.asdict(violation)):
            return False
        tell_changed(self._tx, "violation", violation.violation_id, at=violation.opened_at)
        return True

    async def of_alarm(self, alarm_id: AlarmId) -> Violation | None:
        """Return the violation that a cause opened, None when it opened none."""
        found = await self._all(select(violations).where(violations.c.alarm_id == alarm_id))
        return found[0] if found else None

    async def near(self, alarm: Alarm, within_span: timedelta) -> Violation | None:
        """Return the newest violation of the rule of a cause that ends or begins within a span of it.

        Only one that nobody has judged yet, of the same vehicle and fence.
        """
        if not within_span:
            return None
        column = violations.c
        query = select(violations).where(
            column.vehicle_no == alarm.vehicle_no,
            column.kind == OF_ALARM[alarm.kind].value,
            column.fence_id.is_not_distinct_from(alarm.details.get("fence_id")),
            column.state == ViolationState.SUSPECTED.value,
            column.ended_at.is_(None) | (column.ended_at >= alarm.raised_at - within_span),
        )
        if alarm.cleared_at is not None:
            query = query.where(column.began_at <= alarm.cleared_at + within_span)
        found = await self._all(query.order_by(*_NEWEST_FIRST).limit(1))
        return found[0] if found else None

    async def get(self, violation_id: ViolationId, reach: Reach) -> Violation:
        """Return a violation within the reach; raise NotFound when there is none."""
        found = await self._all(_reachable(reach).where(violations.c.violation_id == violation_id))
        if not found:
            raise NotFound("not-found", "there is no such violation", violation_id=violation_id)
        return found[0]

    async def page(
        self,
        reach: Reach,
        *,
        states: Collection[ViolationState] = (),
        vehicle_no: int | None = None,
        from_at: datetime | None = None,
        to_at: datetime | None = None,
        after: ViolationPlace | None = None,
        limit: int = 100,
    ) -> list[Violation]:
        """Return violations within the reach, the latest begin first; empty `states` gives all.

        Those that began in [from_at, to_at); None is no bound.
        """
        query = _reachable(reach)
        if states:
            query = query.where(violations.c.state.in_(sorted(state.value for state in states)))
        if vehicle_no is not None:
            query = query.where(violations.c.vehicle_no == vehicle_no)
        if from_at is not None:
            query = query.where(violations.c.began_at >= from_at)
        if to_at is not None:
            query = query.where(violations.c.began_at < to_at)
        if after is not None:
            bound = tuple_(
                literal(after.began_at, violations.c.began_at.type),
                literal(after.violation_id, violations.c.violation_id.type),
            )
            query = query.where(tuple_(violations.c.began_at, violations.c.violation_id) < bound)
        return await self._all(query.order_by(*_NEWEST_FIRST).limit(limit))

    async def counts(
        self, reach: Reach, by: CountBy, *, from_at: datetime, to_at: datetime
    ) -> list[ViolationCount]:
        """Return how many began in [from_at, to_at) on one axis, by key; a key without any is absent."""
        axis = _AXES[by]
        query = (
            _reachable(reach)
            .with_only_columns(axis.label("key"), violations.c.finding, func.count().label("n"))
            .where(violations.c.began_at >= from_at, violations.c.began_at < to_at)
            .group_by(axis, violations.c.finding)
        )
        sums: dict[str, dict[str, int]] = {}
        for row in await self._tx.execute(query):
            of_key = sums.setdefault(str(row.key), {"suspected": 0, "counted": 0, "cleared": 0})
            of_key[_column(ViolationState(row.finding))] += int(row.n)
        return [ViolationCount(key=key, **sums[key]) for key in sorted(sums)]

    async def save(self, before: Violation, after: Violation, *, at: datetime) -> Violation:
        """Write `after` over exactly `before`; raise VersionMismatch when somebody was faster."""
        written = await self._tx.execute(
            update(violations)
            .where(violations.c.violation_id == before.violation_id, violations.c.version == before.version)
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise VersionMismatch(
                "version-mismatch",
                "the violation was changed in between; read it again",
                violation_id=before.violation_id,
                version=before.version,
            )
        tell_changed(self._tx, "violation", after.violation_id, at=at)
        return after

    async def is_border_uncertain(self, vehicle_no: int, fence_id: str, at: datetime) -> bool:
        """Return whether the last crossing of a fence up to a moment lay too near to a border to be sure."""
        row = fence_events.c
        query = (
            select(row.is_border_uncertain)
            .where(row.vehicle_no == vehicle_no, row.fence_id == fence_id, row.measured_at <= at)
            .order_by(row.measured_at.desc(), row.id.desc())
            .limit(1)
        )
        for quarters in await walk_back(self._tx, at):
            if (found := (await self._tx.execute(query.where(quarters))).scalar()) is not None:
                return bool(found)
        return False

    async def _all(self, query: Select[Any]) -> list[Violation]:
        return [read_row(row, Violation) for row in (await self._tx.execute(query)).mappings()]


def _column(finding: ViolationState) -> str:
    if finding is ViolationState.SUSPECTED:
        return "suspected"
    return "counted" if finding in COUNTED else "cleared"


def _reachable(reach: Reach) -> Select[Any]:
    return select(violations).where(
        within(violations.c.district, reach.districts),
        within(violations.c.operator, reach.operators),
        within(violations.c.vehicle_no, reach.vehicles),
    )
