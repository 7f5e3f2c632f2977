"""incidents."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.audit.tables import append_only

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "evidence_bundles",
        sa.Column("incident_id", sa.String(length=40), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "edition", name=op.f("pk_evidence_bundles")),
    )
    op.create_table(
        "incident_causes",
        sa.Column("alarm_id", sa.String(length=40), nullable=False),
        sa.Column("incident_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_incident_causes")),
    )
    with op.batch_alter_table("incident_causes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_causes_incident_id"), ["incident_id"], unique=False)

    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.String(length=40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("discovered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("severity", sa.String(length=24), nullable=True),
        sa.Column("medical_dispatch", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("report_id", sa.String(length=80), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lng", sa.Float(), nullable=True),
        sa.Column("opened_by", sa.String(length=40), nullable=False),
        sa.Column("opened_by_name", sa.String(length=128), nullable=False),
        sa.Column("is_scene_held", sa.Boolean(), nullable=False),
        sa.Column("responsibility", sa.String(length=16), nullable=True),
        sa.Column("responsibility_note", sa.Text(), nullable=False),
        sa.Column("recording_command", sa.String(length=40), nullable=True),
        sa.Column("evidence_wanted", sa.Integer(), nullable=False),
        sa.Column("evidence_edition", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incidents")),
    )
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_incidents_district_happened_at"), ["district", "happened_at"], unique=False
        )
        batch_op.create_index(
            "ix_incidents_evidence_owed",
            ["window_to"],
            unique=False,
            sqlite_where=sa.text("evidence_wanted > evidence_edition"),
            postgresql_where=sa.text("evidence_wanted > evidence_edition"),
        )
        batch_op.create_index(batch_op.f("ix_incidents_happened_at"), ["happened_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_incidents_recording_command"), ["recording_command"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_incidents_vehicle_no_happened_at"), ["vehicle_no", "happened_at"], unique=False
        )
    for statement in append_only("evidence_bundles", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incidents_vehicle_no_happened_at"))
        batch_op.drop_index(batch_op.f("ix_incidents_recording_command"))
        batch_op.drop_index(batch_op.f("ix_incidents_happened_at"))
        batch_op.drop_index(
            "ix_incidents_evidence_owed",
            sqlite_where=sa.text("evidence_wanted > evidence_edition"),
            postgresql_where=sa.text("evidence_wanted > evidence_edition"),
        )
        batch_op.drop_index(batch_op.f("ix_incidents_district_happened_at"))

    op.drop_table("incidents")
    with op.batch_alter_table("incident_causes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_causes_incident_id"))

    op.drop_table("incident_causes")
    op.drop_table("evidence_bundles")
