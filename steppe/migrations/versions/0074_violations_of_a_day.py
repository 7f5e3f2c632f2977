"""Violations of a day are found without looking at every one there ever was."""

from collections.abc import Sequence

from alembic import op

revision: str = "0074"
down_revision: str | None = "0073"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_index("ix_violations_began_at", "violations", ["began_at"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_violations_began_at", "violations")
