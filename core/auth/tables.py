"""Accounts, keys and sessions. A secret that only has to be recognised is stored as a hash, never itself."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from core.privacy.encrypted import encrypted

_ID = String(36)
_HASH = String(64)
"""Hex SHA-256."""

staff = Table(
    "staff",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("name", String(128), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("totp_secret", encrypted("staff.totp_secret"), nullable=False),
    Column("totp_last_counter", Integer, nullable=False),
    Column("role", String(32), nullable=False),
    Column("agency", String(64)),
    Column("operator", String(64)),
    Column("districts", JsonStruct(frozenset[str] | None)),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

residents = Table(
    "residents",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("phone", encrypted("residents.phone"), nullable=False),
    Column("phone_index", _HASH, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

resident_codes = Table(
    "resident_codes",
    metadata,
    Column("phone_index", _HASH, primary_key=True),
    Column("code_digest", _HASH, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

order_links = Table(
    "order_links",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("token_hash", _HASH, nullable=False, unique=True),
    Column("order_id", _ID, nullable=False, index=True),
    Column("resident_id", _ID, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)


def _sessions(name: str, subject: str) -> Table:
    return Table(
        name,
        metadata,
        Column("id", _ID, primary_key=True),
        Column("token_hash", _HASH, nullable=False, unique=True),
        Column("subject_id", _ID, ForeignKey(subject), nullable=False, index=True),
        Column("created_at", UtcDateTime, nullable=False),
        Column("last_seen_at", UtcDateTime, nullable=False),
        Column("expires_at", UtcDateTime, nullable=False),
        Column("revoked_at", UtcDateTime),
    )


staff_sessions = _sessions("staff_sessions", "staff.id")
resident_sessions = _sessions("resident_sessions", "residents.id")
link_sessions = _sessions("link_sessions", "order_links.id")

machine_keys = Table(
    "machine_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("secret_hash", _HASH, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("name", String(128), nullable=False),
    Column("vehicles", JsonStruct(frozenset[int] | None)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Index("ix_machine_keys_revoked_at", "revoked_at"),
)
"""Keys of makers and devices; a device's row names its vehicles, a maker's are those registered to it."""

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("token_hash", _HASH, nullable=False, unique=True),
    Column("role", String(32), nullable=False),
    Column("merchant", String(64)),
    Column("name", String(128), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

merchant_sessions = _sessions("merchant_sessions", "api_tokens.id")
"""A shop's page was opened with its token; the session ends with the token."""

sign_in_throttles = Table(
    "sign_in_throttles",
    metadata,
    Column("key", _HASH, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("locked_until", UtcDateTime),
    Index("ix_sign_in_throttles_since", "since"),
)
"""Keys are digests: neither a user name nor a network address is kept."""
