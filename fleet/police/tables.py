"""SQL table of the codes that were given out to police officers."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from core.database import metadata
from core.database.types import UtcDateTime
from core.privacy.encrypted import encrypted

police_grants = Table(
    "police_grants",
    metadata,
    Column("grant_id", String(40), primary_key=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("officer", encrypted("police_grants.officer"), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("given_by", String(40), nullable=False),
    Column("given_by_name", String(128), nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("expires_wall", UtcDateTime, nullable=False),
    Column("code_digest", String(64), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("token_hash", String(64), unique=True),
    Column("opened_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    Index(None, "vehicle_no", "expires_wall"),
)
"""A code is never stored: its digest under a key of ours is."""
