"""SQL table of the shifts at desks."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from fleet.desk_shifts.desk_shift import Open

desk_shifts = Table(
    "desk_shifts",
    metadata,
    Column("shift_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("staff_id", String(40), nullable=False),
    Column("name", String(128), nullable=False),
    Column("role", String(24), nullable=False),
    Column("operator", String(64)),
    Column("districts", JsonStruct(tuple[str, ...] | None)),
    Column("began_at", UtcDateTime, nullable=False),
    Column("seen_wall", UtcDateTime, nullable=False),
    Column("is_muted", Boolean, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("note", Text, nullable=False),
    Column("left_open", JsonStruct(Open | None)),
    Column("read_by", String(40)),
    Column("read_by_name", String(128), nullable=False),
    Column("read_at", UtcDateTime),
    Index(None, "ended_at"),
)
Index(
    "ix_desk_shifts_open",
    desk_shifts.c.staff_id,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
"""Nobody sits at two desks."""
