"""inspections."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""

    op.create_table(
        "inspection_rules",
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("hardware_model", sa.String(length=64), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("operator", "hardware_model", name=op.f("pk_inspection_rules")),
    )
    op.create_table(
        "vehicle_inspections",
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_no", name=op.f("pk_vehicle_inspections")),
    )


def downgrade() -> None:
    """Go back."""

    op.drop_table("vehicle_inspections")
    op.drop_table("inspection_rules")
