"""fence events are looked for by quarter of a minute, and vehicle or fence within it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "fence_events"
QUARTER = sa.text("(measured_at / 15000)")


def upgrade() -> None:
    """Go forward."""
    for column in ("vehicle_no", "fence_id"):
        op.drop_index(op.f(f"ix_{TABLE}_{column}_measured_at"), TABLE)
        op.create_index(op.f(f"ix_{TABLE}_quarter_{column}"), TABLE, [QUARTER, column])


def downgrade() -> None:
    """Go back."""
    for column in ("vehicle_no", "fence_id"):
        op.drop_index(op.f(f"ix_{TABLE}_quarter_{column}"), TABLE)
        op.create_index(op.f(f"ix_{TABLE}_{column}_measured_at"), TABLE, [column, "measured_at"])
