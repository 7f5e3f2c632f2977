"""desks of merchants, sessions of their pages, and what of their goods people change."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "merchant_desks",
        sa.Column("merchant_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_reason", sa.String(length=24), nullable=True),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("busy_extra_s", sa.Float(), nullable=False),
        sa.Column("licence_number", sa.String(length=40), nullable=False),
        sa.Column("licence_expires_on", sa.Date(), nullable=True),
        sa.Column("days", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.merchant_id"],
            name=op.f("fk_merchant_desks_merchant_id_merchants"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_merchant_desks")),
    )
    op.create_table(
        "forbidden_goods",
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("reason_zh", sa.String(length=240), nullable=False),
        sa.Column("reason_en", sa.String(length=240), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("category", name=op.f("pk_forbidden_goods")),
    )
    op.create_table(
        "merchant_sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["api_tokens.id"], name=op.f("fk_merchant_sessions_subject_id_api_tokens")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_merchant_sessions_token_hash")),
    )
    with op.batch_alter_table("merchant_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_merchant_sessions_subject_id"), ["subject_id"], unique=False)
    op.add_column(
        "merchants",
        sa.Column("needs_food_licence", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("goods", sa.Column("category", sa.String(length=40), server_default="", nullable=False))
    for name in ("is_sold_out", "is_edited"):
        op.add_column("goods", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Go back."""
    for name in ("is_edited", "is_sold_out", "category"):
        op.drop_column("goods", name)
    op.drop_column("merchants", "needs_food_licence")
    op.drop_table("merchant_sessions")
    op.drop_table("forbidden_goods")
    op.drop_table("merchant_desks")
