"""What people were told, as staff see it: never a text, a code or a whole phone number."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.ids import ResidentId
from core.privacy.masks import mask_phone
from dashboard.cursors import write_cursor
from services.notices.notice import Notice
from services.notices.store import ChannelCost


class NoticeView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One notice by one channel; `orderId` is null for what is about no order."""

    notice_id: str
    subject: str
    order_id: str | None
    occasion: str
    channel: str
    state: str
    language: str
    phone: str
    district: str
    wanted_at: datetime
    due_at: datetime
    sent_at: datetime | None
    closed_at: datetime | None
    tries: int
    cost_fen: int
    trouble: str


class NoticePage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of notices, newest first; `nextCursor` is null on the last one."""

    items: tuple[NoticeView, ...]
    next_cursor: str | None = None


class ChannelCostView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one channel did and cost since the day began."""

    channel: str
    sent: int
    delivered: int
    undelivered: int
    given_up: int
    not_needed: int
    cost_fen: int


class NoticeCosts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Every channel since the day began, and all of them together."""

    since: datetime
    channels: tuple[ChannelCostView, ...]
    cost_fen: int


def notice_page(notices: Sequence[Notice], phones: Mapping[ResidentId, str], limit: int) -> NoticePage:
    """Return a page of at most `limit` of the notices, which are one more when there is a next page."""
    shown, more = notices[:limit], len(notices) > limit
    cursor = write_cursor((shown[-1].wanted_at, shown[-1].notice_id)) if more else None
    return NoticePage(items=tuple(_view(one, phones) for one in shown), next_cursor=cursor)


def notice_costs(costs: Sequence[ChannelCost], since: datetime) -> NoticeCosts:
    """Return what channels did and cost."""
    views = tuple(
        ChannelCostView(**msgspec.structs.asdict(cost) | {"channel": cost.channel.value}) for cost in costs
    )
    return NoticeCosts(since=since, channels=views, cost_fen=sum(view.cost_fen for view in views))


def _view(notice: Notice, phones: Mapping[ResidentId, str]) -> NoticeView:
    told = {"order_id", "occasion", "channel", "state", "phone"}
    kind, _, about = notice.subject.partition(":")
    phone = phones.get(notice.resident_id)
    return NoticeView(
        **{name: getattr(notice, name) for name in NoticeView.__struct_fields__ if name not in told},
        order_id=about if kind == "order" else None,
        occasion=notice.occasion.value,
        channel=notice.channel.value,
        state=notice.state.value,
        phone="" if phone is None else mask_phone(phone),
    )
