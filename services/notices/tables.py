"""SQL tables of notices and of how people want to be reached."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, UniqueConstraint, text

from core.database import metadata
from core.database.types import UtcDateTime
from core.privacy.encrypted import encrypted

notices = Table(
    "notices",
    metadata,
    Column("notice_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("subject", String(80), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("occasion", String(16), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("resident_id", String(40), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("wanted_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("held_until", UtcDateTime),
    Column("tries", Integer, nullable=False),
    Column("language", String(8), nullable=False),
    Column("reference", String(120), nullable=False),
    Column("cost_fen", Integer, nullable=False),
    Column("trouble", String(200), nullable=False),
    Column("sent_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    UniqueConstraint("subject", "occasion", "turn", "channel"),
    Index(None, "wanted_at"),
)
"""No phone, no text and no code: those are read and written at the moment of sending."""
Index(
    "ix_notices_due",
    notices.c.due_at,
    sqlite_where=text("state = 'waiting'"),
    postgresql_where=text("state = 'waiting'"),
)
recipient_wishes = Table(
    "recipient_wishes",
    metadata,
    Column("resident_id", String(40), primary_key=True),
    Column("language", String(8), nullable=False),
    Column("quiet_hours", String(16), nullable=False),
    Column("reached_by", String(8), nullable=False),
    Column("extra_wait_s", Float, nullable=False),
    Column("wechat_id", encrypted("recipient_wishes.wechat_id"), nullable=False),
)
