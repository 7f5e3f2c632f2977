"""takeovers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "takeover_causes",
        sa.Column("alarm_id", sa.String(length=40), nullable=False),
        sa.Column("takeover_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_takeover_causes")),
    )
    with op.batch_alter_table("takeover_causes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_takeover_causes_takeover_id"), ["takeover_id"], unique=False)

    op.create_table(
        "takeovers",
        sa.Column("takeover_id", sa.String(length=40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("maker", sa.String(length=64), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lng", sa.Float(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_wall", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offered_to", sa.String(length=40), nullable=True),
        sa.Column("claimed_by", sa.String(length=40), nullable=True),
        sa.Column("claimed_by_name", sa.String(length=128), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_wall", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mode", sa.String(length=8), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("follows", sa.String(length=40), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("takeover_id", name=op.f("pk_takeovers")),
    )
    with op.batch_alter_table("takeovers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_takeovers_requested_at"), ["requested_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_takeovers_vehicle_no_requested_at"), ["vehicle_no", "requested_at"], unique=False
        )
        batch_op.create_index(
            "uq_takeovers_one_per_vehicle",
            ["vehicle_no"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("takeovers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_takeovers_one_per_vehicle",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_takeovers_vehicle_no_requested_at"))
        batch_op.drop_index(batch_op.f("ix_takeovers_requested_at"))

    op.drop_table("takeovers")
    with op.batch_alter_table("takeover_causes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_takeover_causes_takeover_id"))

    op.drop_table("takeover_causes")
