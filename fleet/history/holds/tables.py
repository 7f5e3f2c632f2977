"""SQL table of legal holds on history."""

from sqlalchemy import BigInteger, Column, Index, String, Table

from core.database import metadata
from core.database.types import UtcDateTime

history_holds = Table(
    "history_holds",
    metadata,
    Column("hold_id", String(64), primary_key=True),
    Column("vehicle_no", BigInteger),
    Column("from_at", UtcDateTime, nullable=False),
    Column("to_at", UtcDateTime, nullable=False),
    Column("reason", String(500), nullable=False),
    Column("about", String(80), nullable=False),
    Column("until", UtcDateTime),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("placed_by", String(64), nullable=False),
    Column("released_at", UtcDateTime),
    Index(None, "about"),
    Index(None, "from_at"),
)
