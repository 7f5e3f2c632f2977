"""violations."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "alarm_follow_ups",
        sa.Column("alarm_id", sa.String(length=40), nullable=False),
        sa.Column("step", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", "step", name=op.f("pk_alarm_follow_ups")),
    )
    op.create_table(
        "violations",
        sa.Column("violation_id", sa.String(length=40), nullable=False),
        sa.Column("alarm_id", sa.String(length=40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("finding", sa.String(length=16), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence_id", sa.String(length=64), nullable=True),
        sa.Column("fence_version", sa.Integer(), nullable=True),
        sa.Column("set_version", sa.BigInteger(), nullable=True),
        sa.Column("permit_no", sa.String(length=64), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lng", sa.Float(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("decisions", sa.Text(), nullable=False),
        sa.Column("appeal_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("violation_id", name=op.f("pk_violations")),
        sa.UniqueConstraint("alarm_id", name=op.f("uq_violations_alarm_id")),
    )
    with op.batch_alter_table("violations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_violations_district_began_at"), ["district", "began_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_violations_state_began_at"), ["state", "began_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_violations_vehicle_no_began_at"), ["vehicle_no", "began_at"], unique=False
        )


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("violations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_violations_vehicle_no_began_at"))
        batch_op.drop_index(batch_op.f("ix_violations_state_began_at"))
        batch_op.drop_index(batch_op.f("ix_violations_district_began_at"))

    op.drop_table("violations")
    op.drop_table("alarm_follow_ups")
