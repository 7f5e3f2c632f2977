"""SQL tables of work orders and of the alarms that each of them answers."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from fleet.work_orders.work_order import Part, WorkStep

work_orders = Table(
    "work_orders",
    metadata,
    Column("work_order_id", String(40), primary_key=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("is_safety", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("cause", Text, nullable=False),
    Column("lat", Float),
    Column("lng", Float),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by", String(40), nullable=False),
    Column("opened_by_name", String(128), nullable=False),
    Column("due_at", UtcDateTime),
    Column("assignee", String(40)),
    Column("assignee_name", String(128)),
    Column("assigned_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("arrived_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("parts", JsonStruct(tuple[Part, ...]), nullable=False),
    Column("photos", JsonStruct(tuple[str, ...]), nullable=False),
    Column("follows", String(40)),
    Column("dedup_key", String(80)),
    Column("steps", JsonStruct(tuple[WorkStep, ...]), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "opened_at"),
    Index(None, "vehicle_no", "opened_at"),
    Index(None, "assignee", "opened_at"),
)
Index(
    "ix_work_orders_not_over",
    work_orders.c.vehicle_no,
    sqlite_where=work_orders.c.ended_at.is_(None),
    postgresql_where=work_orders.c.ended_at.is_(None),
)
Index(
    "uq_work_orders_one_automatic",
    work_orders.c.dedup_key,
    unique=True,
    sqlite_where=work_orders.c.ended_at.is_(None),
    postgresql_where=work_orders.c.ended_at.is_(None),
)
"""Of one kind of work a vehicle has one automatic order that is not over, whoever finds its causes."""

work_order_causes = Table(
    "work_order_causes",
    metadata,
    Column("alarm_id", String(40), primary_key=True),
    Column("work_order_id", String(40), nullable=False, index=True),
)
"""An alarm is a cause of one work order, whoever found it and however often."""
