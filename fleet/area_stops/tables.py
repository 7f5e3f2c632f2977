"""SQL tables of area stops and the vehicles that they hold."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime

area_stops = Table(
    "area_stops",
    metadata,
    Column("area_stop_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String(24), nullable=False),
    Column("is_drill", Boolean, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("area", Text, nullable=False),
    Column("reason", String(500), nullable=False),
    Column("operators", JsonStruct(tuple[str, ...]), nullable=False),
    Column("districts", JsonStruct(tuple[str, ...]), nullable=False),
    Column("placed_by", String(40), nullable=False),
    Column("placed_by_name", String(128), nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("asked_by", String(40)),
    Column("asked_by_name", String(128), nullable=False),
    Column("asked_at", UtcDateTime),
    Column("ask_reason", String(500), nullable=False),
    Column("ended_by", String(40)),
    Column("ended_by_name", String(128), nullable=False),
    Column("ended_at", UtcDateTime),
    Column("end_reason", String(500), nullable=False),
    Column("is_glass_broken", Boolean, nullable=False),
    Index(None, "state"),
    Index(None, "placed_at"),
)
area_stop_vehicles = Table(
    "area_stop_vehicles",
    metadata,
    Column("area_stop_id", ForeignKey("area_stops.area_stop_id"), primary_key=True),
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("lat", Float, nullable=False),
    Column("lng", Float, nullable=False),
    Column("command_id", String(40)),
    Column("stop_epoch", BigInteger, nullable=False),
    Column("outcome", String(24)),
    Index(None, "command_id"),
)
