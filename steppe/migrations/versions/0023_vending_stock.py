"""what vending vehicles carry: planograms, lots, the ledger and its stock."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "vending_slots",
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("goods_id", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("temperature", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_no", "slot", name=op.f("pk_vending_slots")),
    )
    op.create_table(
        "vending_lots",
        sa.Column("lot_id", sa.String(length=110), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("goods_id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("temperature", sa.String(length=16), nullable=False),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recall_reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_vending_lots")),
    )
    op.create_table(
        "vending_stock",
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lot_id", sa.String(length=110), nullable=False),
        sa.Column("shelf", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.CheckConstraint("shelf >= 0", name=op.f("ck_vending_stock_shelf_not_negative")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_vending_stock_held_not_negative")),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["vending_lots.lot_id"], name=op.f("fk_vending_stock_lot_id_vending_lots")
        ),
        sa.PrimaryKeyConstraint("vehicle_no", "slot", "lot_id", name=op.f("pk_vending_stock")),
    )
    op.create_index(op.f("ix_vending_stock_lot_id"), "vending_stock", ["lot_id"], unique=False)
    op.create_table(
        "vending_movements",
        sa.Column("cause", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.String(length=110), nullable=False),
        sa.Column("goods_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("shelf", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cause", "line", name=op.f("pk_vending_movements")),
    )
    op.create_index(
        op.f("ix_vending_movements_vehicle_no_at"), "vending_movements", ["vehicle_no", "at"], unique=False
    )
    op.create_index(op.f("ix_vending_movements_at"), "vending_movements", ["at"], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_vending_movements_at"), table_name="vending_movements")
    op.drop_index(op.f("ix_vending_movements_vehicle_no_at"), table_name="vending_movements")
    op.drop_table("vending_movements")
    op.drop_index(op.f("ix_vending_stock_lot_id"), table_name="vending_stock")
    op.drop_table("vending_stock")
    op.drop_table("vending_lots")
    op.drop_table("vending_slots")
