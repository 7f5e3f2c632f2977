"""SQL table of substitutions."""

from sqlalchemy import Column, Index, Integer, String, Table, text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from services.orders.lines import OrderLine

substitutions = Table(
    "substitutions",
    metadata,
    Column("order_id", String(40), primary_key=True),
    Column("goods_id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("ordered", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("offer", JsonStruct(OrderLine)),
    Column("offered_at", UtcDateTime, nullable=False),
    Column("answer_by", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("answered_by", String(80)),
)
"""One offer for a line of an order: what was offered and is missing too is a line of its own by then."""
Index(
    "ix_substitutions_open",
    substitutions.c.answer_by,
    sqlite_where=text("state = 'offered'"),
    postgresql_where=text("state = 'offered'"),
)
