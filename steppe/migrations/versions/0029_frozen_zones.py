"""Zones of dispatch that people freeze and thaw."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "dispatch_freezes",
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("is_frozen", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("district", "version", name=op.f("pk_dispatch_freezes")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("dispatch_freezes")
