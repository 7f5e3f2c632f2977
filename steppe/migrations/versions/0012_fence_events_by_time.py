"""fence events unique by time first."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NEW = ("measured_at", "vehicle_no", "fence_id", "kind")
OLD = ("vehicle_no", "fence_id", "fence_version", "kind", "seq")


def upgrade() -> None:
    """Go forward; of rows that two trackers said of one position the first one stays."""
    events = sa.table("fence_events", sa.column("id"), *map(sa.column, NEW))
    first = sa.select(sa.func.min(events.c.id)).group_by(*(events.c[name] for name in NEW))
    op.execute(sa.delete(events).where(events.c.id.not_in(first)))
    _constrain(OLD, NEW)


def downgrade() -> None:
    """Go back."""
    _constrain(NEW, OLD)


def _constrain(before: Sequence[str], after: Sequence[str]) -> None:
    with op.batch_alter_table("fence_events", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_fence_events_" + "_".join(before)), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_fence_events_" + "_".join(after)), list(after))
