"""SQL table of commands: one row each, from queued to its end."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, text

from core.database import metadata
from core.database.types import UtcDateTime
from fleet.commands.kinds import OPEN_STATES

commands = Table(
    "commands",
    metadata,
    Column("command_id", String(40), primary_key=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("state", String(16), nullable=False),
    Column("requester", String(64), nullable=False),
    Column("requester_name", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("task_id", String(40), index=True),
    Column("epoch", BigInteger, nullable=False),
    Column("stop_epoch", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("acknowledged_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("detail", Text, nullable=False),
    Column("late_answer", Text),
    Column("version", Integer, nullable=False),
    Index(None, "vehicle_no", "issued_at"),
)
_open = text("state IN ({})".format(", ".join(f"'{state.value}'" for state in sorted(OPEN_STATES))))
Index("ix_commands_open", commands.c.vehicle_no, sqlite_where=_open, postgresql_where=_open)
