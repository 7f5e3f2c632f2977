"""SQL tables of tasks and their stops."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from core.ids import OrderId
from services.tasks.states import ACTIVE
from services.tasks.task import Leg

tasks = Table(
    "tasks",
    metadata,
    Column("task_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("service", String(16), nullable=False),
    Column("state", String(20), nullable=False),
    Column("district", String(8), nullable=False),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("last_report_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("reason", String(64), nullable=False),
    Index(None, "vehicle_no", "created_at"),
    Index(None, "state", "district"),
)
_holds_vehicle = text("state IN ({})".format(", ".join(f"'{state.value}'" for state in sorted(ACTIVE))))
Index(
    "uq_tasks_one_active_per_vehicle",
    tasks.c.vehicle_no,
    unique=True,
    sqlite_where=_holds_vehicle,
    postgresql_where=_holds_vehicle,
)
"""A vehicle never holds two tasks: whatever the claim forgot, this refuses (reliability.md, promise 3)."""

stops = Table(
    "stops",
    metadata,
    Column("stop_id", String(40), primary_key=True),
    Column("task_id", ForeignKey("tasks.task_id"), nullable=False, index=True),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("place_id", String(64), nullable=False),
    Column("name_zh", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("lat", Float, nullable=False),
    Column("lng", Float, nullable=False),
    Column("leg", JsonStruct(Leg), nullable=False),
    Column("wait_s", Float, nullable=False),
    Column("orders", JsonStruct(tuple[OrderId, ...]), nullable=False),
    Column("eta_at", UtcDateTime),
    Column("reached_at", UtcDateTime),
    Column("left_at", UtcDateTime),
)
