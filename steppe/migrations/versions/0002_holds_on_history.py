"""holds on history."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "history_holds",
        sa.Column("hold_id", sa.String(length=64), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=True),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.String(length=64), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_history_holds")),
    )
    with op.batch_alter_table("history_holds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_history_holds_about"), ["about"], unique=False)
        batch_op.create_index(batch_op.f("ix_history_holds_from_at"), ["from_at"], unique=False)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("history_holds", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_history_holds_from_at"))
        batch_op.drop_index(batch_op.f("ix_history_holds_about"))

    op.drop_table("history_holds")
