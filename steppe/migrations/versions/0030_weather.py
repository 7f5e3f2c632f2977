"""weather: facts of each 旗区, what services bear, and recalls."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NOT_OVER = sa.text("state IN ('active', 'calming')")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "weather_facts",
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("weather", sa.Text(), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("district", "source", "kind", "valid_from", name=op.f("pk_weather_facts")),
    )
    with op.batch_alter_table("weather_facts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_weather_facts_district_valid_to"), ["district", "valid_to"], unique=False
        )
    op.create_table(
        "weather_limits",
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("service", "version", name=op.f("pk_weather_limits")),
    )
    op.create_table(
        "weather_recalls",
        sa.Column("recall_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("causes", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calm_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("recall_id", name=op.f("pk_weather_recalls")),
    )
    with op.batch_alter_table("weather_recalls", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_weather_recalls_district_started_at"), ["district", "started_at"], unique=False
        )
        batch_op.create_index(
            "uq_weather_recalls_one_at_a_time",
            ["district", "service"],
            unique=True,
            sqlite_where=NOT_OVER,
            postgresql_where=NOT_OVER,
        )
    op.create_table(
        "weather_recalled",
        sa.Column("recall_id", sa.String(length=40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("range_m", sa.Float(), nullable=True),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("has_cap", sa.Boolean(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recall_id"],
            ["weather_recalls.recall_id"],
            name=op.f("fk_weather_recalled_recall_id_weather_recalls"),
        ),
        sa.PrimaryKeyConstraint("recall_id", "vehicle_no", name=op.f("pk_weather_recalled")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("weather_recalled")
    op.drop_table("weather_recalls")
    op.drop_table("weather_limits")
    op.drop_table("weather_facts")
