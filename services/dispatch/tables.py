"""SQL table of dispatch decisions."""

from sqlalchemy import BigInteger, Column, Index, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from services.dispatch.explanation import Explanation

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
)
