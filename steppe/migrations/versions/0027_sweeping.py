"""Sweeping: zones by version, plans, runs and what each swept by cell."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0060"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_IS_OPEN = sa.text("state IN ('planning', 'under_way', 'waiting') AND kind = 'whole'")
_REPAIRS = sa.text("repairs IS NOT NULL AND state NOT IN ('failed', 'withdrawn', 'excused')")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "sweeping_zones",
        sa.Column("zone_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_name", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("zone_id", name=op.f("pk_sweeping_zones")),
    )
    op.create_index(
        op.f("ix_sweeping_zones_district_operator"), "sweeping_zones", ["district", "operator"], unique=False
    )

    op.create_table(
        "sweeping_plans",
        sa.Column("plan_id", sa.String(length=80), nullable=False),
        sa.Column("zone_id", sa.String(length=64), nullable=False),
        sa.Column("zone_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["sweeping_zones.zone_id"], name=op.f("fk_sweeping_plans_zone_id_sweeping_zones")
        ),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_sweeping_plans")),
    )
    op.create_index(
        op.f("ix_sweeping_plans_state_wanted_at"), "sweeping_plans", ["state", "wanted_at"], unique=False
    )

    op.create_table(
        "sweeping_runs",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("zone_id", sa.String(length=64), nullable=False),
        sa.Column("plan_id", sa.String(length=80), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("repairs", sa.String(length=40), nullable=True),
        sa.Column("occurrence_id", sa.String(length=40), nullable=True),
        sa.Column("wanted_vehicle_no", sa.BigInteger(), nullable=True),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.String(length=40), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("asked_by_name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_m2", sa.Float(), nullable=False),
        sa.Column("verified_m2", sa.Float(), nullable=False),
        sa.Column("missed_m2", sa.Float(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("excuse", sa.String(length=500), nullable=False),
        sa.Column("excused_by_name", sa.String(length=120), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["sweeping_zones.zone_id"], name=op.f("fk_sweeping_runs_zone_id_sweeping_zones")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_sweeping_runs")),
        sa.UniqueConstraint("occurrence_id", name=op.f("uq_sweeping_runs_occurrence_id")),
        sa.UniqueConstraint("task_id", name=op.f("uq_sweeping_runs_task_id")),
    )
    op.create_index(op.f("ix_sweeping_runs_month"), "sweeping_runs", ["month"], unique=False)
    op.create_index(
        op.f("ix_sweeping_runs_state_district"), "sweeping_runs", ["state", "district"], unique=False
    )
    op.create_index(
        op.f("ix_sweeping_runs_zone_id_created_at"), "sweeping_runs", ["zone_id", "created_at"], unique=False
    )
    op.create_index(
        "uq_sweeping_runs_one_open_per_zone",
        "sweeping_runs",
        ["zone_id"],
        unique=True,
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    )
    op.create_index(
        "uq_sweeping_runs_one_repair",
        "sweeping_runs",
        ["repairs"],
        unique=True,
        sqlite_where=_REPAIRS,
        postgresql_where=_REPAIRS,
    )

    op.create_table(
        "sweeping_zone_versions",
        sa.Column("zone_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("drawing", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_name", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["zone_id"],
            ["sweeping_zones.zone_id"],
            name=op.f("fk_sweeping_zone_versions_zone_id_sweeping_zones"),
        ),
        sa.PrimaryKeyConstraint("zone_id", "version", name=op.f("pk_sweeping_zone_versions")),
    )
    op.create_table(
        "sweeping_cells",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("cell", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("planned_m2", sa.Float(), nullable=False),
        sa.Column("swept_m2", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sweeping_runs.run_id"], name=op.f("fk_sweeping_cells_run_id_sweeping_runs")
        ),
        sa.PrimaryKeyConstraint("run_id", "cell", name=op.f("pk_sweeping_cells")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("sweeping_cells")
    op.drop_table("sweeping_zone_versions")
    op.drop_index("uq_sweeping_runs_one_repair", table_name="sweeping_runs")
    op.drop_index("uq_sweeping_runs_one_open_per_zone", table_name="sweeping_runs")
    op.drop_index(op.f("ix_sweeping_runs_zone_id_created_at"), table_name="sweeping_runs")
    op.drop_index(op.f("ix_sweeping_runs_state_district"), table_name="sweeping_runs")
    op.drop_index(op.f("ix_sweeping_runs_month"), table_name="sweeping_runs")

    op.drop_table("sweeping_runs")
    op.drop_index(op.f("ix_sweeping_plans_state_wanted_at"), table_name="sweeping_plans")

    op.drop_table("sweeping_plans")
    op.drop_index(op.f("ix_sweeping_zones_district_operator"), table_name="sweeping_zones")

    op.drop_table("sweeping_zones")
