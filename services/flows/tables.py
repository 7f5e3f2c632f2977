"""SQL tables of order flows and of what shows that their steps were done."""

from sqlalchemy import Column, Integer, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from services.flows.flow import Step

order_flows = Table(
    "order_flows",
    metadata,
    Column("operator", String(64), primary_key=True),
    Column("service", String(16), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("steps", JsonStruct(tuple[Step, ...]), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("staff_id", String(40), nullable=False),
    Column("by_name", String(120), nullable=False),
    Column("reason", String(500), nullable=False),
)
"""Only added to: an order keeps the version that it was placed under."""
order_proofs = Table(
    "order_proofs",
    metadata,
    Column("order_id", String(40), primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("said", String(200), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(80), nullable=False),
)
