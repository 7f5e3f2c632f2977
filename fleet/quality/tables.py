"""SQL table of data quality: one row a city day for every maker and every vehicle with something to say."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, Date, Float, Index, Integer, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime

quality_days = Table(
    "quality_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("maker", String(64), primary_key=True),
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("score", Float, nullable=False),
    Column("positions", BigInteger, nullable=False),
    Column("counts", JsonStruct(Mapping[str, int]), nullable=False),
    Column("formula_version", Integer, nullable=False),
    Column("closed_at", UtcDateTime, nullable=False),
    Index(None, "vehicle_no", "day"),
)
"""vehicle_no 0 is the maker's whole. A row is written once, after the day, and never changed."""
