"""readiness: daily checks of vehicles and the rules about them; vehicles that are taken out of the fleet."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0064"
down_revision: str | None = "0061"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""

    op.create_table(
        "readiness_rules",
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("day_starts_hour", sa.Integer(), nullable=False),
        sa.Column("least_battery_ratio", sa.Float(), nullable=False),
        sa.Column("looks", sa.Text(), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("operator", "version", name=op.f("pk_readiness_rules")),
    )
    op.create_table(
        "readiness_checks",
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("is_passed", sa.Boolean(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_no", "day", "number", name=op.f("pk_readiness_checks")),
    )
    op.create_index(op.f("ix_readiness_checks_day_vehicle_no"), "readiness_checks", ["day", "vehicle_no"])
    op.create_table(
        "decommissions",
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rest", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("vehicle_no", name=op.f("pk_decommissions")),
    )
    op.create_index(op.f("ix_decommissions_done_at"), "decommissions", ["done_at"])


def downgrade() -> None:
    """Go back."""

    op.drop_index(op.f("ix_decommissions_done_at"), "decommissions")
    op.drop_table("decommissions")
    op.drop_index(op.f("ix_readiness_checks_day_vehicle_no"), "readiness_checks")
    op.drop_table("readiness_checks")
    op.drop_table("readiness_rules")
