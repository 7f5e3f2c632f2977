"""SQL table of the cities that were loaded; there is one."""

from sqlalchemy import Column, Integer, String, Table

from core.database import metadata
from core.database.types import UtcDateTime

cities = Table(
    "cities",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("code", String(8), nullable=False),
    Column("pack_digest", String(64), nullable=False),
    Column("build_digest", String(64), nullable=False),
    Column("partitions", Integer, nullable=False),
    Column("loaded_at", UtcDateTime, nullable=False),
)
"""``partitions`` of the telemetry stream are fixed by the first load: vehicles are spread over them."""
