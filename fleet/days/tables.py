"""SQL tables of vehicle-days: the days, up to where they are closed, and what vehicles were before."""

from sqlalchemy import BigInteger, Column, Date, Float, Index, Integer, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from fleet.days.vehicle_day import VehicleDay

vehicle_days = Table(
    "vehicle_days",
    metadata,
    Column("local_date", Date, primary_key=True),
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("formula", Integer, nullable=False),
    Column("input_hash", String(64), nullable=False),
    Column("computed_at", UtcDateTime, nullable=False),
    Column("reason", String(200)),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("service", String(16), nullable=False),
    Column("frames", BigInteger, nullable=False),
    Column("metres", Float, nullable=False),
    Column("known_s", Float, nullable=False),
    Column("permitted_s", Float, nullable=False),
    Column("available_s", Float, nullable=False),
    Column("autonomous_m", Float, nullable=False),
    Column("autonomous_s", Float, nullable=False),
    Column("takeovers", Integer, nullable=False),
    Column("stops", Integer, nullable=False),
    Column("stops_on_the_way", Integer, nullable=False),
    Column("harsh_brakes", Integer, nullable=False),
    Column("alarms", Integer, nullable=False),
    Column("orders", Integer),
    Column("m2", Float),
    Column("kwh", Float),
    Column("body", JsonStruct(VehicleDay), nullable=False),
    Index(None, "vehicle_no", "local_date"),
    Index(None, "district", "local_date"),
)
"""Append-only: of a vehicle and day the highest revision counts, and every one after the first has a reason.
The columns beside ``body`` repeat what sums and filters need."""

day_closings = Table(
    "day_closings",
    metadata,
    Column("local_date", Date, primary_key=True),
    Column("closed_at", UtcDateTime, nullable=False),
    Column("formula", Integer, nullable=False),
    Column("vehicles", Integer, nullable=False),
    Column("frames", BigInteger, nullable=False),
    Column("looked_serial", BigInteger, nullable=False),
)
"""Days whose rows are all there. ``looked_serial`` of the newest: the last raw history file that was searched
for positions of closed days."""
