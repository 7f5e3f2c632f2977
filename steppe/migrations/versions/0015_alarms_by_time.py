"""alarms by when they were raised: the facts of a day are counted again every ten minutes."""

from collections.abc import Sequence

from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_index(op.f("ix_alarms_raised_at"), "alarms", ["raised_at"], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_alarms_raised_at"), table_name="alarms")
