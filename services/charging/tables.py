"""SQL tables of chargers and their reservations."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, text

from core.database import metadata
from core.database.types import UtcDateTime
from services.charging.charger import HOLDS_SLOT, RESERVATION_TERMINAL, ReservationState

chargers = Table(
    "chargers",
    metadata,
    Column("place_id", String(64), primary_key=True),
    Column("district", String(8), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("slots", Integer, nullable=False),
    Column("power_w", Float, nullable=False),
    Column("swap_s", Float, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Index(None, "district"),
)

charger_reservations = Table(
    "charger_reservations",
    metadata,
    Column("reservation_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("place_id", String(64), nullable=False),
    Column("slot", Integer),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("district", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reach_m", Float, nullable=False),
    Column("task_id", String(40)),
    Column("preheat_s", Float, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("given_at", UtcDateTime),
    Column("arrived_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("risen_ratio", Float),
    Column("risen_at", UtcDateTime),
    Column("reason", String(64), nullable=False),
    Index(None, "district", "state"),
    Index(None, "task_id"),
)


def _states(states: frozenset[ReservationState]) -> str:
    return ", ".join(f"'{state.value}'" for state in sorted(states))


_holds = text(f"state IN ({_states(HOLDS_SLOT)})")
_lives = text(f"state IN ({_states(frozenset(ReservationState) - RESERVATION_TERMINAL)})")
Index(
    "uq_charger_reservations_one_vehicle_a_slot",
    charger_reservations.c.place_id,
    charger_reservations.c.slot,
    unique=True,
    sqlite_where=_holds,
    postgresql_where=_holds,
)
"""A slot never holds two vehicles, whatever the choice forgot."""
Index(
    "uq_charger_reservations_one_a_vehicle",
    charger_reservations.c.vehicle_no,
    unique=True,
    sqlite_where=_lives,
    postgresql_where=_lives,
)
