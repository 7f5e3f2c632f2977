"""SQL table of delegates."""

from sqlalchemy import Boolean, Column, Integer, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from core.privacy.encrypted import encrypted

pickup_delegates = Table(
    "pickup_delegates",
    metadata,
    Column("order_id", String(40), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("resident_id", String(40), nullable=False),
    Column("name", encrypted("pickup_delegates.name"), nullable=False),
    Column("secret", encrypted("pickup_delegates.secret"), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("tries", JsonStruct(dict[int, int]), nullable=False),
    Column("is_dead", Boolean, nullable=False),
    Column("named_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("opened_at", UtcDateTime),
)
"""Her phone is the resident's behind ``resident_id``; a code is stored nowhere."""
