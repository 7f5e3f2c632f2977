"""Entries say which sale and which vehicle they are about."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward. Columns are added in place: the refusal of changes stays on the table."""
    op.add_column("journal_entries", sa.Column("sale_id", sa.String(length=40), nullable=True))
    op.add_column("journal_entries", sa.Column("vehicle_no", sa.BigInteger(), nullable=True))
    op.create_index("ix_journal_entries_sale_id", "journal_entries", ["sale_id"])
    op.create_index("ix_journal_entries_vehicle_no_at", "journal_entries", ["vehicle_no", "at"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_journal_entries_vehicle_no_at", "journal_entries")
    op.drop_index("ix_journal_entries_sale_id", "journal_entries")
    op.drop_column("journal_entries", "vehicle_no")
    op.drop_column("journal_entries", "sale_id")
