"""SQL tables of subscriptions and of what was delivered to them."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from core.privacy.encrypted import encrypted

webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", String(40), primary_key=True),
    Column("url", String(500), nullable=False),
    Column("kinds", JsonStruct(frozenset[str]), nullable=False),
    Column("wants_fences", Boolean, nullable=False),
    Column("operators", JsonStruct(frozenset[str] | None)),
    Column("districts", JsonStruct(frozenset[str] | None)),
    Column("created_by", String(40), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("failing_since", UtcDateTime),
    Column("disabled_at", UtcDateTime),
)
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("delivery_id", String(48), primary_key=True),
    Column("webhook_id", String(40), nullable=False),
    Column("event_id", String(160), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("status", String(16), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcDateTime),
    Column("answer_code", Integer),
    Column("trouble", String(200)),
    Column("delivered_at", UtcDateTime),
    UniqueConstraint("webhook_id", "event_id"),
    Index(None, "webhook_id", "at"),
    Index(None, "at"),
)
"""One row an event and subscription, whoever fans it out and however often."""
Index(
    "ix_webhook_deliveries_due",
    webhook_deliveries.c.due_at,
    sqlite_where=text("due_at IS NOT NULL"),
    postgresql_where=text("due_at IS NOT NULL"),
)
webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    Column("webhook_id", String(40), primary_key=True),
    Column("secret", encrypted("webhook_secrets.secret"), nullable=False),
)
"""The secrets of subscriptions, encrypted at rest and apart from what everybody may list."""
