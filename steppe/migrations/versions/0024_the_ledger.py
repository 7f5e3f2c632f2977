"""the ledger: accounts, entries, postings, and the rates that hold."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.audit.tables import append_only

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turns", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accounts_kind_owner"), ["kind", "owner"], unique=False)

    op.create_table(
        "journal_entries",
        sa.Column(
            "entry_no",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("cause", sa.String(length=120), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("entry_no", name=op.f("pk_journal_entries")),
        sa.UniqueConstraint("cause", name=op.f("uq_journal_entries_cause")),
    )
    with op.batch_alter_table("journal_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journal_entries_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_journal_entries_order_id"), ["order_id"], unique=False)

    op.create_table(
        "order_terms",
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("paid_by", sa.String(length=12), nullable=False),
        sa.Column("platform_fee_bp", sa.Integer(), nullable=False),
        sa.Column("subsidy_fen", sa.Integer(), nullable=False),
        sa.Column("keeps_fee_when_missed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_terms")),
    )
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
    op.create_table(
        "postings",
        sa.Column(
            "entry_no",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_account", sa.String(length=120), nullable=False),
        sa.Column("to_account", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_postings_amount_above_zero")),
        sa.CheckConstraint("from_account <> to_account", name=op.f("ck_postings_two_accounts")),
        sa.ForeignKeyConstraint(
            ["entry_no"], ["journal_entries.entry_no"], name=op.f("fk_postings_entry_no_journal_entries")
        ),
        sa.ForeignKeyConstraint(
            ["from_account"], ["accounts.account_id"], name=op.f("fk_postings_from_account_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["to_account"], ["accounts.account_id"], name=op.f("fk_postings_to_account_accounts")
        ),
        sa.PrimaryKeyConstraint("entry_no", "line", name=op.f("pk_postings")),
    )
    with op.batch_alter_table("postings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_postings_from_account"), ["from_account"], unique=False)
        batch_op.create_index(batch_op.f("ix_postings_to_account"), ["to_account"], unique=False)

    for table in ("journal_entries", "postings"):
        for statement in append_only(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Go back."""
    op.drop_table("postings")
    op.drop_table("settlement_terms")
    op.drop_table("order_terms")
    op.drop_table("journal_entries")
    op.drop_table("accounts")
