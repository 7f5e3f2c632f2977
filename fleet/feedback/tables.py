"""SQL table of what people on the street said."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table

from core.database import metadata
from core.database.types import UtcDateTime
from core.privacy.encrypted import encrypted

feedback = Table(
    "feedback",
    metadata,
    Column("feedback_id", String(40), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("code", String(64), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("words", encrypted("feedback.words"), nullable=False),
    Column("lat", Float),
    Column("lng", Float),
    Column("state", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("received_at", UtcDateTime, nullable=False),
    Column("looked_into_at", UtcDateTime),
    Column("looked_into_by", String(40)),
    Column("looked_into_by_name", String(128)),
    Column("closed_at", UtcDateTime),
    Column("answer", String(500), nullable=False),
    Column("answered_by", String(40)),
    Column("answered_by_name", String(128)),
    Column("version", Integer, nullable=False),
    Index(None, "received_at"),
    Index(None, "vehicle_no", "kind", "state"),
)
"""``words`` may name people: they are encrypted, and read by staff within reach only."""
