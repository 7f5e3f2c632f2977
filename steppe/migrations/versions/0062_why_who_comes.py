"""Why who comes to a call, restocks that schedules want, and evidence against the vehicle's own track."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0062"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("vending_calls", sa.Column("decision", sa.Text))
    op.create_table(
        "vending_restocks",
        sa.Column("occurrence_id", sa.String(40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("work_order_id", sa.String(40)),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("occurrence_id", "vehicle_no", name=op.f("pk_vending_restocks")),
    )
    op.create_index(op.f("ix_vending_restocks_state"), "vending_restocks", ["state"])
    op.create_index(op.f("ix_vending_restocks_vehicle_no"), "vending_restocks", ["vehicle_no"])
    # what is there was never compared, and its positions may be gone
    track = sa.Column("track", sa.String(12), nullable=False, server_default="unknown")
    op.add_column("patrol_evidence", track)
    op.add_column("patrol_evidence", sa.Column("track_off_m", sa.Float))
    op.create_index(op.f("ix_patrol_evidence_track"), "patrol_evidence", ["track"])
    with op.batch_alter_table("patrol_evidence") as batch_op:
        batch_op.alter_column("track", server_default=None)


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_patrol_evidence_track"), "patrol_evidence")
    op.drop_column("patrol_evidence", "track_off_m")
    op.drop_column("patrol_evidence", "track")
    op.drop_table("vending_restocks")
    op.drop_column("vending_calls", "decision")
