"""SQL tables of vehicles, their codes and papers, and of the companies that make and run them."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from core.ids import FenceId
from core.kinds import ServiceKind
from fleet.vehicles.codes import CodeStatus
from fleet.vehicles.papers import RoadClass, TimeWindow
from fleet.weather.conditions import WeatherLimits

operators = Table(
    "operators",
    metadata,
    Column("operator_id", String(64), primary_key=True),
    Column("name_zh", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("telephone", String(32), nullable=False),
)

makers = Table(
    "makers",
    metadata,
    Column("maker_id", String(64), primary_key=True),
    Column("name_zh", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
)

vehicle_models = Table(
    "vehicle_models",
    metadata,
    Column("model", String(64), primary_key=True),
    Column("maker", String(64), nullable=False),
    Column("battery_wh", Float, nullable=False),
)
"""What data sheets say of a model, for all vehicles of it (``vehicles.hardware_model``)."""

vehicles = Table(
    "vehicles",
    metadata,
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("code", String(24), unique=True),
    Column("service", String(16), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("maker", String(64), nullable=False),
    Column("device_id", String(64), nullable=False, unique=True),
    Column("maker_serial", String(64), nullable=False),
    Column("hardware_model", String(64), nullable=False),
    Column("software_version", String(32)),
    Column("link_profile", String(32), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("is_demo", Boolean, nullable=False),
    Column("lifecycle", String(16), nullable=False),
    Column("duty", String(16), nullable=False),
    Column("stop_epoch", BigInteger, nullable=False),
    Column("is_held_by_stop", Boolean, nullable=False),
    Column("is_scene_held", Boolean, nullable=False),
    Column("link_loss_wanted", Integer, nullable=False),
    Column("link_loss_held", Integer, nullable=False),
    Column("open_safety_work_orders", Integer, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Index(None, "maker", "maker_serial", unique=True),
    Index(None, "district", "service"),
    Index(None, "duty"),
)

inspection_rules = Table(
    "inspection_rules",
    metadata,
    Column("operator", String(64), primary_key=True),
    Column("hardware_model", String(64), primary_key=True),
    Column("every_days", Integer, nullable=False),
)
"""An empty company or model stands for every one."""

vehicle_inspections = Table(
    "vehicle_inspections",
    metadata,
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("inspected_at", UtcDateTime, nullable=False),
)
"""The last inspection of each vehicle; the work order about it has the rest."""

vehicle_spells = Table(
    "vehicle_spells",
    metadata,
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("until_at", UtcDateTime, nullable=False),
    Column("duty", String(16), nullable=False),
    Column("service", String(16), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Index(None, "until_at"),
)
"""Append-only; ``version`` is the last one of the vehicle that was so."""

vehicle_codes = Table(
    "vehicle_codes",
    metadata,
    Column("code", String(24), primary_key=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("district", String(8), nullable=False),
    Column("service", String(16), nullable=False),
    Column("serial", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("issued_at", UtcDateTime),
    Column("valid_to", UtcDateTime),
    Column("replaced_by", String(24)),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "district", "service", "serial", unique=True),
)
_living = vehicle_codes.c.status != CodeStatus.REVOKED.value
Index(
    "uq_vehicle_codes_one_living_per_vehicle",
    vehicle_codes.c.vehicle_no,
    unique=True,
    sqlite_where=_living,
    postgresql_where=_living,
)
"""One vehicle, one code: a second is drafted only when the first is revoked and points to it."""

permits = Table(
    "permits",
    metadata,
    Column("permit_no", String(64), primary_key=True),
    Column("vehicle_no", BigInteger, nullable=False, index=True),
    Column("stage", String(24), nullable=False),
    Column("services", JsonStruct(frozenset[ServiceKind]), nullable=False),
    Column("areas", JsonStruct(frozenset[FenceId]), nullable=False),
    Column("windows", JsonStruct(tuple[TimeWindow, ...]), nullable=False),
    Column("weather", JsonStruct(WeatherLimits), nullable=False),
    Column("speed_limit_mps", Float, nullable=False),
    Column("road_classes", JsonStruct(frozenset[RoadClass]), nullable=False),
    Column("hardware_model", String(64)),
    Column("software_version", String(32)),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("valid_to", UtcDateTime, nullable=False, index=True),
    Column("version", Integer, nullable=False),
)

insurances = Table(
    "insurances",
    metadata,
    Column("policy_no", String(64), primary_key=True),
    Column("vehicle_no", BigInteger, nullable=False, index=True),
    Column("insurer", String(120), nullable=False),
    Column("liability_amount_fen", BigInteger, nullable=False),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("valid_to", UtcDateTime, nullable=False, index=True),
    Column("version", Integer, nullable=False),
)
