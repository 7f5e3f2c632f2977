"""Stops of every vehicle in a drawn area."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0072"
down_revision: str | None = "0071"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "area_stops",
        sa.Column("area_stop_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("is_drill", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("operators", sa.Text(), nullable=False),
        sa.Column("districts", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.String(40), nullable=False),
        sa.Column("placed_by_name", sa.String(128), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(40)),
        sa.Column("asked_by_name", sa.String(128), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True)),
        sa.Column("ask_reason", sa.String(500), nullable=False),
        sa.Column("ended_by", sa.String(40)),
        sa.Column("ended_by_name", sa.String(128), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("end_reason", sa.String(500), nullable=False),
        sa.Column("is_glass_broken", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("area_stop_id", name=op.f("pk_area_stops")),
    )
    with op.batch_alter_table("area_stops") as batch_op:
        batch_op.create_index("ix_area_stops_state", ["state"])
        batch_op.create_index("ix_area_stops_placed_at", ["placed_at"])
    op.create_table(
        "area_stop_vehicles",
        sa.Column("area_stop_id", sa.String(40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("command_id", sa.String(40)),
        sa.Column("stop_epoch", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(24)),
        sa.ForeignKeyConstraint(
            ["area_stop_id"],
            ["area_stops.area_stop_id"],
            name=op.f("fk_area_stop_vehicles_area_stop_id_area_stops"),
        ),
        sa.PrimaryKeyConstraint("area_stop_id", "vehicle_no", name=op.f("pk_area_stop_vehicles")),
    )
    with op.batch_alter_table("area_stop_vehicles") as batch_op:
        batch_op.create_index("ix_area_stop_vehicles_command_id", ["command_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("area_stop_vehicles")
    op.drop_table("area_stops")
