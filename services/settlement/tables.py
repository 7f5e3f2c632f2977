"""SQL tables of the ledger. Entries and postings are only ever added: the store itself refuses the rest."""

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    event,
)

from core.audit.tables import append_only
from core.database import metadata
from core.database.types import UtcDateTime

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", String(120), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("owner", String(80), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("turns", Integer, nullable=False, server_default="0"),
    Index(None, "kind", "owner"),
)
"""``turns`` counts who looked at a balance before he spent from it: that row is his until he commits."""
journal_entries = Table(
    "journal_entries",
    metadata,
    Column("entry_no", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("cause", String(120), nullable=False, unique=True),
    Column("source", String(12), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("operator", String(64), nullable=False),
    Column("district", String(8), nullable=False),
    Column("order_id", String(40)),
    Column("sale_id", String(40)),
    Column("vehicle_no", BigInteger),
    Column("carrier", String(64)),
    Column("actor", String(80), nullable=False),
    Column("note", String(200), nullable=False),
    Index(None, "order_id"),
    Index(None, "sale_id"),
    Index(None, "vehicle_no", "at"),
    Index(None, "at"),
)
postings = Table(
    "postings",
    metadata,
    Column("entry_no", ForeignKey("journal_entries.entry_no"), primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("from_account", ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("to_account", ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    CheckConstraint("amount_fen > 0", name="amount_above_zero"),
    CheckConstraint("from_account <> to_account", name="two_accounts"),
)
agreed_terms = Table(
    "agreed_terms",
    metadata,
    Column("operator", String(64), primary_key=True),
    Column("merchant_id", String(64), primary_key=True),
    Column("from_at", UtcDateTime, primary_key=True),
    Column("agreed_at", UtcDateTime, primary_key=True),
    Column("platform_fee_bp", Integer, nullable=False),
    Column("subsidy_fen", Integer, nullable=False),
    Column("keeps_fee_when_missed", Boolean, nullable=False),
    Column("agreed_by", String(80), nullable=False),
    Column("reason", String(200), nullable=False),
)
"""Of those from one moment the last agreed count."""
order_terms = Table(
    "order_terms",
    metadata,
    Column("order_id", String(40), primary_key=True),
    Column("paid_by", String(12), nullable=False),
    Column("platform_fee_bp", Integer, nullable=False),
    Column("subsidy_fen", Integer, nullable=False),
    Column("keeps_fee_when_missed", Boolean, nullable=False),
)

statements = Table(
    "statements",
    metadata,
    Column("statement_id", String(150), primary_key=True),
    Column("operator", String(64), nullable=False),
    Column("merchant_id", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("opening_fen", BigInteger, nullable=False),
    Column("closing_fen", BigInteger, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("closed_at", UtcDateTime, nullable=False),
    UniqueConstraint("operator", "merchant_id", "number"),
    UniqueConstraint("operator", "merchant_id", "day"),
    Index(None, "day"),
)
statement_lines = Table(
    "statement_lines",
    metadata,
    Column(
        "entry_no",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("statement_id", ForeignKey("statements.statement_id"), nullable=False, index=True),
    Column("amount_fen", BigInteger, nullable=False),
    Column("is_late", Boolean, nullable=False),
    ForeignKeyConstraint(["entry_no", "line"], ["postings.entry_no", "postings.line"]),
)
"""A posting stands on one statement: its identity is the key."""
statement_days = Table(
    "statement_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("closed_at", UtcDateTime, nullable=False),
)
"""Local days whose statements are all there."""

cost_rates = Table(
    "cost_rates",
    metadata,
    Column("operator", String(64), primary_key=True),
    Column("from_at", UtcDateTime, primary_key=True),
    Column("energy_fen_per_kwh", Integer, nullable=False),
    Column("operator_fen_per_hour", Integer, nullable=False),
    Column("crew_fen_per_hour", Integer, nullable=False),
    Column("vehicle_fen_per_day", Integer, nullable=False),
    Column("agreed_by", String(80), nullable=False),
)
subsidy_claims = Table(
    "subsidy_claims",
    metadata,
    Column("claim_id", String(80), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("operator", String(64), nullable=False, index=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("total_fen", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String(80), nullable=False),
    Column("reason", String(200), nullable=False),
)
subsidy_claim_rows = Table(
    "subsidy_claim_rows",
    metadata,
    Column("order_id", String(40), primary_key=True),
    Column("claim_id", String(80), nullable=False, index=True),
    Column("entry_no", BigInteger, nullable=False),
    Column("vehicle_no", BigInteger),
    Column("day", Date, nullable=False),
    Column("district", String(8), nullable=False),
    Column("merchant_id", String(64), nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("loaded_at", UtcDateTime),
    Column("arrived_at", UtcDateTime),
    Column("delivered_at", UtcDateTime, nullable=False),
    Column("route_m", Float),
    Column("amount_fen", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
)
"""An order is claimed once, ever: it is the key."""
subsidy_left_out = Table(
    "subsidy_left_out",
    metadata,
    Column("order_id", ForeignKey("subsidy_claim_rows.order_id"), primary_key=True),
    Column("claim_id", String(80), nullable=False),
    Column("from_version", Integer, nullable=False),
)
clearings = Table(
    "clearings",
    metadata,
    Column("clearing_id", String(40), primary_key=True),
    Column("first", String(64), nullable=False, index=True),
    Column("second", String(64), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("net_fen", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("closed_at", UtcDateTime, nullable=False),
    UniqueConstraint("first", "second", "number"),
    UniqueConstraint("first", "second", "day"),
)
clearing_rows = Table(
    "clearing_rows",
    metadata,
    Column(
        "entry_no",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("clearing_id", ForeignKey("clearings.clearing_id"), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("debtor", String(64), nullable=False),
    Column("creditor", String(64), nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("order_id", String(40)),
    Column("sale_id", String(40)),
    ForeignKeyConstraint(["entry_no", "line"], ["postings.entry_no", "postings.line"]),
)
"""A part of a posting stands on one clearing: its identity is the key."""
clearing_steps = Table(
    "clearing_steps",
    metadata,
    Column("clearing_id", ForeignKey("clearings.clearing_id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("event", String(24), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("operator", String(64), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("reference", String(80), nullable=False),
    Column("reason", String(200), nullable=False),
)
"""What was said of a clearing; of two who say it at the same moment the key refuses one."""
clearing_marks = Table(
    "clearing_marks",
    metadata,
    Column("day", Date, primary_key=True),
    Column("upto_entry_no", BigInteger, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("marked_at", UtcDateTime, nullable=False),
)
"""How far the journal had come when a day was to be cleared. ``marked_at`` is wall time."""
clearing_days = Table(
    "clearing_days",
    metadata,
    Column("day", ForeignKey("clearing_marks.day"), primary_key=True),
    Column("closed_at", UtcDateTime, nullable=False),
)
"""Local days whose clearings are all there."""

CLAIMED = (cost_rates, subsidy_claims, subsidy_claim_rows, subsidy_left_out)
CLEARED = (clearings, clearing_rows, clearing_steps)
KEPT = (journal_entries, postings, statements, statement_lines, agreed_terms, *CLAIMED, *CLEARED)
"""Tables whose rows the database itself refuses to change; a migration runs append_only for each."""

for _table in KEPT:
    for _dialect in ("sqlite", "postgresql"):
        for _statement in append_only(_table.name, _dialect):
            refusal = DDL(_statement)  # type: ignore[no-untyped-call]
            event.listen(_table, "after_create", refusal.execute_if(dialect=_dialect))
