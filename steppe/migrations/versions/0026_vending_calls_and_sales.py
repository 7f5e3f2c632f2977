"""calls of residents for vending vehicles, and what they buy at the door."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "vending_call_events",
        sa.Column("call_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("call_id", "version", name=op.f("pk_vending_call_events")),
    )
    op.create_table(
        "vending_calls",
        sa.Column("call_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("resident_id", sa.String(length=40), nullable=False),
        sa.Column("place_id", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("walk_m", sa.Float(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=True),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=True),
        sa.Column("eta_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leaves_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_vending_calls")),
    )
    op.create_index(
        op.f("ix_vending_calls_district_placed_at"), "vending_calls", ["district", "placed_at"], unique=False
    )
    op.create_index(
        op.f("ix_vending_calls_resident_id_placed_at"),
        "vending_calls",
        ["resident_id", "placed_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_vending_calls_state_district"), "vending_calls", ["state", "district"], unique=False
    )
    op.create_index(op.f("ix_vending_calls_task_id"), "vending_calls", ["task_id"], unique=False)
    op.create_index(
        "uq_vending_calls_one_open_per_resident",
        "vending_calls",
        ["resident_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('arrived', 'assigned', 'created', 'on_the_way')"),
        postgresql_where=sa.text("state IN ('arrived', 'assigned', 'created', 'on_the_way')"),
    )
    op.create_table(
        "vending_sales",
        sa.Column("sale_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("resident_id", sa.String(length=40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("goods_id", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=True),
        sa.Column("sold", sa.Integer(), nullable=True),
        sa.Column("paid_by", sa.String(length=12), nullable=False),
        sa.Column("picks", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("command_id", sa.String(length=40), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_vending_sales_quantity_above_zero")),
        sa.PrimaryKeyConstraint("sale_id", name=op.f("pk_vending_sales")),
    )
    op.create_index(
        op.f("ix_vending_sales_district_reserved_at"),
        "vending_sales",
        ["district", "reserved_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_vending_sales_resident_id_reserved_at"),
        "vending_sales",
        ["resident_id", "reserved_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_vending_sales_state_expires_at"), "vending_sales", ["state", "expires_at"], unique=False
    )
    op.create_index(
        op.f("ix_vending_sales_vehicle_no_state"), "vending_sales", ["vehicle_no", "state"], unique=False
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_vending_sales_vehicle_no_state"), table_name="vending_sales")
    op.drop_index(op.f("ix_vending_sales_state_expires_at"), table_name="vending_sales")
    op.drop_index(op.f("ix_vending_sales_resident_id_reserved_at"), table_name="vending_sales")
    op.drop_index(op.f("ix_vending_sales_district_reserved_at"), table_name="vending_sales")
    op.drop_table("vending_sales")
    op.drop_index(
        "uq_vending_calls_one_open_per_resident",
        table_name="vending_calls",
        sqlite_where=sa.text("state IN ('arrived', 'assigned', 'created', 'on_the_way')"),
        postgresql_where=sa.text("state IN ('arrived', 'assigned', 'created', 'on_the_way')"),
    )
    op.drop_index(op.f("ix_vending_calls_task_id"), table_name="vending_calls")
    op.drop_index(op.f("ix_vending_calls_state_district"), table_name="vending_calls")
    op.drop_index(op.f("ix_vending_calls_resident_id_placed_at"), table_name="vending_calls")
    op.drop_index(op.f("ix_vending_calls_district_placed_at"), table_name="vending_calls")
    op.drop_table("vending_calls")
    op.drop_table("vending_call_events")
