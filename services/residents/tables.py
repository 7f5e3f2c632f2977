"""SQL table of what residents agreed to."""

from sqlalchemy import Boolean, Column, Index, String, Table

from core.database import metadata
from core.database.types import UtcDateTime

resident_consents = Table(
    "resident_consents",
    metadata,
    Column("consent_id", String(40), primary_key=True),
    Column("resident_id", String(40), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("is_given", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "resident_id", "at"),
)
"""Every word of hers, never written over: what held at any moment can be shown. Gone when she leaves."""
