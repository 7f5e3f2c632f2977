"""SQL tables of takeover sessions and of the alarms that asked for each."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from core.database import metadata
from core.database.types import UtcDateTime

takeovers = Table(
    "takeovers",
    metadata,
    Column("takeover_id", String(40), primary_key=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("maker", String(64), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("cause", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("lat", Float),
    Column("lng", Float),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("requested_wall", UtcDateTime, nullable=False),
    Column("offered_to", String(40)),
    Column("claimed_by", String(40)),
    Column("claimed_by_name", String(128)),
    Column("claimed_at", UtcDateTime),
    Column("claimed_wall", UtcDateTime),
    Column("begun_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("mode", String(8)),
    Column("outcome", Text, nullable=False),
    Column("follows", String(40)),
    Column("version", Integer, nullable=False),
    Index(None, "requested_at"),
    Index(None, "vehicle_no", "requested_at"),
)
Index(
    "uq_takeovers_one_per_vehicle",
    takeovers.c.vehicle_no,
    unique=True,
    sqlite_where=takeovers.c.ended_at.is_(None),
    postgresql_where=takeovers.c.ended_at.is_(None),
)
"""A vehicle has one session that is not over, however many alarms ask for a person."""

takeover_causes = Table(
    "takeover_causes",
    metadata,
    Column("alarm_id", String(40), primary_key=True),
    Column("takeover_id", String(40), nullable=False, index=True),
)
"""An alarm asks for one session; what is handed over passes its causes on."""
