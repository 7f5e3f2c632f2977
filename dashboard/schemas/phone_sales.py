"""Purchases at vending vehicles for people on the telephone, as the hotline types and reads them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.ids import VehicleNo
from dashboard.schemas.hotline import Phone
from services.settlement.entry import SaleId
from services.settlement.terms import PaidBy
from services.vending.planogram import MOST_SLOTS
from services.vending.sales.reserve_goods import MOST_AT_ONCE
from services.vending.sales.sale import VendingSale
from services.vending.sales.sale_code import SaleCode


class PhonePurchase(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who it is for and how she hears her code; so many pieces of one slot of the vehicle with this code."""

    phone: Phone
    vehicle_code: Annotated[str, Meta(min_length=1, max_length=32)]
    slot: Annotated[int, Meta(ge=1, le=MOST_SLOTS)]
    quantity: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)]
    paid_by: PaidBy = PaidBy.AT_PICKUP
    reached_by: Literal["sms", "voice"] = "voice"
    language: Literal["zh", "en"] = "zh"
    consent: Literal["spoken"]
    """She agreed on the telephone that this is bought in her name; without it nothing is."""


class PhoneSale(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A purchase made by telephone, never whose. ``sold`` pieces cost ``soldFen`` once they were taken.

    ``canRefresh``: another code may be sent; ``isCodeLocked``: the one she has opens nothing any more.
    """

    sale_id: str
    version: int
    state: str
    district: str
    vehicle_no: int
    vehicle_code: str | None
    slot: int
    goods_id: str
    name_zh: str
    name_en: str
    quantity: int
    price_fen: int
    held_fen: int
    sold: int | None
    sold_fen: int
    paid_by: str
    placed_by: str
    reserved_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    reason: str
    code_generation: int
    is_code_locked: bool
    can_refresh: bool
    can_cancel: bool


def phone_sales(
    sales: Sequence[VendingSale], codes: Mapping[SaleId, SaleCode], vehicles: Mapping[VehicleNo, str | None]
) -> list[PhoneSale]:
    """Return purchases by telephone; each has a code."""
    return [_view(sale, codes[sale.sale_id], vehicles.get(sale.vehicle_no)) for sale in sales]


def _view(sale: VendingSale, code: SaleCode, vehicle_code: str | None) -> PhoneSale:
    return PhoneSale(
        sale_id=sale.sale_id,
        version=sale.version,
        state=sale.state.value,
        district=sale.district,
        vehicle_no=int(sale.vehicle_no),
        vehicle_code=vehicle_code,
        slot=sale.slot,
        goods_id=sale.goods_id,
        name_zh=sale.name_zh,
        name_en=sale.name_en,
        quantity=sale.quantity,
        price_fen=sale.price_fen,
        held_fen=sale.held_fen,
        sold=sale.sold,
        sold_fen=sale.sold_fen,
        paid_by=sale.paid_by.value,
        placed_by=(sale.placed_by or "").removeprefix("staff:"),
        reserved_at=sale.reserved_at,
        expires_at=sale.expires_at,
        closed_at=sale.closed_at,
        reason=sale.reason,
        code_generation=code.generation,
        is_code_locked=code.code.is_locked,
        can_refresh=sale.is_reserved and code.code.can_refresh,
        can_cancel=sale.is_reserved,
    )
