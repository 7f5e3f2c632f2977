"""chargers, their slots and the queue for them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0038"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

HOLDS = sa.text("state IN ('charging', 'reserved')")
LIVES = sa.text("state IN ('charging', 'reserved', 'waiting')")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "chargers",
        sa.Column("place_id", sa.String(length=64), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("power_w", sa.Float(), nullable=False),
        sa.Column("swap_s", sa.Float(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("place_id", name=op.f("pk_chargers")),
    )
    with op.batch_alter_table("chargers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_chargers_district"), ["district"], unique=False)
    op.create_table(
        "charger_reservations",
        sa.Column("reservation_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reach_m", sa.Float(), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=True),
        sa.Column("preheat_s", sa.Float(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("reservation_id", name=op.f("pk_charger_reservations")),
    )
    with op.batch_alter_table("charger_reservations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_charger_reservations_district_state"), ["district", "state"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_charger_reservations_task_id"), ["task_id"], unique=False)
        batch_op.create_index(
            "uq_charger_reservations_one_vehicle_a_slot",
            ["place_id", "slot"],
            unique=True,
            sqlite_where=HOLDS,
            postgresql_where=HOLDS,
        )
        batch_op.create_index(
            "uq_charger_reservations_one_a_vehicle",
            ["vehicle_no"],
            unique=True,
            sqlite_where=LIVES,
            postgresql_where=LIVES,
        )


def downgrade() -> None:
    """Go back."""
    op.drop_table("charger_reservations")
    op.drop_table("chargers")
