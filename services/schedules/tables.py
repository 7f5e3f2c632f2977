"""SQL tables of schedules, their occurrences and the city's holidays."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from services.schedules.calendar import Calendar

schedules = Table(
    "schedules",
    metadata,
    Column("schedule_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", String(80), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("vehicle_no", BigInteger),
    Column("calendar", JsonStruct(Calendar), nullable=False),
    Column("misfire", String(16), nullable=False),
    Column("grace_s", Integer, nullable=False),
    Column("start_within_s", Integer, nullable=False),
    Column("lasts_s", Integer, nullable=False),
    Column("holds", JsonStruct(tuple[str, ...]), nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("planned_until", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by_name", String(120), nullable=False),
    Index(None, "district", "kind"),
)

occurrences = Table(
    "schedule_occurrences",
    metadata,
    Column("occurrence_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("schedule_id", ForeignKey("schedules.schedule_id"), nullable=False),
    Column("slot_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("vehicle_no", BigInteger),
    Column("state", String(16), nullable=False),
    Column("fired_at", UtcDateTime),
    Column("start_by", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("reason", Text, nullable=False),
    Column("by", String(64)),
    Column("by_name", String(120)),
    Unique("schedule_id", "slot_at"),
    Index(None, "state", "due_at"),
    Index(None, "due_at"),
)
"""One row a slot, whoever plans it and however often (reliability.md, promise 8)."""

holidays = Table(
    "holidays",
    metadata,
    Column("day", Date, primary_key=True),
    Column("is_working", Boolean, nullable=False),
    Column("name_zh", String(80), nullable=False),
    Column("name_en", String(80), nullable=False),
)
