"""members of group alarms, silences that radio holes are learned from."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "alarm_members",
        sa.Column("alarm_id", sa.String(length=40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("back_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("alarm_id", "vehicle_no", name=op.f("pk_alarm_members")),
    )
    with op.batch_alter_table("alarm_members", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alarm_members_vehicle_no_joined_at"), ["vehicle_no", "joined_at"], unique=False
        )
    op.create_table(
        "radio_silences",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("silent_s", sa.Float(), nullable=False),
        sa.Column("back_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_radio_silences")),
        sa.UniqueConstraint("vehicle_no", "back_at", name=op.f("uq_radio_silences_vehicle_no_back_at")),
    )
    with op.batch_alter_table("radio_silences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_radio_silences_back_at"), ["back_at"], unique=False)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("radio_silences", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_radio_silences_back_at"))
    op.drop_table("radio_silences")
    with op.batch_alter_table("alarm_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alarm_members_vehicle_no_joined_at"))
    op.drop_table("alarm_members")
