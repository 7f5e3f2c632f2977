"""quality days."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "quality_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("maker", sa.String(length=64), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("positions", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("formula_version", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "maker", "vehicle_no", name=op.f("pk_quality_days")),
    )
    with op.batch_alter_table("quality_days", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_quality_days_vehicle_no_day"), ["vehicle_no", "day"], unique=False
        )


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("quality_days", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quality_days_vehicle_no_day"))

    op.drop_table("quality_days")
