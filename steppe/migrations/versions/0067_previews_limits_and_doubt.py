"""Drawings of sweeping zones are planned before they are saved; companies have weather limits of their
own; doubtful checkpoints of a patrol are accepted by a person."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0067"
down_revision: str | None = "0066"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NOT_OVER = sa.text("state IN ('active', 'calming')")
ONE_AT_A_TIME = "uq_weather_recalls_one_at_a_time"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "sweeping_previews",
        sa.Column("preview_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("drawing", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.String(length=64), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gives_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("preview_id", name=op.f("pk_sweeping_previews")),
    )
    op.create_index("ix_sweeping_previews_asked_at", "sweeping_previews", ["asked_at"])
    op.create_index("ix_sweeping_previews_state_asked_at", "sweeping_previews", ["state", "asked_at"])
    op.create_table(
        "own_weather_limits",
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("operator", "service", "version", name=op.f("pk_own_weather_limits")),
    )
    op.drop_index(ONE_AT_A_TIME, "weather_recalls")
    with op.batch_alter_table("weather_recalls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("operator", sa.String(length=64), nullable=False, server_default=""))
    with op.batch_alter_table("weather_recalls", schema=None) as batch_op:
        batch_op.alter_column("operator", server_default=None)
    _one_at_a_time(["district", "service", "operator"])
    with op.batch_alter_table("patrol_points", schema=None) as batch_op:
        batch_op.add_column(sa.Column("accepted_at", sa.DateTime(timezone=True)))
        batch_op.add_column(
            sa.Column("accepted_by_name", sa.String(length=120), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("accepted_reason", sa.String(length=500), nullable=False, server_default="")
        )
    with op.batch_alter_table("patrol_points", schema=None) as batch_op:
        batch_op.alter_column("accepted_by_name", server_default=None)
        batch_op.alter_column("accepted_reason", server_default=None)


def downgrade() -> None:
    """Go back; what is doubtful counts again, as it did."""
    op.execute("UPDATE patrol_runs SET state = 'done', reason = '' WHERE state = 'doubtful'")
    op.execute("UPDATE patrol_points SET state = 'inspected' WHERE state = 'doubtful'")
    with op.batch_alter_table("patrol_points", schema=None) as batch_op:
        for name in ("accepted_reason", "accepted_by_name", "accepted_at"):
            batch_op.drop_column(name)
    op.drop_index(ONE_AT_A_TIME, "weather_recalls")
    op.execute(
        "DELETE FROM weather_recalled WHERE recall_id IN (SELECT recall_id FROM weather_recalls WHERE operator <> '')"
    )
    op.execute("DELETE FROM weather_recalls WHERE operator <> ''")
    with op.batch_alter_table("weather_recalls", schema=None) as batch_op:
        batch_op.drop_column("operator")
    _one_at_a_time(["district", "service"])
    op.drop_table("own_weather_limits")
    op.drop_table("sweeping_previews")


def _one_at_a_time(columns: list[str]) -> None:
    op.create_index(
        ONE_AT_A_TIME,
        "weather_recalls",
        columns,
        unique=True,
        sqlite_where=NOT_OVER,
        postgresql_where=NOT_OVER,
    )
