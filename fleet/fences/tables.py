"""The SQL table of previews whose week is still being worked out."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table

from core.database import metadata
from core.database.types import UtcDateTime

preview_weeks = Table(
    "preview_weeks",
    metadata,
    Column("fence_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("week_id", String(36), nullable=False),
    Column("vehicles", LargeBinary, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("reached_ms", BigInteger, nullable=False),
    Column("positions", BigInteger, nullable=False),
    Column("judged", LargeBinary),
    Column("tries", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Index(None, "due_at"),
)
"""One row a version while a job goes through its week. ``vehicles`` (of the reach of whoever asked) and
``judged`` (where the judge stands at ``reached_ms``) are packed; ``due_at`` is wall time: until then a job
holds the row."""
