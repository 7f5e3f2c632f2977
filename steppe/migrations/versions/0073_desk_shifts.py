"""Shifts at desks and what they hand over."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0073"
down_revision: str | None = "0072"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "desk_shifts",
        sa.Column("shift_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("role", sa.String(24), nullable=False),
        sa.Column("operator", sa.String(64)),
        sa.Column("districts", sa.Text()),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_wall", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_muted", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("left_open", sa.Text()),
        sa.Column("read_by", sa.String(40)),
        sa.Column("read_by_name", sa.String(128), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("shift_id", name=op.f("pk_desk_shifts")),
    )
    with op.batch_alter_table("desk_shifts") as batch_op:
        batch_op.create_index("ix_desk_shifts_ended_at", ["ended_at"])
        batch_op.create_index(
            "ix_desk_shifts_open",
            ["staff_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )


def downgrade() -> None:
    """Go back."""
    op.drop_table("desk_shifts")
