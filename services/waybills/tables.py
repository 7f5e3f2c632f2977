"""SQL table of waybills."""

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from services.delivery.compartments import Parcel

waybills = Table(
    "waybills",
    metadata,
    Column("waybill_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("merchant_id", String(64), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("number", String(40), nullable=False),
    Column("resident_id", String(40), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("parcel", JsonStruct(Parcel), nullable=False),
    Column("offered_at", UtcDateTime, nullable=False),
    Column("answer_by", UtcDateTime, nullable=False),
    Column("slot_at", UtcDateTime),
    Column("pickup_point_id", String(64)),
    Column("order_id", String(40)),
    Column("reason", String(40), nullable=False),
    Column("closed_at", UtcDateTime),
    UniqueConstraint("merchant_id", "number"),
    Index(None, "state", "answer_by"),
)
"""The token of the recipient's link is drawn anew from a key whenever it is sent; only its hash is kept."""
