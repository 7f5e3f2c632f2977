"""SQL of incidents: compare-and-set on the version, reads within a reach."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, func, insert, literal, select, tuple_, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import NotFound, VersionMismatch
from core.ids import AlarmId, CommandId, IncidentId, VehicleNo
from fleet.incidents.incident import Incident
from fleet.incidents.kinds import IncidentState
from fleet.incidents.tables import incident_causes, incidents

_NEWEST_FIRST = (incidents.c.happened_at.desc(), incidents.c.incident_id.desc())


class IncidentPlace(NamedTuple):
    """Where an incident stands in the list."""

    happened_at: datetime
    incident_id: str


class IncidentStore:
    """Reads and writes incidents inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, incident: Incident) -> None:
        """Store and announce a new incident."""
        await self._tx.execute(insert(incidents).values(msgspec.structs.asdict(incident)))
        tell_changed(self._tx, "incident", incident.incident_id, at=incident.changed_at)

    async def add_cause(self, alarm_id: AlarmId, incident_id: IncidentId) -> bool:
        """Note that an alarm is a cause of an incident; return False when it is one of some incident."""
        return await insert_new(self._tx, incident_causes, {"alarm_id": alarm_id, "incident_id": incident_id})

    async def has_cause(self, alarm_id: AlarmId) -> bool:
        """Return whether an alarm is a cause of some incident."""
        query = select(incident_causes.c.alarm_id).where(incident_causes.c.alarm_id == alarm_id)
        return (await self._tx.execute(query)).first() is not None

    async def causes_of(self, incident_id: IncidentId) -> list[AlarmId]:
        """Return the alarms that are causes of an incident."""
        query = select(incident_causes.c.alarm_id).where(incident_causes.c.incident_id == incident_id)
        rows = await self._tx.execute(query.order_by(incident_causes.c.alarm_id))
        return [AlarmId(row.alarm_id) for row in rows]

    async def near(self, vehicle_no: VehicleNo, at: datetime, span: timedelta) -> Incident | None:
        """Return the open incident of a vehicle that happened within a span of a moment, the nearest."""
        query = select(incidents).where(
            incidents.c.vehicle_no == vehicle_no,
            incidents.c.happened_at >= at - span,
            incidents.c.happened_at <= at + span,
            incidents.c.state.in_(
                [
                    IncidentState.REPORTED.value,
                    IncidentState.TRIAGED.value,
                    IncidentState.EVIDENCE_SEALED.value,
                ]
            ),
        )
        found = await self._all(query)
        return min(found, key=lambda one: abs(one.happened_at - at), default=None)

    async def get(self, incident_id: IncidentId, reach: Reach) -> Incident:
        """Return an incident within the reach; raise NotFound when there is none."""
        found = await self._all(_reachable(reach).where(incidents.c.incident_id == incident_id))
        if not found:
            raise NotFound("not-found", "there is no such incident", incident_id=incident_id)
        return found[0]

    async def page(
        self,
        reach: Reach,
        *,
        states: Collection[IncidentState] = (),
        vehicle_no: int | None = None,
        from_at: datetime | None = None,
        to_at: datetime | None = None,
        after: IncidentPlace | None = None,
        limit: int = 100,
    ) -> list[Incident]:
        """Return incidents within the reach, the latest first; empty `states` gives all.

        Those that happened in [from_at, to_at); None is no bound.
        """
        query = _reachable(reach)
        if states:
            query = query.where(incidents.c.state.in_(sorted(state.value for state in states)))
        if vehicle_no is not None:
            query = query.where(incidents.c.vehicle_no == vehicle_no)
        if from_at is not None:
            query = query.where(incidents.c.happened_at >= from_at)
        if to_at is not None:
            query = query.where(incidents.c.happened_at < to_at)
        if after is not None:
            bound = tuple_(
                literal(after.happened_at, incidents.c.happened_at.type),
                literal(after.incident_id, incidents.c.incident_id.type),
            )
            query = query.where(tuple_(incidents.c.happened_at, incidents.c.incident_id) < bound)
        return await self._all(query.order_by(*_NEWEST_FIRST).limit(limit))

    async def evidence_owed(self, at: datetime, *, limit: int = 50) -> list[Incident]:
        """Return incidents whose window has passed and whose bundle is owed, the oldest window first."""
        query = select(incidents).where(
            incidents.c.evidence_wanted > incidents.c.evidence_edition, incidents.c.window_to <= at
        )
        return await self._all(query.order_by(incidents.c.window_to).limit(limit))

    async def sealed_within(self, from_at: datetime, to_at: datetime) -> list[Incident]:
        """Return incidents of which all that is owed is sealed and whose window overlaps a span."""
        query = select(incidents).where(
            incidents.c.evidence_wanted <= incidents.c.evidence_edition,
            incidents.c.evidence_edition > 0,
            incidents.c.window_from <= to_at,
            incidents.c.window_to >= from_at,
        )
        return await self._all(query.order_by(incidents.c.window_from))

    async def overdue(self, at: datetime, *, limit: int = 1_000) -> list[Incident]:
        """Return incidents whose present state should have been left, the longest overdue first."""
        query = select(incidents).where(incidents.c.due_at <= at)
        return await self._all(query.order_by(incidents.c.due_at, incidents.c.incident_id).limit(limit))

    async def of_recording(self, command_id: CommandId) -> Incident | None:
        """Return the incident for which a vehicle was told to keep its recordings."""
        found = await self._all(select(incidents).where(incidents.c.recording_command == command_id))
        return found[0] if found else None

    async def other_holds(self, incident: Incident) -> int:
        """Return how many other incidents hold the same vehicle at a scene."""
        query = select(func.count()).where(
            incidents.c.vehicle_no == incident.vehicle_no,
            incidents.c.is_scene_held.is_(True),
            incidents.c.incident_id != incident.incident_id,
        )
        return int((await self._tx.execute(query)).scalar_one())

    async def save(self, before: Incident, after: Incident) -> Incident:
        """Write `after` over exactly `before`; raise VersionMismatch when somebody was faster."""
        written = await self._tx.execute(
            update(incidents)
            .where(incidents.c.incident_id == before.incident_id, incidents.c.version == before.version)
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise VersionMismatch(
                "version-mismatch",
                "the incident was changed in between; read it again",
                incident_id=before.incident_id,
                version=before.version,
            )
        tell_changed(self._tx, "incident", after.incident_id, at=after.changed_at)
        return after

    async def _all(self, query: Select[Any]) -> list[Incident]:
        return [read_row(row, Incident) for row in (await self._tx.execute(query)).mappings()]


def _reachable(reach: Reach) -> Select[Any]:
    return select(incidents).where(
        within(incidents.c.district, reach.districts),
        within(incidents.c.operator, reach.operators),
        within(incidents.c.vehicle_no, reach.vehicles),
    )
