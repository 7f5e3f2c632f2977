"""SQL tables of vending: planograms, lots, the ledger and the stock that it adds up to."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

from core.database import metadata
from core.database.types import UtcDateTime

vending_slots = Table(
    "vending_slots",
    metadata,
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("goods_id", String(64), nullable=False),
    Column("name_zh", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("price_fen", Integer, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("temperature", String(16), nullable=False),
)
vending_lots = Table(
    "vending_lots",
    metadata,
    Column("lot_id", String(110), primary_key=True),
    Column("operator", String(64), nullable=False),
    Column("goods_id", String(64), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("temperature", String(16), nullable=False),
    Column("recalled_at", UtcDateTime),
    Column("recall_reason", String(200), nullable=False),
)
vending_stock = Table(
    "vending_stock",
    metadata,
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("lot_id", ForeignKey("vending_lots.lot_id"), primary_key=True),
    Column("shelf", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    CheckConstraint("shelf >= 0", name="shelf_not_negative"),
    CheckConstraint("held >= 0", name="held_not_negative"),
    Index(None, "lot_id"),
)
vending_movements = Table(
    "vending_movements",
    metadata,
    Column("cause", String(200), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("vehicle_no", BigInteger, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("lot_id", String(110), nullable=False),
    Column("goods_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("shelf", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("price_fen", Integer, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "vehicle_no", "at"),
    Index(None, "at"),
)
