"""What people on the street say of vehicles."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0070"
down_revision: str | None = "0068"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "feedback",
        sa.Column("feedback_id", sa.String(40), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("district", sa.String(8), nullable=False),
        sa.Column("operator", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("lat", sa.Float()),
        sa.Column("lng", sa.Float()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_into_at", sa.DateTime(timezone=True)),
        sa.Column("looked_into_by", sa.String(40)),
        sa.Column("looked_into_by_name", sa.String(128)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("answer", sa.String(500), nullable=False),
        sa.Column("answered_by", sa.String(40)),
        sa.Column("answered_by_name", sa.String(128)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("feedback_id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feedback_token_hash")),
    )
    with op.batch_alter_table("feedback") as batch_op:
        batch_op.create_index("ix_feedback_received_at", ["received_at"])
        batch_op.create_index("ix_feedback_vehicle_no_kind_state", ["vehicle_no", "kind", "state"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("feedback")
