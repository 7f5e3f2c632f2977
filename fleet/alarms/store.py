"""SQL of alarms: one standing alarm a cause, compare-and-set on the version, reads within a reach."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, func, literal, select, tuple_, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import NotFound, VersionMismatch
from core.ids import AlarmId, DistrictCode, VehicleNo
from core.outbox import emit
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import (
    ASKS,
    FOLLOWED,
    FROM_THE_STREET,
    SEVERITY_RANK,
    STANDING,
    WAITING,
    AlarmKind,
    AlarmLevel,
    AlarmState,
    Severity,
)
from fleet.alarms.tables import alarm_follow_ups, alarms

LOOKED_AT_MOST = 5_000
"""Alarms that one pass of the reconciler reads; the oldest come first, so none waits for ever."""
_NEWEST_FIRST = (alarms.c.raised_at.desc(), alarms.c.alarm_id.desc())


class AlarmPlace(NamedTuple):
    """Where an alarm stands in the list."""

    raised_at: datetime
    alarm_id: str


class AlarmStore:
    """Reads and writes alarms inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, alarm: Alarm) -> bool:
        """Store and announce a new alarm; return False while its cause has a standing one."""
        if not await insert_new(self._tx, alarms, msgspec.structs.asdict(alarm)):
            return False
        await self._leave(alarm, "raised")
        await self._announce(alarm)
        return True

    async def standing(self, keys: Collection[str]) -> dict[str, Alarm]:
        """Return the standing alarm of each cause; a cause without one is absent."""
        if not keys:
            return {}
        query = select(alarms).where(alarms.c.dedup_key.in_(sorted(set(keys))), alarms.c.cleared_at.is_(None))
        return {alarm.dedup_key: alarm for alarm in await self._all(query)}

    async def standing_of(self, numbers: Collection[VehicleNo]) -> list[Alarm]:
        """Return every standing alarm of these vehicles, newest first; read them with a reach before."""
        if not numbers:
            return []
        query = select(alarms).where(
            alarms.c.vehicle_no.in_(sorted(set(numbers))), alarms.c.cleared_at.is_(None)
        )
        return await self._all(query.order_by(*_NEWEST_FIRST))

    async def standing_of_kinds(self, kinds: Collection[AlarmKind]) -> list[Alarm]:
        """Return every standing alarm of these kinds, for work that runs for nobody in particular."""
        query = select(alarms).where(
            alarms.c.kind.in_(sorted(kind.value for kind in kinds)),
            alarms.c.state.in_(sorted(state.value for state in STANDING)),
        )
        return await self._all(query)

    async def below_top(self) -> list[Alarm]:
        """Return every alarm that nobody acknowledged and that can still go higher, the oldest first."""
        query = select(alarms).where(
            alarms.c.state.in_(sorted(state.value for state in WAITING)),
            alarms.c.state != AlarmState.CLOSED.value,
            alarms.c.level != AlarmLevel.DUTY_OFFICER.value,
        )
        return await self._all(query.order_by(alarms.c.raised_at).limit(LOOKED_AT_MOST))

    async def taken_between(self, began: datetime, ended: datetime) -> list[Alarm]:
        """Return the alarms that an operator took on within a span, for work that runs for nobody."""
        query = select(alarms).where(alarms.c.taken_at > began, alarms.c.taken_at < ended)
        return await self._all(query.order_by(alarms.c.taken_at))

    async def was_cleared_since(self, key: str, moment: datetime) -> bool:
        """Return whether an alarm of this cause was cleared after a moment."""
        query = select(alarms.c.alarm_id).where(alarms.c.dedup_key == key, alarms.c.cleared_at > moment)
        return (await self._tx.execute(query.limit(1))).first() is not None

    async def overlaps(self, key: str, began: datetime, ended: datetime) -> bool:
        """Return whether an alarm of this cause stood at some moment of a span."""
        query = select(alarms.c.alarm_id).where(
            alarms.c.dedup_key == key,
            alarms.c.raised_at <= ended,
            alarms.c.cleared_at.is_(None) | (alarms.c.cleared_at >= began),
        )
        return (await self._tx.execute(query.limit(1))).first() is not None

    async def seen(self, alarm: Alarm, *, at: datetime) -> None:
        """Note that the cause of a standing alarm was seen again; announces nothing."""
        await self._tx.execute(
            update(alarms)
            .where(alarms.c.alarm_id == alarm.alarm_id, alarms.c.last_seen_at < at)
            .values(last_seen_at=at)
        )

    async def get(self, alarm_id: AlarmId, reach: Reach) -> Alarm:
        """Return an alarm within the reach; raise NotFound when there is none."""
        found = await self._all(_reachable(reach).where(alarms.c.alarm_id == alarm_id))
        if not found:
            raise NotFound("not-found", "there is no such alarm", alarm_id=alarm_id)
        return found[0]

    async def page(
        self,
        reach: Reach,
        *,
        states: Collection[AlarmState] = (),
        vehicle_no: int | None = None,
        after: AlarmPlace | None = None,
        limit: int = 100,
    ) -> list[Alarm]:
        """Return alarms within the reach, newest first; empty `states` gives all."""
        query = _reachable(reach)
        if states:
            query = query.where(alarms.c.state.in_(sorted(state.value for state in states)))
        if vehicle_no is not None:
            query = query.where(alarms.c.vehicle_no == vehicle_no)
        if after is not None:
            bound = tuple_(
                literal(after.raised_at, alarms.c.raised_at.type),
                literal(after.alarm_id, alarms.c.alarm_id.type),
            )
            query = query.where(tuple_(alarms.c.raised_at, alarms.c.alarm_id) < bound)
        return await self._all(query.order_by(*_NEWEST_FIRST).limit(limit))

    async def of_ids(self, ids: Collection[AlarmId], reach: Reach) -> list[Alarm]:
        """Return those of the alarms that lie within the reach, in no order."""
        if not ids:
            return []
        return await self._all(_reachable(reach).where(alarms.c.alarm_id.in_(sorted(set(ids)))))

    async def standing_by_district(self, reach: Reach) -> dict[DistrictCode, dict[Severity, int]]:
        """Return how many causes stand in each 旗区 by severity; a 旗区 without any is absent."""
        query = (
            select(alarms.c.district, alarms.c.severity, func.count().label("n"))
            .where(
                alarms.c.state.in_(sorted(state.value for state in STANDING)),
                within(alarms.c.district, reach.districts),
                within(alarms.c.operator, reach.operators),
                within(alarms.c.vehicle_no, reach.vehicles),
            )
            .group_by(alarms.c.district, alarms.c.severity)
        )
        found: dict[DistrictCode, dict[Severity, int]] = {}
        for row in await self._tx.execute(query):
            found.setdefault(DistrictCode(row.district), {})[Severity(row.severity)] = int(row.n)
        return found

    async def worst_standing(self) -> dict[VehicleNo, Severity]:
        """Return the worst standing alarm of each vehicle that has one; a mask narrows it later."""
        query = (
            select(alarms.c.vehicle_no, alarms.c.severity)
            .where(alarms.c.state.in_(sorted(state.value for state in STANDING)))
            .distinct()
        )
        found: dict[VehicleNo, Severity] = {}
        for row in await self._tx.execute(query):
            number, severity = VehicleNo(row.vehicle_no), Severity(row.severity)
            found[number] = max(found.get(number, severity), severity, key=SEVERITY_RANK.__getitem__)
        return found

    async def left_open(self, reach: Reach) -> dict[Severity, int]:
        """Return how many alarms within the reach stand or wait for somebody, by severity."""
        states = sorted(state.value for state in STANDING | WAITING)
        open_now = _reachable(reach).where(alarms.c.state.in_(states)).subquery()
        query = select(open_now.c.severity, func.count()).group_by(open_now.c.severity)
        return {Severity(severity): int(count) for severity, count in await self._tx.execute(query)}

    async def critical_of_nobody(self, reach: Reach) -> list[AlarmId]:
        """Return the critical alarms that nobody has acknowledged and nobody was given, the oldest first."""
        query = _reachable(reach).where(
            alarms.c.severity == Severity.CRITICAL.value,
            alarms.c.state.in_(sorted(state.value for state in WAITING)),
            alarms.c.assignee.is_(None),
        )
        found = await self._all(query.order_by(alarms.c.raised_at).limit(LOOKED_AT_MOST))
        return [alarm.alarm_id for alarm in found]

    async def waiting_count(self, reach: Reach) -> int:
        """Return how many alarms within the reach call somebody and were acknowledged by nobody."""
        waits = _reachable(reach).where(
            alarms.c.state.in_(sorted(state.value for state in WAITING)),
            alarms.c.severity.in_(sorted(severity.value for severity in ASKS)),
        )
        query = select(func.count()).select_from(waits.subquery())
        return int((await self._tx.execute(query)).scalar_one())

    async def save(self, before: Alarm, after: Alarm) -> Alarm:
        """Write `after` over exactly `before`; raise VersionMismatch when somebody was faster."""
        written = await self._tx.execute(
            update(alarms)
            .where(alarms.c.alarm_id == before.alarm_id, alarms.c.version == before.version)
            .values({**msgspec.structs.asdict(after), "last_seen_at": alarms.c.last_seen_at})
        )
        if written.rowcount != 1:
            raise VersionMismatch(
                "version-mismatch",
                "the alarm was changed in between; read it again",
                alarm_id=before.alarm_id,
                version=before.version,
            )
        if after.is_cleared and not before.is_cleared:
            await self._leave(after, "cleared")
        elif after.severity is not before.severity:
            await self._leave(after, "graver")
        elif after.kind in FROM_THE_STREET and after.acknowledged_at != before.acknowledged_at:
            await self._leave(after, "seen")
        await self._announce(after)
        return after

    async def _all(self, query: Select[Any]) -> list[Alarm]:
        rows = (await self._tx.execute(query)).mappings()
        return [read_row(row, Alarm) for row in rows]

    async def _leave(self, alarm: Alarm, step: str) -> None:
        """Leave a row to whoever does what follows from the kind, if anything does."""
        if alarm.kind in FOLLOWED:
            await insert_new(self._tx, alarm_follow_ups, {"alarm_id": alarm.alarm_id, "step": step})

    async def _announce(self, alarm: Alarm) -> None:
        moments = [alarm.raised_at, alarm.acknowledged_at, alarm.cleared_at]
        at = max(moment for moment in moments if moment is not None)
        tell_changed(self._tx, "alarm", alarm.alarm_id, at=at)
        told = {"events": [_told(alarm, at)]}
        await emit(self._tx, "webhook.alarm", told, key=f"alarm-webhook:{alarm.alarm_id}", at=at)


def _told(alarm: Alarm, at: datetime) -> dict[str, Any]:
    """Return an alarm as other systems are told of it: no person's name or words."""
    change = "raised" if alarm.version == 1 else "cleared" if at == alarm.cleared_at else "changed"
    return {
        "id": f"alarm:{alarm.alarm_id}:{alarm.version}",
        "kind": f"alarm.{change}",
        "at": at.isoformat(),
        "data": {
            "alarmId": alarm.alarm_id,
            "version": alarm.version,
            "kind": alarm.kind.value,
            "severity": alarm.severity.value,
            "state": alarm.state.value,
            "level": alarm.level.value,
            "vehicleNo": alarm.vehicle_no,
            "district": alarm.district,
            "operator": alarm.operator,
            "raisedAt": alarm.raised_at.isoformat(),
            "acknowledgedAt": None if alarm.acknowledged_at is None else alarm.acknowledged_at.isoformat(),
            "clearedAt": None if alarm.cleared_at is None else alarm.cleared_at.isoformat(),
            "lat": alarm.lat,
            "lng": alarm.lng,
        },
    }


def _reachable(reach: Reach) -> Select[Any]:
    return select(alarms).where(
        within(alarms.c.district, reach.districts),
        within(alarms.c.operator, reach.operators),
        within(alarms.c.vehicle_no, reach.vehicles),
    )
