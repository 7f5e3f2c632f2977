"""Merchants, goods and pickup points as the phone page reads them."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from services.delivery.catalogue import MOST_STOCK, Goods, Merchant, PickupPoint
from services.delivery.compartments import Temperature
from services.merchants.catalogue_csv import (
    MOST_LITRES,
    MOST_MASS_G,
    MOST_NAME_CHARS,
    MOST_PREPARE_MIN,
    MOST_PRICE_FEN,
    MOST_ROWS,
)
from services.merchants.desk import Desk, standing_of
from services.orders.lines import line_of

MOST_FILE_CHARS = 200_000
"""A thousand rows of two hundred characters; a body is not read past 256 KiB anyway."""


class MerchantView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A merchant that takes orders; ``openHours`` are today's in the city's own time, "" is shut all day.

    ``standing`` says why it takes none now: closed, paused (``pauseReason``, ``pausedUntil`` null: nobody
    said until when), licence_missing, licence_expired. ``busyExtraS`` is what preparing takes longer now.
    """

    merchant_id: str
    district: str
    kind: str
    name_zh: str
    name_en: str
    open_hours: str
    is_open: bool
    standing: str
    pause_reason: str | None
    paused_until: datetime | None
    busy_extra_s: float
    is_synthetic: bool


class GoodsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing on the shelf; ``stock`` 0 is sold out, ``readyS`` is how long it takes to prepare.

    Of weighed goods ``priceFen`` is for a kilogram; ``mostFen`` is the most that a piece costs.
    """

    goods_id: str
    name_zh: str
    name_en: str
    price_fen: int
    stock: int
    temperature: str
    ready_s: float
    is_weighed: bool
    most_fen: int


class ShelfGoods(Struct, frozen=True, kw_only=True, rename="camel"):
    """Goods as their merchant reads them; ``stock`` stays while ``isSoldOut`` keeps them from sale."""

    goods_id: str
    name_zh: str
    name_en: str
    price_fen: int
    stock: int
    is_sold_out: bool
    temperature: str
    ready_s: float
    category: str
    is_weighed: bool


class Counted(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How many pieces are on the shelf."""

    stock: Annotated[int, Meta(ge=0, le=MOST_STOCK)]


class CatalogueGoods(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Goods as their merchant writes them; ``code`` is the merchant's own and the key, ``stock`` null leaves
    the shelf."""

    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    name_zh: Annotated[str, Meta(min_length=1, max_length=MOST_NAME_CHARS)]
    name_en: Annotated[str, Meta(max_length=MOST_NAME_CHARS)] = ""
    price_fen: Annotated[int, Meta(ge=0, le=MOST_PRICE_FEN)]
    mass_g: Annotated[float, Meta(ge=1, le=MOST_MASS_G)]
    litres: Annotated[float, Meta(ge=0.01, le=MOST_LITRES)]
    temperature: Temperature = Temperature.AMBIENT
    ready_s: Annotated[float, Meta(ge=0, le=60 * MOST_PREPARE_MIN)] = 0.0
    stock: Annotated[int, Meta(ge=0, le=MOST_STOCK)] | None = None
    is_on_sale: bool = True
    category: Annotated[str, Meta(max_length=40)] = ""
    is_weighed: bool = False


class CatalogueBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Many goods at once: all are taken or none."""

    goods: Annotated[tuple[CatalogueGoods, ...], Meta(min_length=1, max_length=MOST_ROWS)]


class CatalogueFile(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A CSV file with a header; the columns are those that the export writes."""

    csv: Annotated[str, Meta(min_length=1, max_length=MOST_FILE_CHARS)]


class CatalogueWritten(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many goods were new, changed, and already so."""

    created: int
    updated: int
    unchanged: int


class PickupPointView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A point where a vehicle waits ``waitS`` city seconds for the recipient."""

    pickup_point_id: str
    district: str
    kind: str
    name_zh: str
    name_en: str
    compound_zh: str
    compound_en: str
    lat: float
    lng: float
    wait_s: float
    is_synthetic: bool


def merchant_view(merchant: Merchant, desk: Desk, *, at: datetime) -> MerchantView:
    """Return a merchant as it is at a moment."""
    stands = standing_of(merchant, desk, at)
    return MerchantView(
        merchant_id=merchant.merchant_id,
        district=merchant.district,
        kind=merchant.kind,
        name_zh=merchant.name_zh,
        name_en=merchant.name_en,
        open_hours=stands.open_hours,
        is_open=stands.takes_orders,
        standing=stands.standing.value,
        pause_reason=None if stands.pause_reason is None else stands.pause_reason.value,
        paused_until=stands.until,
        busy_extra_s=stands.extra_s,
        is_synthetic=merchant.is_synthetic,
    )


def goods_view(thing: Goods) -> GoodsView:
    """Return goods as they stand on the shelf."""
    return GoodsView(
        goods_id=thing.goods_id,
        name_zh=thing.name_zh,
        name_en=thing.name_en,
        price_fen=thing.price_fen,
        stock=thing.left,
        temperature=thing.temperature.value,
        ready_s=thing.ready_s,
        is_weighed=thing.is_weighed,
        most_fen=line_of(thing, 1).fen,
    )


def shelf_goods(thing: Goods) -> ShelfGoods:
    """Return goods to their merchant."""
    return ShelfGoods(
        goods_id=thing.goods_id,
        name_zh=thing.name_zh,
        name_en=thing.name_en,
        price_fen=thing.price_fen,
        stock=thing.stock,
        is_sold_out=thing.is_sold_out,
        temperature=thing.temperature.value,
        ready_s=thing.ready_s,
        category=thing.category,
        is_weighed=thing.is_weighed,
    )


def pickup_point_view(point: PickupPoint) -> PickupPointView:
    """Return a pickup point."""
    return PickupPointView(
        pickup_point_id=point.pickup_point_id,
        district=point.district,
        kind=point.kind.value,
        name_zh=point.name_zh,
        name_en=point.name_en,
        compound_zh=point.compound_zh,
        compound_en=point.compound_en,
        lat=point.lat,
        lng=point.lng,
        wait_s=point.wait_s,
        is_synthetic=point.is_synthetic,
    )
