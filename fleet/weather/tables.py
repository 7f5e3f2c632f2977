"""SQL tables of weather facts, limits and recalls."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from fleet.weather.conditions import Broken, Weather, WeatherLimits

weather_facts = Table(
    "weather_facts",
    metadata,
    Column("district", String(8), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("valid_from", UtcDateTime, primary_key=True),
    Column("valid_to", UtcDateTime, nullable=False),
    Column("weather", JsonStruct(Weather), nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
    Column("recorded_by", String(128), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index(None, "district", "valid_to"),
)

weather_limits = Table(
    "weather_limits",
    metadata,
    Column("service", String(16), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("limits", JsonStruct(WeatherLimits), nullable=False),
    Column("by_name", String(128), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
"""Rows are only added; the highest version of a service holds."""

own_weather_limits = Table(
    "own_weather_limits",
    metadata,
    Column("operator", String(64), primary_key=True),
    Column("service", String(16), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("limits", JsonStruct(WeatherLimits), nullable=False),
    Column("by_name", String(128), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
"""What companies say beside the city's limits; the stricter of both counts."""

weather_recalls = Table(
    "weather_recalls",
    metadata,
    Column("recall_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("district", String(8), nullable=False),
    Column("service", String(16), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("causes", JsonStruct(tuple[Broken, ...]), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("calm_since", UtcDateTime),
    Column("released_at", UtcDateTime),
    Index(None, "district", "started_at"),
)
_not_over = text("state IN ('active', 'calming')")
Index(
    "uq_weather_recalls_one_at_a_time",
    weather_recalls.c.district,
    weather_recalls.c.service,
    weather_recalls.c.operator,
    unique=True,
    sqlite_where=_not_over,
    postgresql_where=_not_over,
)
"""However many look at the same storm, a service of a 旗区 is recalled once, and of a company with stricter
limits once beside it."""

weather_recalled = Table(
    "weather_recalled",
    metadata,
    Column("recall_id", ForeignKey("weather_recalls.recall_id"), primary_key=True),
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, nullable=False),
    Column("range_m", Float),
    Column("deed", String(16), nullable=False),
    Column("has_cap", Boolean, nullable=False),
    Column("called_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
"""A vehicle is called once a recall: the key refuses the second call."""
