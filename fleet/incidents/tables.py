"""SQL tables of incidents, of the alarms that are causes of one, and of their sealed bundles."""

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    event,
    text,
)

from core.audit.tables import append_only
from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from fleet.incidents.incident import Step

incidents = Table(
    "incidents",
    metadata,
    Column("incident_id", String(40), primary_key=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("type", String(32), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("state", String(32), nullable=False),
    Column("happened_at", UtcDateTime, nullable=False),
    Column("discovered_at", UtcDateTime, nullable=False),
    Column("window_from", UtcDateTime, nullable=False),
    Column("window_to", UtcDateTime, nullable=False),
    Column("severity", String(24)),
    Column("medical_dispatch", Boolean, nullable=False),
    Column("description", Text, nullable=False),
    Column("report_id", String(80), nullable=False),
    Column("lat", Float),
    Column("lng", Float),
    Column("opened_by", String(40), nullable=False),
    Column("opened_by_name", String(128), nullable=False),
    Column("is_scene_held", Boolean, nullable=False),
    Column("responsibility", String(16)),
    Column("responsibility_note", Text, nullable=False),
    Column("recording_command", String(40)),
    Column("evidence_wanted", Integer, nullable=False),
    Column("evidence_edition", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("steps", JsonStruct(tuple[Step, ...]), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "vehicle_no", "happened_at"),
    Index(None, "district", "happened_at"),
    Index(None, "happened_at"),
    Index(None, "recording_command"),
)
_owed = text("evidence_wanted > evidence_edition")
Index("ix_incidents_evidence_owed", incidents.c.window_to, sqlite_where=_owed, postgresql_where=_owed)

_due = text("due_at IS NOT NULL")
Index("ix_incidents_due", incidents.c.due_at, sqlite_where=_due, postgresql_where=_due)

incident_causes = Table(
    "incident_causes",
    metadata,
    Column("alarm_id", String(40), primary_key=True),
    Column("incident_id", String(40), nullable=False, index=True),
)
"""An alarm is a cause of one incident, whoever found it and however often."""

evidence_bundles = Table(
    "evidence_bundles",
    metadata,
    Column("incident_id", String(40), primary_key=True),
    Column("edition", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False),
    Column("keep_until", UtcDateTime, nullable=False),
    Column("public_key", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""The files themselves, so that sealing and the fact that it was done are one commit. Never changed."""

for _dialect in ("sqlite", "postgresql"):
    for _statement in append_only(evidence_bundles.name, _dialect):
        refusal = DDL(_statement)  # type: ignore[no-untyped-call]
        event.listen(evidence_bundles, "after_create", refusal.execute_if(dialect=_dialect))
