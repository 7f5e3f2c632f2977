"""SQL tables of merchants' desks."""

from sqlalchemy import Column, Date, Float, ForeignKey, Integer, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from services.merchants.desk import DayHours

merchant_desks = Table(
    "merchant_desks",
    metadata,
    Column("merchant_id", ForeignKey("merchants.merchant_id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("paused_at", UtcDateTime),
    Column("paused_until", UtcDateTime),
    Column("pause_reason", String(24)),
    Column("busy_until", UtcDateTime),
    Column("busy_extra_s", Float, nullable=False),
    Column("licence_number", String(40), nullable=False),
    Column("licence_expires_on", Date),
    Column("days", JsonStruct(tuple[DayHours, ...]), nullable=False),
)
"""Apart from ``merchants``: a load of the city writes that one anew and must not touch what people said."""
