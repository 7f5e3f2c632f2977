"""An order on somebody's behalf, as the person at the hotline types it."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.ids import GoodsId, MerchantId, OrderId, PickupPointId, ResidentId
from core.privacy.masks import mask_phone
from services.notices.wishes import MOST_EXTRA_WAIT_S, USUAL_QUIET_HOURS, ReachedBy, Wishes
from services.orders.draft import MOST_LINES, MOST_OF_ONE, Draft, DraftLine
from services.orders.order import Order
from services.vending.sales.sale import VendingSale

Id = Annotated[str, Meta(min_length=1, max_length=64)]


class HotlineLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """So many pieces of one kind of goods."""

    goods_id: Id
    quantity: Annotated[int, Meta(ge=1, le=MOST_OF_ONE)]


class HotlineOrder(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who it is for and how she is reached; what she wants, from whom, to where."""

    phone: Annotated[str, Meta(min_length=1, max_length=32)]
    merchant_id: Id
    pickup_point_id: Id
    lines: Annotated[tuple[HotlineLine, ...], Meta(min_length=1, max_length=MOST_LINES)]
    reached_by: ReachedBy = ReachedBy.VOICE
    language: Literal["zh", "en"] = "zh"
    extra_wait_s: Annotated[float, Meta(ge=0, le=MOST_EXTRA_WAIT_S)] = 0.0
    consent: Literal["spoken"]
    """She agreed on the telephone that this is ordered in her name; without it nothing is."""
    note: Annotated[str, Meta(max_length=200)] = ""


def hotline_draft(data: HotlineOrder) -> Draft:
    """Return what is wanted in the domain's words."""
    return Draft(
        merchant_id=MerchantId(data.merchant_id),
        pickup_point_id=PickupPointId(data.pickup_point_id),
        lines=tuple(DraftLine(goods_id=GoodsId(one.goods_id), quantity=one.quantity) for one in data.lines),
        note=data.note,
    )


Phone = Annotated[str, Meta(min_length=1, max_length=32)]


class Caller(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who calls: her phone, and nothing more."""

    phone: Phone


class CallerWishes(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How somebody wants to be reached; ``voice`` calls where others get a text, and reads her the code."""

    phone: Phone
    reached_by: ReachedBy
    language: Literal["zh", "en"] = "zh"
    extra_wait_s: Annotated[float, Meta(ge=0, le=MOST_EXTRA_WAIT_S)] = 0.0
    quiet_hours: Annotated[str, Meta(max_length=11)] = USUAL_QUIET_HOURS
    consent: Literal["spoken"]
    """She agreed on the telephone that this is kept."""


class CallerView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is kept of a caller, her phone masked; ``isKnown`` false: nobody with this phone has been here."""

    phone_masked: str
    is_known: bool
    reached_by: str
    language: str
    extra_wait_s: float
    quiet_hours: str
    orders: tuple[str, ...]
    """Her open orders within the reader's reach, the newest first."""
    asked: tuple[str, ...]
    """Those of them of which something is missing and her answer is awaited."""
    sales: tuple[str, ...]
    """What is held for her at vending vehicles, bought by telephone, likewise."""


def caller_view(
    phone: str,
    wishes: Wishes | None,
    orders: Sequence[Order] = (),
    asked: Sequence[OrderId] = (),
    sales: Sequence[VendingSale] = (),
) -> CallerView:
    """Return what is kept of a caller; None are the usual wishes of somebody who is not known."""
    said = wishes or Wishes(resident_id=ResidentId(""))
    return CallerView(
        phone_masked=mask_phone(phone),
        is_known=wishes is not None,
        reached_by=said.reached_by.value,
        language=said.language,
        extra_wait_s=said.extra_wait_s,
        quiet_hours=said.quiet_hours,
        orders=tuple(order.order_id for order in orders),
        asked=tuple(asked),
        sales=tuple(sale.sale_id for sale in sales),
    )
