"""Reservations of chargers keep when the charge last rose."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0065"
down_revision: str | None = "0064"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("charger_reservations", sa.Column("risen_ratio", sa.Float))
    op.add_column("charger_reservations", sa.Column("risen_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Go back."""
    op.drop_column("charger_reservations", "risen_at")
    op.drop_column("charger_reservations", "risen_ratio")
