"""SQL table of alarms."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from fleet.alarms.alarm import AlarmComment
from fleet.alarms.kinds import AlarmLevel, AlarmState

alarm_follow_ups = Table(
    "alarm_follow_ups",
    metadata,
    Column("alarm_id", String(40), primary_key=True),
    Column("step", String(8), primary_key=True),
)
"""Alarms whose raising or clearing still has something to follow from it (fleet.alarms.follow_up)."""

alarms = Table(
    "alarms",
    metadata,
    Column("alarm_id", String(40), primary_key=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("dedup_key", String(160), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledged_by", String(40)),
    Column("acknowledged_by_name", String(128)),
    Column("taken_at", UtcDateTime, index=True),
    Column("taken_by", String(40)),
    Column("answered_at", UtcDateTime),
    Column("cleared_at", UtcDateTime),
    Column("assignee", String(40)),
    Column("assignee_name", String(128)),
    Column("level", String(16), nullable=False, server_default=AlarmLevel.OWNER.value),
    Column("group_id", String(40)),
    Column("lat", Float),
    Column("lng", Float),
    Column("details", JsonStruct(Mapping[str, str | int | float | bool | None]), nullable=False),
    Column("comments", JsonStruct(tuple[AlarmComment, ...]), nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "vehicle_no", "raised_at"),
    Index(None, "district", "raised_at"),
    Index(None, "raised_at"),
    Index(None, "dedup_key", "cleared_at"),
)
alarm_members = Table(
    "alarm_members",
    metadata,
    Column("alarm_id", String(40), primary_key=True),
    Column("vehicle_no", BigInteger, primary_key=True),
    Column("joined_at", UtcDateTime, nullable=False),
    Column("back_at", UtcDateTime),
    Index(None, "vehicle_no", "joined_at"),
)
"""The vehicles of a group alarm, and when each was heard again."""
Index(
    "uq_alarms_one_standing_per_cause",
    alarms.c.dedup_key,
    unique=True,
    sqlite_where=alarms.c.cleared_at.is_(None),
    postgresql_where=alarms.c.cleared_at.is_(None),
)
"""One cause has one standing alarm, however many frames and trackers repeat it."""
Index(
    "ix_alarms_standing_of_vehicle",
    alarms.c.vehicle_no,
    sqlite_where=alarms.c.cleared_at.is_(None),
    postgresql_where=alarms.c.cleared_at.is_(None),
)
_not_closed = text(f"state <> '{AlarmState.CLOSED.value}'")
Index("ix_alarms_not_closed", alarms.c.raised_at, sqlite_where=_not_closed, postgresql_where=_not_closed)
