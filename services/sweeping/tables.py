"""SQL tables of sweeping: zones by version, plans, runs and what each swept by cell."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    text,
)

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from geofences.fences import Area
from services.sweeping.left_out import LeftOut
from services.sweeping.plan import Plan
from services.sweeping.run_states import OPEN, RunKind
from services.sweeping.zone import Drawing

sweeping_zones = Table(
    "sweeping_zones",
    metadata,
    Column("zone_id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("name_zh", String(80), nullable=False),
    Column("name_en", String(80), nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
    Column("is_retired", Boolean, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by_name", String(120), nullable=False),
    Index(None, "district", "operator"),
)
sweeping_zone_versions = Table(
    "sweeping_zone_versions",
    metadata,
    Column("zone_id", ForeignKey("sweeping_zones.zone_id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("drawing", JsonStruct(Drawing), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by_name", String(120), nullable=False),
)
"""Immutable: a run of last month is measured on the ground that was drawn then."""

sweeping_plans = Table(
    "sweeping_plans",
    metadata,
    Column("plan_id", String(80), primary_key=True),
    Column("zone_id", ForeignKey("sweeping_zones.zone_id"), nullable=False),
    Column("zone_version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("problem", String(64), nullable=False),
    Column("plan", JsonStruct(Plan)),
    Column("ground", JsonStruct(Area), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("held_until", UtcDateTime),
    Column("wanted_at", UtcDateTime, nullable=False),
    Index(None, "state", "wanted_at"),
)
sweeping_previews = Table(
    "sweeping_previews",
    metadata,
    Column("preview_id", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("drawing", JsonStruct(Drawing), nullable=False),
    Column("state", String(16), nullable=False),
    Column("problem", String(64), nullable=False),
    Column("fields", JsonStruct(dict), nullable=False),
    Column("plan", JsonStruct(Plan)),
    Column("left_out", JsonStruct(tuple[LeftOut, ...]), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("gives_up_at", UtcDateTime, nullable=False),
    Column("held_until", UtcDateTime),
    Index(None, "state", "asked_at"),
    Index(None, "asked_at"),
)
"""What nobody saved yet; forgotten after an hour."""

sweeping_runs = Table(
    "sweeping_runs",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("zone_id", ForeignKey("sweeping_zones.zone_id"), nullable=False),
    Column("plan_id", String(80), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("repairs", String(40)),
    Column("occurrence_id", String(40), unique=True),
    Column("wanted_vehicle_no", BigInteger),
    Column("vehicle_no", BigInteger),
    Column("task_id", String(40), unique=True),
    Column("way", String(16)),
    Column("reason", String(64), nullable=False),
    Column("asked_by_name", String(120), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("planned_m2", Float, nullable=False),
    Column("verified_m2", Float, nullable=False),
    Column("missed_m2", Float, nullable=False),
    Column("month", String(7), nullable=False),
    Column("rest", String(16), nullable=False),
    Column("excuse", String(500), nullable=False),
    Column("excused_by_name", String(120), nullable=False),
    Column("held_until", UtcDateTime),
    Index(None, "state", "district"),
    Index(None, "zone_id", "created_at"),
    Index(None, "month"),
    Index(None, "ended_at"),
)
_is_open = text(
    "state IN ({}) AND kind = '{}'".format(
        ", ".join(f"'{state.value}'" for state in sorted(OPEN)), RunKind.WHOLE.value
    )
)
Index(
    "uq_sweeping_runs_one_open_per_zone",
    sweeping_runs.c.zone_id,
    unique=True,
    sqlite_where=_is_open,
    postgresql_where=_is_open,
)
"""Two vehicles never drive the passes of one zone at once, whatever two clerks press."""
_repairs = text("repairs IS NOT NULL AND state NOT IN ('failed', 'withdrawn', 'excused')")
Index(
    "uq_sweeping_runs_one_repair",
    sweeping_runs.c.repairs,
    unique=True,
    sqlite_where=_repairs,
    postgresql_where=_repairs,
)

sweeping_cells = Table(
    "sweeping_cells",
    metadata,
    Column("run_id", ForeignKey("sweeping_runs.run_id"), primary_key=True),
    Column("cell", BigInteger, primary_key=True, autoincrement=False),
    Column("planned_m2", Float, nullable=False),
    Column("swept_m2", Float, nullable=False),
)
"""H3 cells of resolution 13 of what a run planned, each with what was really swept of it."""
