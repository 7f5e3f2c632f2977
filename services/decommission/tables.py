"""SQL table of vehicles that somebody takes out of the fleet."""

from sqlalchemy import BigInteger, Column, Index, String, Table

from core.database import metadata
from core.database.types import UtcDateTime

decommissions = Table(
    "decommissions",
    metadata,
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("rest", String(16), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("by_name", String(128), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Index(None, "done_at"),
)
"""A vehicle is taken out once: the key refuses a second time."""
