"""previews of fences."""

import json
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward; names of the fences there are become something to look for."""
    with op.batch_alter_table("fence_versions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("group_name", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("title", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("preview", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("previewed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("previewed_by", sa.String(), nullable=True))
        batch_op.create_index("ix_fence_versions_group_name", ["group_name"], unique=False)
    fences = sa.table(
        "fence_versions",
        sa.column("fence_id", sa.String()),
        sa.column("version", sa.Integer()),
        sa.column("body", sa.Text()),
        sa.column("title", sa.String()),
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(fences.c.fence_id, fences.c.version, fences.c.body)).all()
    for fence_id, version, body in rows:
        drawn = json.loads(body)
        connection.execute(
            sa.update(fences)
            .where(fences.c.fence_id == fence_id, fences.c.version == version)
            .values(title=f"{drawn['name_zh']} {drawn['name_en']}")
        )


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("fence_versions", schema=None) as batch_op:
        batch_op.drop_index("ix_fence_versions_group_name")
        for name in ("previewed_by", "previewed_at", "preview", "title", "group_name"):
            batch_op.drop_column(name)
