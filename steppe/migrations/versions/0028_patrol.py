"""Beats, their versions, patrol runs, evidence."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "patrol_beats",
        sa.Column("beat_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("is_shuffled", sa.Boolean(), nullable=False),
        sa.Column("checkpoints", sa.Text(), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_name", sa.String(length=120), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("beat_id", name=op.f("pk_patrol_beats")),
    )
    with op.batch_alter_table("patrol_beats", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_patrol_beats_district_operator"), ["district", "operator"], unique=False
        )

    op.create_table(
        "patrol_runs",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("beat_id", sa.String(length=64), nullable=True),
        sa.Column("beat_version", sa.Integer(), nullable=True),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("is_shuffled", sa.Boolean(), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("occurrence_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("wanted_vehicle", sa.BigInteger(), nullable=True),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.String(length=40), nullable=True),
        sa.Column("begin_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=True),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_patrol_runs")),
        sa.UniqueConstraint("occurrence_id", name=op.f("uq_patrol_runs_occurrence_id")),
    )
    with op.batch_alter_table("patrol_runs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_patrol_runs_beat_id_created_at"), ["beat_id", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_patrol_runs_created_at"), ["created_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_patrol_runs_state_district"), ["state", "district"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_patrol_runs_task_id"), ["task_id"], unique=False)
        batch_op.create_index(
            "uq_patrol_runs_one_suspended_per_vehicle",
            ["vehicle_no"],
            unique=True,
            sqlite_where=sa.text("state = 'suspended'"),
            postgresql_where=sa.text("state = 'suspended'"),
        )

    op.create_table(
        "patrol_beat_versions",
        sa.Column("beat_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("beat", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["beat_id"], ["patrol_beats.beat_id"], name=op.f("fk_patrol_beat_versions_beat_id_patrol_beats")
        ),
        sa.PrimaryKeyConstraint("beat_id", "version", name=op.f("pk_patrol_beat_versions")),
    )
    op.create_table(
        "patrol_evidence",
        sa.Column("evidence_id", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("checkpoint_id", sa.String(length=64), nullable=False),
        sa.Column("beat_id", sa.String(length=64), nullable=True),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("report_seq", sa.BigInteger(), nullable=False),
        sa.Column("stop_id", sa.String(length=40), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("off_m", sa.Float(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("finding", sa.String(length=24), nullable=True),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("alarm_id", sa.String(length=40), nullable=True),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["patrol_runs.run_id"], name=op.f("fk_patrol_evidence_run_id_patrol_runs")
        ),
        sa.PrimaryKeyConstraint("evidence_id", name=op.f("pk_patrol_evidence")),
        sa.UniqueConstraint(
            "vehicle_no", "report_seq", name=op.f("uq_patrol_evidence_vehicle_no_report_seq")
        ),
    )
    with op.batch_alter_table("patrol_evidence", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_patrol_evidence_checkpoint_id_finding"), ["checkpoint_id", "finding"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_patrol_evidence_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_patrol_evidence_taken_at"), ["taken_at"], unique=False)

    op.create_table(
        "patrol_points",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("evidence_id", sa.String(length=40), nullable=True),
        sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["patrol_runs.run_id"], name=op.f("fk_patrol_points_run_id_patrol_runs")
        ),
        sa.PrimaryKeyConstraint("run_id", "seq", name=op.f("pk_patrol_points")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("patrol_points")
    with op.batch_alter_table("patrol_evidence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_patrol_evidence_taken_at"))
        batch_op.drop_index(batch_op.f("ix_patrol_evidence_run_id"))
        batch_op.drop_index(batch_op.f("ix_patrol_evidence_checkpoint_id_finding"))

    op.drop_table("patrol_evidence")
    op.drop_table("patrol_beat_versions")
    with op.batch_alter_table("patrol_runs", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_patrol_runs_one_suspended_per_vehicle",
            sqlite_where=sa.text("state = 'suspended'"),
            postgresql_where=sa.text("state = 'suspended'"),
        )
        batch_op.drop_index(batch_op.f("ix_patrol_runs_task_id"))
        batch_op.drop_index(batch_op.f("ix_patrol_runs_state_district"))
        batch_op.drop_index(batch_op.f("ix_patrol_runs_created_at"))
        batch_op.drop_index(batch_op.f("ix_patrol_runs_beat_id_created_at"))

    op.drop_table("patrol_runs")
    with op.batch_alter_table("patrol_beats", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_patrol_beats_district_operator"))

    op.drop_table("patrol_beats")
