"""Terms of merchants say who agreed them, when and why, and are never changed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.audit.tables import append_only

revision: str = "0066"
down_revision: str | None = "0065"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "agreed_terms",
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("merchant_id", sa.String(length=64), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("platform_fee_bp", sa.Integer(), nullable=False),
        sa.Column("subsidy_fen", sa.Integer(), nullable=False),
        sa.Column("keeps_fee_when_missed", sa.Boolean(), nullable=False),
        sa.Column("agreed_by", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint(
            "operator", "merchant_id", "from_at", "agreed_at", name=op.f("pk_agreed_terms")
        ),
    )
    # what was agreed before is in the audit; here nobody wrote down by whom
    op.execute(
        "INSERT INTO agreed_terms (operator, merchant_id, from_at, agreed_at, platform_fee_bp, subsidy_fen,"
        " keeps_fee_when_missed, agreed_by, reason) SELECT operator, merchant_id, from_at, from_at,"
        " platform_fee_bp, subsidy_fen, keeps_fee_when_missed, '', '' FROM settlement_terms"
    )
    op.drop_table("settlement_terms")
    for statement in append_only("agreed_terms", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Go back."""
    op.create_table(
        "settlement_terms",
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("merchant_id", sa.String(length=64), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("platform_fee_bp", sa.Integer(), nullable=False),
        sa.Column("subsidy_fen", sa.Integer(), nullable=False),
        sa.Column("keeps_fee_when_missed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("operator", "merchant_id", "from_at", name=op.f("pk_settlement_terms")),
    )
    op.execute(
        "INSERT INTO settlement_terms SELECT operator, merchant_id, from_at, platform_fee_bp, subsidy_fen,"
        " keeps_fee_when_missed FROM agreed_terms AS kept WHERE agreed_at = (SELECT max(agreed_at) FROM"
        " agreed_terms AS other WHERE other.operator = kept.operator AND other.merchant_id = kept.merchant_id"
        " AND other.from_at = kept.from_at)"
    )
    op.drop_table("agreed_terms")
