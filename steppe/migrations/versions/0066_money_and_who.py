"""Who agreed terms and why, clearings between companies, when an alarm was taken, how a door was opened."""

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
    op.add_column("journal_entries", sa.Column("carrier", sa.String(length=64)))
    op.add_column("alarms", sa.Column("taken_at", sa.DateTime(timezone=True)))
    op.add_column("alarms", sa.Column("taken_by", sa.String(length=40)))
    op.add_column("alarms", sa.Column("answered_at", sa.DateTime(timezone=True)))
    op.create_index(op.f("ix_alarms_taken_at"), "alarms", ["taken_at"])
    op.add_column("orders", sa.Column("opened_how", sa.String(length=8)))
    _make_clearings()
    for table in ("agreed_terms", "clearings", "clearing_rows", "clearing_steps"):
        for statement in append_only(table, op.get_bind().dialect.name):
            op.execute(statement)


def _make_clearings() -> None:
    entry_no = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "clearings",
        sa.Column("clearing_id", sa.String(length=40), nullable=False),
        sa.Column("first", sa.String(length=64), nullable=False),
        sa.Column("second", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("net_fen", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("clearing_id", name=op.f("pk_clearings")),
        sa.UniqueConstraint("first", "second", "number", name=op.f("uq_clearings_first_second_number")),
        sa.UniqueConstraint("first", "second", "day", name=op.f("uq_clearings_first_second_day")),
    )
    op.create_index(op.f("ix_clearings_first"), "clearings", ["first"])
    op.create_index(op.f("ix_clearings_second"), "clearings", ["second"])
    op.create_table(
        "clearing_rows",
        sa.Column("entry_no", entry_no, autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("clearing_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("debtor", sa.String(length=64), nullable=False),
        sa.Column("creditor", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=True),
        sa.Column("sale_id", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_no", "line"],
            ["postings.entry_no", "postings.line"],
            name=op.f("fk_clearing_rows_entry_no_line_postings"),
        ),
        sa.ForeignKeyConstraint(
            ["clearing_id"],
            ["clearings.clearing_id"],
            name=op.f("fk_clearing_rows_clearing_id_clearings"),
        ),
        sa.PrimaryKeyConstraint("entry_no", "line", "part", name=op.f("pk_clearing_rows")),
    )
    op.create_index(op.f("ix_clearing_rows_clearing_id"), "clearing_rows", ["clearing_id"])
    op.create_table(
        "clearing_steps",
        sa.Column("clearing_id", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["clearing_id"],
            ["clearings.clearing_id"],
            name=op.f("fk_clearing_steps_clearing_id_clearings"),
        ),
        sa.PrimaryKeyConstraint("clearing_id", "seq", name=op.f("pk_clearing_steps")),
    )
    op.create_table(
        "clearing_marks",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("upto_entry_no", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_clearing_marks")),
    )
    op.create_table(
        "clearing_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["day"], ["clearing_marks.day"], name=op.f("fk_clearing_days_day_clearing_marks")
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_clearing_days")),
    )


def downgrade() -> None:
    """Go back."""
    for table in ("clearing_days", "clearing_marks", "clearing_steps", "clearing_rows", "clearings"):
        op.drop_table(table)
    op.drop_column("orders", "opened_how")
    op.drop_index(op.f("ix_alarms_taken_at"), "alarms")
    for column in ("answered_at", "taken_by", "taken_at"):
        op.drop_column("alarms", column)
    op.drop_column("journal_entries", "carrier")
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
