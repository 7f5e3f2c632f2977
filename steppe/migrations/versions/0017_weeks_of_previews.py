"""previews whose week is still being worked out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "preview_weeks",
        sa.Column("fence_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("week_id", sa.String(length=36), nullable=False),
        sa.Column("vehicles", sa.LargeBinary(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("reached_ms", sa.BigInteger(), nullable=False),
        sa.Column("positions", sa.BigInteger(), nullable=False),
        sa.Column("judged", sa.LargeBinary(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fence_id", "version", name=op.f("pk_preview_weeks")),
    )
    with op.batch_alter_table("preview_weeks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_preview_weeks_due_at"), ["due_at"], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_table("preview_weeks")
