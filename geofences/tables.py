"""Tables of fences: immutable versions, and one row for each change of the published set."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from geofences.fences import FenceDraft
from geofences.preview import FencePreview

fence_versions = Table(
    "fence_versions",
    metadata,
    Column("fence_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("district", String),
    Column("operator", String),
    Column("body", JsonStruct(FenceDraft), nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False),
    Column("drawn_by", String, nullable=False),
    Column("effective_at", UtcDateTime),
    Column("published_at", UtcDateTime),
    Column("published_by", String),
    Column("retired_at", UtcDateTime),
    Column("retired_by", String),
    Column("group_name", String(64)),
    Column("title", String),
    Column("preview", JsonStruct(FencePreview)),
    Column("previewed_at", UtcDateTime),
    Column("previewed_by", String),
)
Index("ix_fence_versions_state_effective_at", fence_versions.c.state, fence_versions.c.effective_at)
Index("ix_fence_versions_group_name", fence_versions.c.group_name)

fence_changes = Table(
    "fence_changes",
    metadata,
    Column("revision", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("fence_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("change", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String, nullable=False),
)
"""The greatest revision is the version of the fence set that events and vehicles name."""
