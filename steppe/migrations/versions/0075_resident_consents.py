"""What residents agreed to."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0075"
down_revision: str | None = "0074"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "resident_consents",
        sa.Column("consent_id", sa.String(40), nullable=False),
        sa.Column("resident_id", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_resident_consents")),
    )
    with op.batch_alter_table("resident_consents") as batch_op:
        batch_op.create_index("ix_resident_consents_resident_id_at", ["resident_id", "at"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("resident_consents")
