"""What takes the place of missing goods, goods sold by weight, delegates, order flows, and waits."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0061"
down_revision: str | None = "0063"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OFFERED = sa.text("state = 'offered'")


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("goods", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_weighed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "substitutions",
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("goods_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ordered", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("offer", sa.Text(), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "goods_id", name=op.f("pk_substitutions")),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opened_by", sa.String(length=24), server_default="", nullable=False))
        batch_op.add_column(sa.Column("flow_version", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("first_wait_s", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("second_wait_s", sa.Float(), server_default="300", nullable=False))
    op.create_table(
        "wait_rules",
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_s", sa.Float(), nullable=True),
        sa.Column("second_s", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("district", "version", name=op.f("pk_wait_rules")),
    )
    op.create_table(
        "order_flows",
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("operator", "service", "version", name=op.f("pk_order_flows")),
    )
    op.create_table(
        "order_proofs",
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("said", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "kind", "said", name=op.f("pk_order_proofs")),
    )
    op.create_table(
        "pickup_delegates",
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("resident_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Text(), nullable=False),
        sa.Column("is_dead", sa.Boolean(), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "number", name=op.f("pk_pickup_delegates")),
    )
    op.create_index(
        "ix_substitutions_open",
        "substitutions",
        ["answer_by"],
        sqlite_where=OFFERED,
        postgresql_where=OFFERED,
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("pickup_delegates")
    op.drop_table("order_proofs")
    op.drop_table("order_flows")
    op.drop_table("wait_rules")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_column("second_wait_s")
        batch_op.drop_column("first_wait_s")
        batch_op.drop_column("flow_version")
        batch_op.drop_column("opened_by")
    op.drop_table("substitutions")
    with op.batch_alter_table("goods", schema=None) as batch_op:
        batch_op.drop_column("is_weighed")
