"""Vending vehicles nearby, calls and purchases as the phone page reads and writes them."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from core.ids import VehicleCode
from geofences.datum import gcj02_to_wgs84
from services.settlement.terms import PaidBy
from services.vending.calls.call import VendingCall
from services.vending.calls.choose_stop import StopOption
from services.vending.planogram import MOST_SLOTS
from services.vending.sales.reserve_goods import MOST_AT_ONCE
from services.vending.sales.sale import VendingSale

Lat = Annotated[float, Meta(ge=-90, le=90)]
Lng = Annotated[float, Meta(ge=-180, le=180)]
type Datum = Literal["wgs84", "gcj02"]


class CallBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Where somebody wants a vending vehicle: degrees, in a district.

    ``datum``: what a browser says is WGS-84; a phone's map SDK in China says GCJ-02, 500 m away in Ordos.
    """

    district: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
    lat: Lat
    lng: Lng
    datum: Datum = "wgs84"


def in_wgs84(where: CallBody) -> CallBody:
    """Return the same place in the datum that the city keeps."""
    if where.datum == "wgs84":
        return where
    lat, lng = gcj02_to_wgs84(where.lat, where.lng)
    return msgspec.structs.replace(where, lat=float(lat), lng=float(lng), datum="wgs84")


class PurchaseBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """So many pieces of one slot of the vehicle with this code, and how they are paid."""

    vehicle_code: Annotated[str, Meta(min_length=1, max_length=32)]
    slot: Annotated[int, Meta(ge=1, le=MOST_SLOTS)]
    quantity: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)]
    paid_by: PaidBy = PaidBy.AT_PICKUP


class NearbyGoods(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a slot has left to sell."""

    slot: int
    goods_id: str
    name_zh: str
    name_en: str
    price_fen: int
    temperature: str
    left: int


class NearbyVehicle(Struct, frozen=True, kw_only=True, rename="camel"):
    """A vending vehicle with goods. ``lat`` and ``lng`` are rough while it drives.

    ``canBuy``: it stands and sells now, else ``whyNot`` says why not (driving, charging). ``placeZh`` names
    the stop it stands at, ``leavesAt`` until when.
    """

    vehicle_code: str
    lat: float
    lng: float
    distance_m: float
    can_buy: bool
    why_not: str
    place_zh: str
    place_en: str
    leaves_at: datetime | None
    goods: tuple[NearbyGoods, ...]


class StopOptionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A stop as a call weighs it: ``costM`` is metres to walk and what a stop of one's own counts.

    ``waiting`` neighbours called there already; ``refused`` says which rule forbids it, "" for none.
    """

    place_id: str
    name_zh: str
    name_en: str
    walk_m: float
    waiting: int
    cost_m: float
    refused: str


class CallView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A call. ``neighbours`` others called to the same stop; ``stops`` are those that were weighed."""

    call_id: str
    version: int
    state: str
    place_zh: str
    place_en: str
    lat: float
    lng: float
    walk_m: float
    neighbours: int
    vehicle_code: str | None
    placed_at: datetime
    expires_at: datetime
    eta_at: datetime | None
    arrived_at: datetime | None
    leaves_at: datetime | None
    closed_at: datetime | None
    reason: str
    can_cancel: bool
    stops: tuple[StopOptionView, ...]


class SaleView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A purchase; ``sold`` pieces cost ``soldFen`` once the vehicle said what was taken."""

    sale_id: str
    version: int
    state: str
    vehicle_code: str | None
    slot: int
    goods_id: str
    name_zh: str
    name_en: str
    price_fen: int
    quantity: int
    sold: int | None
    sold_fen: int
    paid_by: str
    reserved_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    reason: str
    can_open: bool
    can_cancel: bool


class VendingAround(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is near somebody: vehicles with goods, the stops a call would weigh (``chosen`` is the one it
    would get, null for none), her open call and her open purchases.

    ``refusedCall`` is her last call when it was declined or found no vehicle within a quarter of an hour,
    ``recentSales`` what she bought or gave back within one, the newest first.
    """

    vehicles: tuple[NearbyVehicle, ...]
    stops: tuple[StopOptionView, ...]
    chosen: str | None
    call: CallView | None
    refused_call: CallView | None
    sales: tuple[SaleView, ...]
    recent_sales: tuple[SaleView, ...]


def stop_view(option: StopOption) -> StopOptionView:
    """Return a stop as it was weighed."""
    return StopOptionView(
        place_id=option.place_id,
        name_zh=option.name_zh,
        name_en=option.name_en,
        walk_m=option.walk_m,
        waiting=option.waiting,
        cost_m=option.cost_m,
        refused=option.refused,
    )


def call_view(call: VendingCall, *, neighbours: int, code: VehicleCode | str | None) -> CallView:
    """Return a call as its page shows it."""
    return CallView(
        call_id=call.call_id,
        version=call.version,
        state=call.state.value,
        place_zh=call.name_zh,
        place_en=call.name_en,
        lat=call.lat,
        lng=call.lng,
        walk_m=call.walk_m,
        neighbours=neighbours,
        vehicle_code=code,
        placed_at=call.placed_at,
        expires_at=call.expires_at,
        eta_at=call.eta_at,
        arrived_at=call.arrived_at,
        leaves_at=call.leaves_at,
        closed_at=call.closed_at,
        reason=call.reason,
        can_cancel=call.is_open and call.arrived_at is None,
        stops=tuple(stop_view(option) for option in call.options),
    )


def sale_view(sale: VendingSale, *, code: VehicleCode | str | None) -> SaleView:
    """Return a purchase as its page shows it."""
    return SaleView(
        sale_id=sale.sale_id,
        version=sale.version,
        state=sale.state.value,
        vehicle_code=code,
        slot=sale.slot,
        goods_id=sale.goods_id,
        name_zh=sale.name_zh,
        name_en=sale.name_en,
        price_fen=sale.price_fen,
        quantity=sale.quantity,
        sold=sale.sold,
        sold_fen=sale.sold_fen,
        paid_by=sale.paid_by.value,
        reserved_at=sale.reserved_at,
        expires_at=sale.expires_at,
        closed_at=sale.closed_at,
        reason=sale.reason,
        can_open=sale.is_reserved,
        can_cancel=sale.is_reserved,
    )
