"""who placed an order for somebody else, and how much longer a vehicle waits for her."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("extra_wait_s", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("placed_by", sa.String(length=80), server_default="", nullable=False))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_column("placed_by")
        batch_op.drop_column("extra_wait_s")
