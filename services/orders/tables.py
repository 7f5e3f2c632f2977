"""SQL tables of orders and of what happened to each."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from core.database import metadata
from core.database.types import JsonStruct, UtcDateTime
from services.delivery.compartments import Parcel
from services.orders.lines import OrderLine

orders = Table(
    "orders",
    metadata,
    Column("order_id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("district", String(8), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("resident_id", String(40), nullable=False),
    Column("merchant_id", String(64), nullable=False),
    Column("pickup_point_id", String(64), nullable=False),
    Column("lines", JsonStruct(tuple[OrderLine, ...]), nullable=False),
    Column("fee_fen", Integer, nullable=False),
    Column("total_fen", Integer, nullable=False),
    Column("parcel", JsonStruct(Parcel), nullable=False),
    Column("note", Text, nullable=False),
    Column("extra_wait_s", Float, nullable=False, server_default="0"),
    Column("first_wait_s", Float),
    Column("second_wait_s", Float, nullable=False, server_default="300"),
    Column("placed_by", String(80), nullable=False, server_default=""),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("promised_p50_at", UtcDateTime, nullable=False),
    Column("promised_p90_at", UtcDateTime, nullable=False),
    Column("ready_at", UtcDateTime),
    Column("accepted_at", UtcDateTime),
    Column("task_id", String(40)),
    Column("vehicle_no", BigInteger),
    Column("compartment", Integer),
    Column("eta_pickup_at", UtcDateTime),
    Column("eta_at", UtcDateTime),
    Column("loaded_at", UtcDateTime),
    Column("arrived_at", UtcDateTime),
    Column("collect_by", UtcDateTime),
    Column("reminded_at", UtcDateTime),
    Column("flow_version", Integer, nullable=False, server_default="0"),
    Column("opened_by", String(24), nullable=False, server_default=""),
    Column("opened_how", String(8)),
    Column("closed_at", UtcDateTime),
    Column("reason", String(64), nullable=False),
    Index(None, "state", "district"),
    Index(None, "resident_id", "placed_at"),
    Index(None, "merchant_id", "placed_at"),
    Index(None, "placed_at"),
    Index(None, "closed_at"),
)
order_events = Table(
    "order_events",
    metadata,
    Column("order_id", String(40), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("event", String(40), nullable=False),
    Column("from_state", String(20)),
    Column("to_state", String(20), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("vehicle_no", BigInteger),
    Column("detail", JsonStruct(dict[str, object]), nullable=False),
)
