"""SQL tables of patrol: beats and their versions, runs with their checkpoints, evidence."""

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
    Text,
    UniqueConstraint,
    text,
)

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from core.privacy.encrypted import encrypted
from services.patrol.beat import Beat, Checkpoint
from services.patrol.run import MediaReference

patrol_beats = Table(
    "patrol_beats",
    metadata,
    Column("beat_id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("operator", String(64), nullable=False),
    Column("district", String(8), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("name_zh", String(80), nullable=False),
    Column("name_en", String(80), nullable=False),
    Column("is_shuffled", Boolean, nullable=False),
    Column("checkpoints", JsonStruct(tuple[Checkpoint, ...]), nullable=False),
    Column("is_retired", Boolean, nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by_name", String(120), nullable=False),
    Column("seed", encrypted("patrol_beats.seed"), nullable=False),
    Index(None, "district", "operator"),
)
"""``seed`` is what shuffled orders are drawn from; no answer of an api has it."""
patrol_beat_versions = Table(
    "patrol_beat_versions",
    metadata,
    Column("beat_id", ForeignKey("patrol_beats.beat_id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("beat", JsonStruct(Beat), nullable=False),
)
patrol_runs = Table(
    "patrol_runs",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("beat_id", String(64)),
    Column("beat_version", Integer),
    Column("name_zh", String(80), nullable=False),
    Column("name_en", String(80), nullable=False),
    Column("is_shuffled", Boolean, nullable=False),
    Column("operator", String(64), nullable=False),
    Column("district", String(8), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("occurrence_id", String(40), unique=True),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("wanted_vehicle", BigInteger),
    Column("vehicle_no", BigInteger),
    Column("task_id", String(40), index=True),
    Column("begin_by", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(64)),
    Column("by_name", String(120), nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("suspended_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Index(None, "state", "district"),
    Index(None, "beat_id", "created_at"),
    Index(None, "created_at"),
)
_is_suspended = text("state = 'suspended'")
Index(
    "uq_patrol_runs_one_suspended_per_vehicle",
    patrol_runs.c.vehicle_no,
    unique=True,
    sqlite_where=_is_suspended,
    postgresql_where=_is_suspended,
)
"""A vehicle is called away from one beat at a time."""
patrol_points = Table(
    "patrol_points",
    metadata,
    Column("run_id", ForeignKey("patrol_runs.run_id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("point", JsonStruct(Checkpoint), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(20)),
    Column("evidence_id", String(40)),
    Column("inspected_at", UtcDateTime),
    Column("accepted_at", UtcDateTime),
    Column("accepted_by_name", String(120), nullable=False),
    Column("accepted_reason", String(500), nullable=False),
)
patrol_evidence = Table(
    "patrol_evidence",
    metadata,
    Column("evidence_id", String(40), primary_key=True),
    Column("run_id", ForeignKey("patrol_runs.run_id"), nullable=False, index=True),
    Column("checkpoint_id", String(64), nullable=False),
    Column("beat_id", String(64)),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("report_seq", BigInteger, nullable=False),
    Column("stop_id", String(40), nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("lat", Float, nullable=False),
    Column("lng", Float, nullable=False),
    Column("accuracy_m", Float),
    Column("off_m", Float, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("media", JsonStruct(tuple[MediaReference, ...]), nullable=False),
    Column("finding", String(24)),
    Column("detail", String(200), nullable=False),
    Column("alarm_id", String(40)),
    Column("track", String(12), nullable=False),
    Column("track_off_m", Float),
    Column("is_synthetic", Boolean, nullable=False),
    UniqueConstraint("vehicle_no", "report_seq"),
    Index(None, "track"),
    Index(None, "checkpoint_id", "finding"),
    Index(None, "taken_at"),
)
