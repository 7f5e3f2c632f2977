"""SQL table of depots, chargers and visited places."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table

from core.database import metadata

places = Table(
    "places",
    metadata,
    Column("place_id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("district", String(8), nullable=False),
    Column("name_zh", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("lat", Float, nullable=False),
    Column("lng", Float, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("service", String(16)),
    Column("is_active", Boolean, nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
    Index(None, "district", "kind"),
)
