"""Claims for the city's subsidy, and the rates by which vehicle-days are costed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.audit.tables import append_only

revision: str = "0051"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "cost_rates",
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("energy_fen_per_kwh", sa.Integer(), nullable=False),
        sa.Column("operator_fen_per_hour", sa.Integer(), nullable=False),
        sa.Column("crew_fen_per_hour", sa.Integer(), nullable=False),
        sa.Column("vehicle_fen_per_day", sa.Integer(), nullable=False),
        sa.Column("agreed_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("operator", "from_at", name=op.f("pk_cost_rates")),
    )
    op.create_table(
        "subsidy_claims",
        sa.Column("claim_id", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("claim_id", "version", name=op.f("pk_subsidy_claims")),
    )
    with op.batch_alter_table("subsidy_claims", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subsidy_claims_operator"), ["operator"], unique=False)

    op.create_table(
        "subsidy_claim_rows",
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("claim_id", sa.String(length=80), nullable=False),
        sa.Column("entry_no", sa.BigInteger(), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("merchant_id", sa.String(length=64), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("route_m", sa.Float(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_subsidy_claim_rows")),
    )
    with op.batch_alter_table("subsidy_claim_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subsidy_claim_rows_claim_id"), ["claim_id"], unique=False)

    op.create_table(
        "subsidy_left_out",
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("claim_id", sa.String(length=80), nullable=False),
        sa.Column("from_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["subsidy_claim_rows.order_id"],
            name=op.f("fk_subsidy_left_out_order_id_subsidy_claim_rows"),
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_subsidy_left_out")),
    )
    for table in ("cost_rates", "subsidy_claims", "subsidy_claim_rows", "subsidy_left_out"):
        for statement in append_only(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Go back."""
    op.drop_table("subsidy_left_out")
    op.drop_table("subsidy_claim_rows")
    op.drop_table("subsidy_claims")
    op.drop_table("cost_rates")
