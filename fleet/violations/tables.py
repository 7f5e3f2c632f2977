"""SQL table of violations."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from fleet.violations.violation import Decision

violations = Table(
    "violations",
    metadata,
    Column("violation_id", String(40), primary_key=True),
    Column("alarm_id", String(40), nullable=False, unique=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("finding", String(16), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("fence_id", String(64)),
    Column("fence_version", Integer),
    Column("set_version", BigInteger),
    Column("permit_no", String(64)),
    Column("lat", Float),
    Column("lng", Float),
    Column("evidence", JsonStruct(Mapping[str, str | int | float | bool | None]), nullable=False),
    Column("decisions", JsonStruct(tuple[Decision, ...]), nullable=False),
    Column("appeal_until", UtcDateTime),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "vehicle_no", "began_at"),
    Index(None, "district", "began_at"),
    Index(None, "state", "began_at"),
    Index(None, "began_at"),
)
"""``alarm_id`` is unique: one cause opens one violation, whoever judged it and however often."""
