"""vending rounds that schedules start."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0036"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "vending_rounds",
        sa.Column("occurrence_id", sa.String(length=40), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("wanted_vehicle", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.String(length=40), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("occurrence_id", name=op.f("pk_vending_rounds")),
    )
    op.create_index(
        op.f("ix_vending_rounds_state_district"), "vending_rounds", ["state", "district"], unique=False
    )
    op.create_index(op.f("ix_vending_rounds_task_id"), "vending_rounds", ["task_id"], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_vending_rounds_task_id"), table_name="vending_rounds")
    op.drop_index(op.f("ix_vending_rounds_state_district"), table_name="vending_rounds")
    op.drop_table("vending_rounds")
