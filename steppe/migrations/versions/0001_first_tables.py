"""first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.audit.tables import KEPT, append_only

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "alarms",
        sa.Column("alarm_id", sa.String(length=40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("dedup_key", sa.String(length=160), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=40), nullable=True),
        sa.Column("acknowledged_by_name", sa.String(length=128), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee", sa.String(length=40), nullable=True),
        sa.Column("assignee_name", sa.String(length=128), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lng", sa.Float(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("comments", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_alarms")),
    )
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alarms_dedup_key_cleared_at"), ["dedup_key", "cleared_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_alarms_district_raised_at"), ["district", "raised_at"], unique=False
        )
        batch_op.create_index(
            "ix_alarms_not_closed",
            ["raised_at"],
            unique=False,
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        )
        batch_op.create_index(
            "ix_alarms_standing_of_vehicle",
            ["vehicle_no"],
            unique=False,
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_alarms_vehicle_no_raised_at"), ["vehicle_no", "raised_at"], unique=False
        )
        batch_op.create_index(
            "uq_alarms_one_standing_per_cause",
            ["dedup_key"],
            unique=True,
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        )

    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("merchant", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("actor_name", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=True),
        sa.Column("operator", sa.String(length=64), nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object", sa.String(length=160), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entries_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entries_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entries_object"), ["object"], unique=False)

    op.create_table(
        "audit_heads",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "bindings",
        sa.Column("binding_id", sa.String(length=40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("shift_id", sa.String(length=40), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("binding_id", name=op.f("pk_bindings")),
    )
    with op.batch_alter_table("bindings", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bindings_staff_id_bound_at"), ["staff_id", "bound_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_bindings_vehicle_no_bound_at"), ["vehicle_no", "bound_at"], unique=False
        )
        batch_op.create_index(
            "uq_bindings_one_operator_per_vehicle",
            ["vehicle_no"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "cities",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("pack_digest", sa.String(length=64), nullable=False),
        sa.Column("build_digest", sa.String(length=64), nullable=False),
        sa.Column("partitions", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cities")),
    )
    op.create_table(
        "commands",
        sa.Column("command_id", sa.String(length=40), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("requester", sa.String(length=64), nullable=False),
        sa.Column("requester_name", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("stop_epoch", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("late_answer", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_commands")),
    )
    with op.batch_alter_table("commands", schema=None) as batch_op:
        batch_op.create_index(
            "ix_commands_open",
            ["vehicle_no"],
            unique=False,
            sqlite_where=sa.text("state IN ('acknowledged', 'queued', 'sent')"),
            postgresql_where=sa.text("state IN ('acknowledged', 'queued', 'sent')"),
        )
        batch_op.create_index(batch_op.f("ix_commands_task_id"), ["task_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_commands_vehicle_no_issued_at"), ["vehicle_no", "issued_at"], unique=False
        )

    op.create_table(
        "compartments",
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.String(length=16), nullable=False),
        sa.Column("litres", sa.Float(), nullable=False),
        sa.Column("max_kg", sa.Float(), nullable=False),
        sa.Column("temperature", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_no", "number", name=op.f("pk_compartments")),
    )
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=True),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_order_id_at"), ["order_id", "at"], unique=False)

    op.create_table(
        "fence_changes",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("fence_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_fence_changes")),
    )
    op.create_table(
        "fence_events",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("fence_id", sa.String(length=64), nullable=False),
        sa.Column("fence_version", sa.Integer(), nullable=False),
        sa.Column("set_version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("is_border_uncertain", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fence_events")),
        sa.UniqueConstraint(
            "vehicle_no",
            "fence_id",
            "fence_version",
            "kind",
            "seq",
            name=op.f("uq_fence_events_vehicle_no_fence_id_fence_version_kind_seq"),
        ),
    )
    with op.batch_alter_table("fence_events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_fence_events_fence_id_measured_at"), ["fence_id", "measured_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_fence_events_vehicle_no_measured_at"), ["vehicle_no", "measured_at"], unique=False
        )

    op.create_table(
        "fence_versions",
        sa.Column("fence_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=True),
        sa.Column("operator", sa.String(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by", sa.String(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.String(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("fence_id", "version", name=op.f("pk_fence_versions")),
    )
    with op.batch_alter_table("fence_versions", schema=None) as batch_op:
        batch_op.create_index("ix_fence_versions_state_effective_at", ["state", "effective_at"], unique=False)

    op.create_table(
        "idempotency_keys",
        sa.Column("principal_key", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal_key", "idempotency_key", name=op.f("pk_idempotency_keys")),
    )
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_keys_at"), ["at"], unique=False)

    op.create_table(
        "inbox",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("report_seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("aside_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("vehicle_no", "report_seq", name=op.f("uq_inbox_vehicle_no_report_seq")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_inbox_unhandled",
            ["id"],
            unique=False,
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        )

    op.create_table(
        "insurances",
        sa.Column("policy_no", sa.String(length=64), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("insurer", sa.String(length=120), nullable=False),
        sa.Column("liability_amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("policy_no", name=op.f("pk_insurances")),
    )
    with op.batch_alter_table("insurances", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_insurances_valid_to"), ["valid_to"], unique=False)
        batch_op.create_index(batch_op.f("ix_insurances_vehicle_no"), ["vehicle_no"], unique=False)

    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "machine_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("vehicles", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine_keys")),
    )
    with op.batch_alter_table("machine_keys", schema=None) as batch_op:
        batch_op.create_index("ix_machine_keys_revoked_at", ["revoked_at"], unique=False)

    op.create_table(
        "makers",
        sa.Column("maker_id", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("maker_id", name=op.f("pk_makers")),
    )
    op.create_table(
        "merchants",
        sa.Column("merchant_id", sa.String(length=64), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("open_hours", sa.String(length=16), nullable=False),
        sa.Column("time_zone", sa.String(length=40), nullable=False),
        sa.Column("accepts_itself", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_merchants")),
    )
    with op.batch_alter_table("merchants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_merchants_district"), ["district"], unique=False)

    op.create_table(
        "operators",
        sa.Column("operator_id", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("telephone", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", name=op.f("pk_operators")),
    )
    op.create_table(
        "order_events",
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "version", name=op.f("pk_order_events")),
    )
    op.create_table(
        "order_links",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("resident_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_order_links_token_hash")),
    )
    with op.batch_alter_table("order_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_links_order_id"), ["order_id"], unique=False)

    op.create_table(
        "orders",
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("resident_id", sa.String(length=40), nullable=False),
        sa.Column("merchant_id", sa.String(length=64), nullable=False),
        sa.Column("pickup_point_id", sa.String(length=64), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.Integer(), nullable=False),
        sa.Column("parcel", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promised_p50_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promised_p90_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("task_id", sa.String(length=40), nullable=True),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=True),
        sa.Column("compartment", sa.Integer(), nullable=True),
        sa.Column("eta_pickup_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("eta_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("collect_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_orders")),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_orders_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_orders_merchant_id_placed_at"), ["merchant_id", "placed_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_orders_placed_at"), ["placed_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_orders_resident_id_placed_at"), ["resident_id", "placed_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_orders_state_district"), ["state", "district"], unique=False)

    op.create_table(
        "outbox",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("aside_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_sent_at", ["sent_at"], unique=False)
        batch_op.create_index(
            "ix_outbox_waiting",
            ["id"],
            unique=False,
            sqlite_where=sa.text("sent_at IS NULL AND aside_reason IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND aside_reason IS NULL"),
        )

    op.create_table(
        "permits",
        sa.Column("permit_no", sa.String(length=64), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("areas", sa.Text(), nullable=False),
        sa.Column("windows", sa.Text(), nullable=False),
        sa.Column("weather", sa.Text(), nullable=False),
        sa.Column("speed_limit_mps", sa.Float(), nullable=False),
        sa.Column("road_classes", sa.Text(), nullable=False),
        sa.Column("hardware_model", sa.String(length=64), nullable=True),
        sa.Column("software_version", sa.String(length=32), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("permit_no", name=op.f("pk_permits")),
    )
    with op.batch_alter_table("permits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_permits_valid_to"), ["valid_to"], unique=False)
        batch_op.create_index(batch_op.f("ix_permits_vehicle_no"), ["vehicle_no"], unique=False)

    op.create_table(
        "pickup_codes",
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Text(), nullable=False),
        sa.Column("is_dead", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_pickup_codes")),
    )
    op.create_table(
        "pickup_points",
        sa.Column("pickup_point_id", sa.String(length=64), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("compound_zh", sa.String(length=120), nullable=False),
        sa.Column("compound_en", sa.String(length=120), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("wait_s", sa.Float(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pickup_point_id", name=op.f("pk_pickup_points")),
    )
    with op.batch_alter_table("pickup_points", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pickup_points_district"), ["district"], unique=False)

    op.create_table(
        "places",
        sa.Column("place_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("place_id", name=op.f("pk_places")),
    )
    with op.batch_alter_table("places", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_places_district_kind"), ["district", "kind"], unique=False)

    op.create_table(
        "resident_codes",
        sa.Column("phone_index", sa.String(length=64), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phone_index", name=op.f("pk_resident_codes")),
    )
    op.create_table(
        "residents",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("phone_index", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_residents")),
        sa.UniqueConstraint("phone_index", name=op.f("uq_residents_phone_index")),
    )
    op.create_table(
        "shifts",
        sa.Column("shift_id", sa.String(length=40), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=True),
        sa.Column("districts", sa.Text(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shift_id", name=op.f("pk_shifts")),
    )
    with op.batch_alter_table("shifts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_shifts_staff_id_signed_in_at"), ["staff_id", "signed_in_at"], unique=False
        )
        batch_op.create_index(
            "uq_shifts_one_per_person",
            ["staff_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'signed_off'"),
            postgresql_where=sa.text("state <> 'signed_off'"),
        )

    op.create_table(
        "sign_in_throttles",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_throttles")),
    )
    with op.batch_alter_table("sign_in_throttles", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_throttles_since", ["since"], unique=False)

    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=False),
        sa.Column("totp_last_counter", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=True),
        sa.Column("operator", sa.String(length=64), nullable=True),
        sa.Column("districts", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_username")),
    )
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_report_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_tasks")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tasks_state_district"), ["state", "district"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_tasks_vehicle_no_created_at"), ["vehicle_no", "created_at"], unique=False
        )
        batch_op.create_index(
            "uq_tasks_one_active_per_vehicle",
            ["vehicle_no"],
            unique=True,
            sqlite_where=sa.text("state IN ('assigned', 'executing', 'needs_person')"),
            postgresql_where=sa.text("state IN ('assigned', 'executing', 'needs_person')"),
        )

    op.create_table(
        "vehicle_codes",
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("vehicle_no", sa.BigInteger(), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_by", sa.String(length=24), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_vehicle_codes")),
    )
    with op.batch_alter_table("vehicle_codes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_vehicle_codes_district_service_serial"),
            ["district", "service", "serial"],
            unique=True,
        )
        batch_op.create_index(
            "uq_vehicle_codes_one_living_per_vehicle",
            ["vehicle_no"],
            unique=True,
            sqlite_where=sa.text("status != 'revoked'"),
            postgresql_where=sa.text("status != 'revoked'"),
        )

    op.create_table(
        "vehicles",
        sa.Column("vehicle_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=24), nullable=True),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("district", sa.String(length=8), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("maker", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("maker_serial", sa.String(length=64), nullable=False),
        sa.Column("hardware_model", sa.String(length=64), nullable=False),
        sa.Column("software_version", sa.String(length=32), nullable=True),
        sa.Column("link_profile", sa.String(length=32), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("lifecycle", sa.String(length=16), nullable=False),
        sa.Column("duty", sa.String(length=16), nullable=False),
        sa.Column("stop_epoch", sa.BigInteger(), nullable=False),
        sa.Column("is_held_by_stop", sa.Boolean(), nullable=False),
        sa.Column("is_scene_held", sa.Boolean(), nullable=False),
        sa.Column("link_loss_wanted", sa.Integer(), nullable=False),
        sa.Column("link_loss_held", sa.Integer(), nullable=False),
        sa.Column("open_safety_work_orders", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_no", name=op.f("pk_vehicles")),
        sa.UniqueConstraint("code", name=op.f("uq_vehicles_code")),
        sa.UniqueConstraint("device_id", name=op.f("uq_vehicles_device_id")),
    )
    with op.batch_alter_table("vehicles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vehicles_changed_at"), ["changed_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_vehicles_district_service"), ["district", "service"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_vehicles_duty"), ["duty"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_vehicles_maker_maker_serial"), ["maker", "maker_serial"], unique=True
        )

    op.create_table(
        "audit_pending",
        sa.Column("entry_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["audit_entries.id"], name=op.f("fk_audit_pending_entry_id_audit_entries")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_pending")),
    )
    op.create_table(
        "audit_seals",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.String(length=36), nullable=False),
        sa.Column("entry_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["audit_entries.id"], name=op.f("fk_audit_seals_entry_id_audit_entries")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_seals_entry_id")),
    )
    with op.batch_alter_table("audit_seals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_seals_sealed_at"), ["sealed_at"], unique=False)

    op.create_table(
        "goods",
        sa.Column("goods_id", sa.String(length=64), nullable=False),
        sa.Column("merchant_id", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("mass_g", sa.Float(), nullable=False),
        sa.Column("litres", sa.Float(), nullable=False),
        sa.Column("temperature", sa.String(length=16), nullable=False),
        sa.Column("ready_s", sa.Float(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("is_on_sale", sa.Boolean(), nullable=False),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_goods_stock_not_negative")),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.merchant_id"], name=op.f("fk_goods_merchant_id_merchants")
        ),
        sa.PrimaryKeyConstraint("goods_id", name=op.f("pk_goods")),
    )
    with op.batch_alter_table("goods", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_goods_merchant_id"), ["merchant_id"], unique=False)

    op.create_table(
        "link_sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["order_links.id"], name=op.f("fk_link_sessions_subject_id_order_links")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_sessions_token_hash")),
    )
    with op.batch_alter_table("link_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_sessions_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "resident_sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["residents.id"], name=op.f("fk_resident_sessions_subject_id_residents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resident_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_resident_sessions_token_hash")),
    )
    with op.batch_alter_table("resident_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_resident_sessions_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["staff.id"], name=op.f("fk_staff_sessions_subject_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
    )
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_sessions_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "stops",
        sa.Column("stop_id", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("place_id", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False),
        sa.Column("wait_s", sa.Float(), nullable=False),
        sa.Column("orders", sa.Text(), nullable=False),
        sa.Column("eta_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.task_id"], name=op.f("fk_stops_task_id_tasks")),
        sa.PrimaryKeyConstraint("stop_id", name=op.f("pk_stops")),
    )
    with op.batch_alter_table("stops", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stops_task_id"), ["task_id"], unique=False)
    for table in KEPT:
        for statement in append_only(table.name, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("stops", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stops_task_id"))

    op.drop_table("stops")
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_sessions_subject_id"))

    op.drop_table("staff_sessions")
    with op.batch_alter_table("resident_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_resident_sessions_subject_id"))

    op.drop_table("resident_sessions")
    with op.batch_alter_table("link_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_sessions_subject_id"))

    op.drop_table("link_sessions")
    with op.batch_alter_table("goods", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_goods_merchant_id"))

    op.drop_table("goods")
    with op.batch_alter_table("audit_seals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_seals_sealed_at"))

    op.drop_table("audit_seals")
    op.drop_table("audit_pending")
    with op.batch_alter_table("vehicles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vehicles_maker_maker_serial"))
        batch_op.drop_index(batch_op.f("ix_vehicles_duty"))
        batch_op.drop_index(batch_op.f("ix_vehicles_district_service"))
        batch_op.drop_index(batch_op.f("ix_vehicles_changed_at"))

    op.drop_table("vehicles")
    with op.batch_alter_table("vehicle_codes", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_vehicle_codes_one_living_per_vehicle",
            sqlite_where=sa.text("status != 'revoked'"),
            postgresql_where=sa.text("status != 'revoked'"),
        )
        batch_op.drop_index(batch_op.f("ix_vehicle_codes_district_service_serial"))

    op.drop_table("vehicle_codes")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_tasks_one_active_per_vehicle",
            sqlite_where=sa.text("state IN ('assigned', 'executing', 'needs_person')"),
            postgresql_where=sa.text("state IN ('assigned', 'executing', 'needs_person')"),
        )
        batch_op.drop_index(batch_op.f("ix_tasks_vehicle_no_created_at"))
        batch_op.drop_index(batch_op.f("ix_tasks_state_district"))

    op.drop_table("tasks")
    op.drop_table("staff")
    with op.batch_alter_table("sign_in_throttles", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_throttles_since")

    op.drop_table("sign_in_throttles")
    with op.batch_alter_table("shifts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_shifts_one_per_person",
            sqlite_where=sa.text("state <> 'signed_off'"),
            postgresql_where=sa.text("state <> 'signed_off'"),
        )
        batch_op.drop_index(batch_op.f("ix_shifts_staff_id_signed_in_at"))

    op.drop_table("shifts")
    op.drop_table("residents")
    op.drop_table("resident_codes")
    with op.batch_alter_table("places", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_places_district_kind"))

    op.drop_table("places")
    with op.batch_alter_table("pickup_points", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pickup_points_district"))

    op.drop_table("pickup_points")
    op.drop_table("pickup_codes")
    with op.batch_alter_table("permits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_permits_vehicle_no"))
        batch_op.drop_index(batch_op.f("ix_permits_valid_to"))

    op.drop_table("permits")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_waiting",
            sqlite_where=sa.text("sent_at IS NULL AND aside_reason IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND aside_reason IS NULL"),
        )
        batch_op.drop_index("ix_outbox_sent_at")

    op.drop_table("outbox")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_orders_state_district"))
        batch_op.drop_index(batch_op.f("ix_orders_resident_id_placed_at"))
        batch_op.drop_index(batch_op.f("ix_orders_placed_at"))
        batch_op.drop_index(batch_op.f("ix_orders_merchant_id_placed_at"))
        batch_op.drop_index(batch_op.f("ix_orders_closed_at"))

    op.drop_table("orders")
    with op.batch_alter_table("order_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_links_order_id"))

    op.drop_table("order_links")
    op.drop_table("order_events")
    op.drop_table("operators")
    with op.batch_alter_table("merchants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_merchants_district"))

    op.drop_table("merchants")
    op.drop_table("makers")
    with op.batch_alter_table("machine_keys", schema=None) as batch_op:
        batch_op.drop_index("ix_machine_keys_revoked_at")

    op.drop_table("machine_keys")
    op.drop_table("leases")
    with op.batch_alter_table("insurances", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_insurances_vehicle_no"))
        batch_op.drop_index(batch_op.f("ix_insurances_valid_to"))

    op.drop_table("insurances")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_inbox_unhandled",
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        )

    op.drop_table("inbox")
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_keys_at"))

    op.drop_table("idempotency_keys")
    with op.batch_alter_table("fence_versions", schema=None) as batch_op:
        batch_op.drop_index("ix_fence_versions_state_effective_at")

    op.drop_table("fence_versions")
    with op.batch_alter_table("fence_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_fence_events_vehicle_no_measured_at"))
        batch_op.drop_index(batch_op.f("ix_fence_events_fence_id_measured_at"))

    op.drop_table("fence_events")
    op.drop_table("fence_changes")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decisions_order_id_at"))

    op.drop_table("decisions")
    op.drop_table("compartments")
    with op.batch_alter_table("commands", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_commands_vehicle_no_issued_at"))
        batch_op.drop_index(batch_op.f("ix_commands_task_id"))
        batch_op.drop_index(
            "ix_commands_open",
            sqlite_where=sa.text("state IN ('acknowledged', 'queued', 'sent')"),
            postgresql_where=sa.text("state IN ('acknowledged', 'queued', 'sent')"),
        )

    op.drop_table("commands")
    op.drop_table("cities")
    with op.batch_alter_table("bindings", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_bindings_one_operator_per_vehicle",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_bindings_vehicle_no_bound_at"))
        batch_op.drop_index(batch_op.f("ix_bindings_staff_id_bound_at"))

    op.drop_table("bindings")
    op.drop_table("audit_heads")
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entries_object"))
        batch_op.drop_index(batch_op.f("ix_audit_entries_at"))
        batch_op.drop_index(batch_op.f("ix_audit_entries_action"))

    op.drop_table("audit_entries")
    op.drop_table("api_tokens")
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_alarms_one_standing_per_cause",
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_alarms_vehicle_no_raised_at"))
        batch_op.drop_index(
            "ix_alarms_standing_of_vehicle",
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_alarms_not_closed",
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        )
        batch_op.drop_index(batch_op.f("ix_alarms_district_raised_at"))
        batch_op.drop_index(batch_op.f("ix_alarms_dedup_key_cleared_at"))

    op.drop_table("alarms")
