"""data sheets of vehicle models."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "vehicle_models",
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("maker", sa.String(length=64), nullable=False),
        sa.Column("battery_wh", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_vehicle_models")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("vehicle_models")
