"""An order on somebody's behalf, as the person at the hotline types it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.ids import GoodsId, MerchantId, PickupPointId
from services.notices.wishes import MOST_EXTRA_WAIT_S, ReachedBy
from services.orders.draft import MOST_LINES, MOST_OF_ONE, Draft, DraftLine

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
    note: Annotated[str, Meta(max_length=200)] = ""


def hotline_draft(data: HotlineOrder) -> Draft:
    """Return what is wanted in the domain's words."""
    return Draft(
        merchant_id=MerchantId(data.merchant_id),
        pickup_point_id=PickupPointId(data.pickup_point_id),
        lines=tuple(DraftLine(goods_id=GoodsId(one.goods_id), quantity=one.quantity) for one in data.lines),
        note=data.note,
    )
