"""vehicle days."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "day_closings",
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("formula", sa.Integer(), nullable=False),
        sa.Column("vehicles", sa.Integer(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("looked_serial", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("local_date", name=op.f("pk_day_closings")),
    )
    op.create_table(
        "vehicle_days",
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("formula", sa.Integer(), nullable=False),
        sa.Column("input_hash", sa.String(length=64), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("metres", sa.Float(), nullable=False),
        sa.Column("known_s", sa.Float(), nullable=False),
        sa.Column("permitted_s", sa.Float(), nullable=False),
        sa.Column("available_s", sa.Float(), nullable=False),
        sa.Column("autonomous_m", sa.Float(), nullable=False),
        sa.Column("autonomous_s", sa.Float(), nullable=False),
        sa.Column("takeovers", sa.Integer(), nullable=False),
        sa.Column("stops", sa.Integer(), nullable=False),
        sa.Column("stops_on_the_way", sa.Integer(), nullable=False),
        sa.Column("harsh_brakes", sa.Integer(), nullable=False),
        sa.Column("alarms", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=True),
        sa.Column("m2", sa.Float(), nullable=True),
        sa.Column("kwh", sa.Float(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("local_date", "vehicle_no", "revision", name=op.f("pk_vehicle_days")),
    )
    with op.batch_alter_table("vehicle_days", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_vehicle_days_district_local_date"), ["district", "local_date"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_vehicle_days_vehicle_no_local_date"), ["vehicle_no", "local_date"], unique=False
        )

    op.create_table(
        "vehicle_spells",
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duty", sa.String(length=16), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_no", "version", name=op.f("pk_vehicle_spells")),
    )
    with op.batch_alter_table("vehicle_spells", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vehicle_spells_until_at"), ["until_at"], unique=False)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("vehicle_spells", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vehicle_spells_until_at"))

    op.drop_table("vehicle_spells")
    with op.batch_alter_table("vehicle_days", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vehicle_days_vehicle_no_local_date"))
        batch_op.drop_index(batch_op.f("ix_vehicle_days_district_local_date"))

    op.drop_table("vehicle_days")
    op.drop_table("day_closings")
