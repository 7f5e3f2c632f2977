"""One-time codes for police officers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0071"
down_revision: str | None = "0070"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "police_grants",
        sa.Column("grant_id", sa.String(40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("district", sa.String(8), nullable=False),
        sa.Column("operator", sa.String(64), nullable=False),
        sa.Column("officer", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("given_by", sa.String(40), nullable=False),
        sa.Column("given_by_name", sa.String(128), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_wall", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code_digest", sa.String(64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_police_grants")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_police_grants_token_hash")),
    )
    with op.batch_alter_table("police_grants") as batch_op:
        batch_op.create_index("ix_police_grants_vehicle_no_expires_wall", ["vehicle_no", "expires_wall"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("police_grants")
