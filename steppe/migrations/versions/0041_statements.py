"""Daily statements of merchants: each posting on one of them, closed for good."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.audit.tables import append_only

revision: str = "0041"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "statements",
        sa.Column("statement_id", sa.String(length=150), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("merchant_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opening_fen", sa.BigInteger(), nullable=False),
        sa.Column("closing_fen", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_statements")),
        sa.UniqueConstraint(
            "operator", "merchant_id", "number", name=op.f("uq_statements_operator_merchant_id_number")
        ),
        sa.UniqueConstraint(
            "operator", "merchant_id", "day", name=op.f("uq_statements_operator_merchant_id_day")
        ),
    )
    with op.batch_alter_table("statements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_statements_day"), ["day"], unique=False)

    op.create_table(
        "statement_lines",
        sa.Column(
            "entry_no",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("statement_id", sa.String(length=150), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_no", "line"],
            ["postings.entry_no", "postings.line"],
            name=op.f("fk_statement_lines_entry_no_line_postings"),
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["statements.statement_id"],
            name=op.f("fk_statement_lines_statement_id_statements"),
        ),
        sa.PrimaryKeyConstraint("entry_no", "line", name=op.f("pk_statement_lines")),
    )
    with op.batch_alter_table("statement_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_statement_lines_statement_id"), ["statement_id"], unique=False)

    op.create_table(
        "statement_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_statement_days")),
    )
    for table in ("statements", "statement_lines"):
        for statement in append_only(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Go back."""
    op.drop_table("statement_days")
    op.drop_table("statement_lines")
    op.drop_table("statements")
