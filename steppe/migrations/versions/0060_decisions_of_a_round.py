"""Decisions of one round are found together."""

from collections.abc import Sequence

from alembic import op

revision: str = "0060"
down_revision: str | None = "0051"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_index("ix_decisions_district_at", "decisions", ["district", "at"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_decisions_district_at", "decisions")
