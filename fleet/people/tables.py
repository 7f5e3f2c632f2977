"""SQL tables of remote operators' shifts and of which operator watches which vehicle."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from fleet.people.duty import ShiftState

shifts = Table(
    "shifts",
    metadata,
    Column("shift_id", String(40), primary_key=True),
    Column("staff_id", String(40), nullable=False),
    Column("name", String(128), nullable=False),
    Column("operator", String(64)),
    Column("districts", JsonStruct(frozenset[str] | None)),
    Column("capacity", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("signed_in_at", UtcDateTime, nullable=False),
    Column("heard_at", UtcDateTime, nullable=False),
    Column("signed_off_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    Index(None, "staff_id", "signed_in_at"),
)
_not_over = text(f"state <> '{ShiftState.SIGNED_OFF.value}'")
Index(
    "uq_shifts_one_per_person",
    shifts.c.staff_id,
    unique=True,
    sqlite_where=_not_over,
    postgresql_where=_not_over,
)

bindings = Table(
    "bindings",
    metadata,
    Column("binding_id", String(40), primary_key=True),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("staff_id", String(40), nullable=False),
    Column("shift_id", String(40), nullable=False),
    Column("bound_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("end_reason", String(32)),
    Index(None, "staff_id", "bound_at"),
    Index(None, "vehicle_no", "bound_at"),
)
Index(
    "uq_bindings_one_operator_per_vehicle",
    bindings.c.vehicle_no,
    unique=True,
    sqlite_where=bindings.c.ended_at.is_(None),
    postgresql_where=bindings.c.ended_at.is_(None),
)
"""Who watched which vehicle when is evidence and is kept."""
