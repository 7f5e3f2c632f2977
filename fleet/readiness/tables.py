"""SQL tables of daily checks and of the rules about them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Index, Integer, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from core.kinds import ServiceKind
from fleet.readiness.check import CheckItem, Line

readiness_rules = Table(
    "readiness_rules",
    metadata,
    Column("operator", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("is_required", Boolean, nullable=False),
    Column("day_starts_hour", Integer, nullable=False),
    Column("least_battery_ratio", Float, nullable=False),
    Column("looks", JsonStruct(dict[ServiceKind, tuple[CheckItem, ...]]), nullable=False),
    Column("by_name", String(128), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
"""Rows are only added; the highest version of a company holds, an empty company stands for every one."""

readiness_checks = Table(
    "readiness_checks",
    metadata,
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("operator", String(64), nullable=False),
    Column("district", String(8), nullable=False),
    Column("service", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("staff_id", String(40), nullable=False),
    Column("by_name", String(128), nullable=False),
    Column("is_passed", Boolean, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("lines", JsonStruct(tuple[Line, ...]), nullable=False),
    Index(None, "day", "vehicle_no"),
)
"""Append-only; the highest number of a vehicle's day decides."""
