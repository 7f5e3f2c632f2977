"""what becomes of the ground that a sweeping run left, and runs by the moment they ended."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0063"
down_revision: str | None = "0062"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("sweeping_runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rest", sa.String(length=16), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_sweeping_runs_ended_at"), ["ended_at"], unique=False)
    with op.batch_alter_table("sweeping_runs", schema=None) as batch_op:
        batch_op.alter_column("rest", server_default=None)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("sweeping_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sweeping_runs_ended_at"))
        batch_op.drop_column("rest")
