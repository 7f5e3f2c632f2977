"""SQL tables of merchants, goods, pickup points, compartments and pickup codes."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    false,
)

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from core.privacy.encrypted import encrypted

merchants = Table(
    "merchants",
    metadata,
    Column("merchant_id", String(64), primary_key=True),
    Column("district", String(8), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("name_zh", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("lat", Float, nullable=False),
    Column("lng", Float, nullable=False),
    Column("open_hours", String(16), nullable=False),
    Column("time_zone", String(40), nullable=False),
    Column("accepts_itself", Boolean, nullable=False),
    Column("needs_food_licence", Boolean, nullable=False, server_default=false()),
    Column("is_active", Boolean, nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
)
goods = Table(
    "goods",
    metadata,
    Column("goods_id", String(64), primary_key=True),
    Column("merchant_id", ForeignKey("merchants.merchant_id"), nullable=False, index=True),
    Column("name_zh", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("price_fen", Integer, nullable=False),
    Column("mass_g", Float, nullable=False),
    Column("litres", Float, nullable=False),
    Column("temperature", String(16), nullable=False),
    Column("ready_s", Float, nullable=False),
    Column("stock", Integer, nullable=False),
    Column("is_on_sale", Boolean, nullable=False),
    Column("category", String(40), nullable=False, server_default=""),
    Column("is_sold_out", Boolean, nullable=False, server_default=false()),
    Column("is_edited", Boolean, nullable=False, server_default=false()),
    Column("is_weighed", Boolean, nullable=False, server_default=false()),
    CheckConstraint("stock >= 0", name="stock_not_negative"),
)
forbidden_goods = Table(
    "forbidden_goods",
    metadata,
    Column("category", String(40), primary_key=True),
    Column("name_zh", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("reason_zh", String(240), nullable=False),
    Column("reason_en", String(240), nullable=False),
    Column("words", JsonStruct(tuple[str, ...]), nullable=False),
)
"""What the city lets nobody sell without a person there; written anew by every load of the city."""
pickup_points = Table(
    "pickup_points",
    metadata,
    Column("pickup_point_id", String(64), primary_key=True),
    Column("district", String(8), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("name_zh", String(120), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("compound_zh", String(120), nullable=False),
    Column("compound_en", String(120), nullable=False),
    Column("lat", Float, nullable=False),
    Column("lng", Float, nullable=False),
    Column("wait_s", Float, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("is_synthetic", Boolean, nullable=False),
)
wait_rules = Table(
    "wait_rules",
    metadata,
    Column("district", String(8), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("first_s", Float),
    Column("second_s", Float, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("staff_id", String(40), nullable=False),
    Column("by_name", String(120), nullable=False),
    Column("reason", String(500), nullable=False),
)
"""How long vehicles of a district wait for recipients; only added to, an order keeps its own."""
compartments = Table(
    "compartments",
    metadata,
    Column("vehicle_no", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("label", String(16), nullable=False),
    Column("litres", Float, nullable=False),
    Column("max_kg", Float, nullable=False),
    Column("temperature", String(16), nullable=False),
)
pickup_codes = Table(
    "pickup_codes",
    metadata,
    Column("order_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("secret", encrypted("pickup_codes.secret"), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("tries", JsonStruct(dict[int, int]), nullable=False),
    Column("is_dead", Boolean, nullable=False),
    Column("opened_at", UtcDateTime),
)
