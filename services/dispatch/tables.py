"""SQL tables of dispatch: decisions, and what people decide about each 旗区: its weights, its freezes."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from services.dispatch.explanation import Explanation
from services.dispatch.weights import Weights

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", String(40), primary_key=True),
    Column("order_id", String(40), nullable=False),
    Column("district", String(8), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("task_id", String(40)),
    Column("vehicle_no", BigInteger),
    Column("fingerprint", String(64), nullable=False),
    Column("explanation", JsonStruct(Explanation), nullable=False),
    Index(None, "order_id", "at"),
    Index(None, "district", "at"),
)

dispatch_weights = Table(
    "dispatch_weights",
    metadata,
    Column("district", String(8), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("staff_id", String(40), nullable=False),
    Column("by_name", String(128), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("weights", JsonStruct(Weights), nullable=False),
)
"""Rows are only added; the highest version of a 旗区 holds."""

dispatch_freezes = Table(
    "dispatch_freezes",
    metadata,
    Column("district", String(8), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("staff_id", String(40), nullable=False),
    Column("by_name", String(128), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("is_frozen", Boolean, nullable=False),
)
"""Rows are only added; the highest version of a 旗区 says whether it gives out work."""
