"""Waybills as a station pushes and sees them, and as their recipients answer them."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.ids import ResidentId
from core.privacy.masks import mask_phone
from services.waybills.answer_waybill import Offer
from services.waybills.waybill import Waybill, WaybillState
from services.waybills.waybill_csv import MOST_ROWS

Size = Annotated[float, Meta(ge=-1_000_000, le=1_000_000)]
"""Of any row; which sizes a parcel may have is told row by row."""
Token = Annotated[str, Meta(min_length=1, max_length=200)]


class WaybillBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One parcel: the station's own number, who it is for, how large it is."""

    number: Annotated[str, Meta(max_length=200)]
    phone: Annotated[str, Meta(max_length=200)]
    litres: Size
    mass_kg: Size


class PushWaybills(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Parcels that came to the station."""

    waybills: Annotated[tuple[WaybillBody, ...], Meta(min_length=1, max_length=MOST_ROWS)]


class WaybillFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The same as CSV: number, phone, litres, mass_kg."""

    csv: Annotated[str, Meta(min_length=1, max_length=200_000)]


class WaybillsPushed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many were new; their recipients are asked."""

    created: int


class StationWaybill(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A parcel as its station sees it; the phone is masked."""

    waybill_id: str
    number: str
    state: str
    phone: str
    litres: float
    mass_kg: float
    offered_at: datetime
    answer_by: datetime
    slot_at: datetime | None
    order_id: str | None
    reason: str


class OpenWaybill(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The token of the link that the recipient was sent."""

    token: Token


class ChooseSlot(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """When and where the parcel is wanted."""

    token: Token
    slot_at: datetime
    pickup_point_id: Annotated[str, Meta(min_length=1, max_length=64)]


class PointChoice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A pickup point that may be chosen."""

    pickup_point_id: str
    name_zh: str
    name_en: str
    compound_zh: str
    compound_en: str


class WaybillOffer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A parcel as its recipient sees it, with what may be chosen; `orderToken` opens its order."""

    number: str
    state: str
    station_zh: str
    station_en: str
    answer_by: datetime
    slot_h: int
    slots: tuple[datetime, ...]
    points: tuple[PointChoice, ...]
    slot_at: datetime | None
    pickup_point_id: str | None
    order_id: str | None
    order_token: str | None = None


def rows_of(data: PushWaybills) -> list[dict[str, Any]]:
    """Return the parcels as rows."""
    return [msgspec.structs.asdict(each) for each in data.waybills]


def station_waybill(waybill: Waybill, phones: dict[ResidentId, str]) -> StationWaybill:
    """Return a parcel as its station sees it."""
    phone = phones.get(waybill.resident_id)
    return StationWaybill(
        waybill_id=waybill.waybill_id,
        number=waybill.number,
        state=waybill.state.value,
        phone="" if phone is None else mask_phone(phone),
        litres=waybill.parcel.litres,
        mass_kg=waybill.parcel.mass_kg,
        offered_at=waybill.offered_at,
        answer_by=waybill.answer_by,
        slot_at=waybill.slot_at,
        order_id=waybill.order_id,
        reason=waybill.reason,
    )


def waybill_offer(offer: Offer, *, slot_h: int, order_token: str | None = None) -> WaybillOffer:
    """Return a parcel as its recipient sees it; what can be chosen no more is left out."""
    waybill = offer.waybill
    is_open = waybill.state in (WaybillState.OFFERED, WaybillState.CHOSEN)
    return WaybillOffer(
        number=waybill.number,
        state=waybill.state.value,
        station_zh=offer.merchant.name_zh,
        station_en=offer.merchant.name_en,
        answer_by=waybill.answer_by,
        slot_h=slot_h,
        slots=offer.slots if is_open else (),
        points=tuple(
            PointChoice(
                pickup_point_id=point.pickup_point_id,
                name_zh=point.name_zh,
                name_en=point.name_en,
                compound_zh=point.compound_zh,
                compound_en=point.compound_en,
            )
            for point in offer.points
            if is_open or point.pickup_point_id == waybill.pickup_point_id
        ),
        slot_at=waybill.slot_at,
        pickup_point_id=waybill.pickup_point_id,
        order_id=waybill.order_id,
        order_token=order_token,
    )
