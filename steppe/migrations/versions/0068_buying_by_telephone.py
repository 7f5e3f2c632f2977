"""Purchases by telephone with their codes, and who answered a substitute for the customer."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0068"
down_revision: str | None = "0067"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("vending_sales", sa.Column("placed_by", sa.String(length=80)))
    op.add_column("substitutions", sa.Column("answered_by", sa.String(length=80)))
    op.create_table(
        "vending_sale_codes",
        sa.Column("sale_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Text(), nullable=False),
        sa.Column("is_dead", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("sale_id", name=op.f("pk_vending_sale_codes")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("vending_sale_codes")
    op.drop_column("substitutions", "answered_by")
    op.drop_column("vending_sales", "placed_by")
