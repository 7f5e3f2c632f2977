"""Merchants, what they sell, and the points where goods are collected."""

from enum import StrEnum

import msgspec

from core.ids import DistrictCode, GoodsId, MerchantId, PickupPointId
from services.delivery.compartments import Temperature

MOST_STOCK = 100_000
"""Most pieces of one kind of goods on a shelf: more is a slip of the finger."""


class PickupPointKind(StrEnum):
    """How near to the door a pickup point is."""

    GATE = "gate"
    LAST_50M = "last_50m"
    PUBLIC = "public"


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who hands goods to vehicles at (lat, lng), WGS 84.

    ``kind`` is a word of the city's data (supermarket, restaurant, parcel_station, pharmacy …). With
    ``accepts_itself`` an order is accepted the moment it is placed; otherwise the merchant answers.
    """

    merchant_id: MerchantId
    district: DistrictCode
    kind: str
    name_zh: str
    name_en: str
    lat: float
    lng: float
    open_hours: str = "00:00-24:00"
    time_zone: str = "Asia/Shanghai"
    accepts_itself: bool = False
    needs_food_licence: bool = False
    """Whether it may take orders only with a food licence that is good (services.merchants.desk)."""
    is_active: bool = True
    is_synthetic: bool = False


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a merchant sells. ``stock`` counts what may still be sold; ``ready_s`` is city
    seconds to prepare.

    ``category`` is a word of the city's data that decides what may be sold unattended; ``is_edited`` says
    that the merchant changed it, so that a load of the city leaves it alone.
    """

    goods_id: GoodsId
    merchant_id: MerchantId
    name_zh: str
    name_en: str
    price_fen: int
    mass_g: float
    litres: float
    temperature: Temperature = Temperature.AMBIENT
    ready_s: float = 0.0
    stock: int = 0
    is_on_sale: bool = True
    category: str = ""
    is_sold_out: bool = False
    """Said by the merchant with one tap; the count of the shelf is kept for when it is back."""
    is_edited: bool = False
    is_weighed: bool = False
    """Sold by the kilogram: ``price_fen`` is for one, ``mass_g`` what a piece usually weighs."""

    @property
    def left(self) -> int:
        """Return how many pieces may be ordered now."""
        return 0 if self.is_sold_out else self.stock


class PickupPoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a vehicle stands and a recipient collects. ``wait_s`` is how long it waits there, city
    seconds."""

    pickup_point_id: PickupPointId
    district: DistrictCode
    kind: PickupPointKind = PickupPointKind.GATE
    name_zh: str
    name_en: str
    compound_zh: str = ""
    compound_en: str = ""
    lat: float
    lng: float
    wait_s: float = 600.0
    is_active: bool = True
    is_synthetic: bool = False
