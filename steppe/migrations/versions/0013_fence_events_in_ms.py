"""moments of fence events as milliseconds."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENTS = ("measured_at", "since_at", "received_at")
OF_SQLITE = "CAST(strftime('%s', {0}) AS INTEGER) * 1000 + CAST(substr({0} || '.000', 21, 3) AS INTEGER)"
TO_SQLITE = "strftime('%Y-%m-%d %H:%M:%S', {0} / 1000, 'unixepoch') || printf('.%03d000', {0} % 1000)"
OF_POSTGRESQL = "(extract(epoch FROM {0}) * 1000)::bigint"
TO_POSTGRESQL = "to_timestamp({0} / 1000.0)"


def upgrade() -> None:
    """Go forward; a column of SQLite holds what it is given, so the values go first."""
    _convert_on_sqlite(OF_SQLITE)
    _retype(sa.DateTime(timezone=True), sa.BigInteger(), OF_POSTGRESQL)


def downgrade() -> None:
    """Go back; SQLite would read a text as the number that it begins with, so the values come last."""
    _retype(sa.BigInteger(), sa.DateTime(timezone=True), TO_POSTGRESQL)
    _convert_on_sqlite(TO_SQLITE)


def _convert_on_sqlite(expression: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        events = sa.table("fence_events", *map(sa.column, MOMENTS))
        op.execute(sa.update(events).values({m: sa.literal_column(expression.format(m)) for m in MOMENTS}))


def _retype(before: sa.types.TypeEngine[Any], after: sa.types.TypeEngine[Any], using: str) -> None:
    with op.batch_alter_table("fence_events", schema=None) as batch_op:
        for name in MOMENTS:
            batch_op.alter_column(
                name,
                existing_type=before,
                type_=after,
                existing_nullable=False,
                postgresql_using=using.format(name),
            )
