"""The words of notices: channels, occasions, states with the one table, and their names."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec


class Channel(StrEnum):
    """How a notice reaches somebody."""

    PAGE = "page"
    """Shown on the order's page; costs nothing and is received when somebody looks at it."""
    SMS = "sms"
    VOICE = "voice"
    WECHAT = "wechat"
    """A template message to somebody who bound his WeChat."""


class Occasion(StrEnum):
    """Why somebody is told something."""

    PLACED = "placed"
    """Somebody ordered on the recipient's behalf."""
    SUBSTITUTE = "substitute"
    """The shop lacks something and waits for an answer."""
    ARRIVED = "arrived"
    DELEGATED = "delegated"
    """Somebody may collect in the recipient's place; she gets a code of her own."""
    COLLECT = "collect"
    """The vehicle stands there and waits for the delegate too."""
    REMINDER = "reminder"
    DELAYED = "delayed"
    MISSED = "missed"
    """The vehicle left with the goods on board."""
    MOVED = "moved"
    """The vehicle waits a second time, at another point."""
    RETURNED = "returned"
    """The goods are back at the shop, and the money too."""
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    WAYBILL = "waybill"
    """A parcel station has something: slot and point may be chosen."""
    COUNTER = "counter"
    """A parcel waits at the counter of its station."""
    RESERVED = "reserved"
    """Goods of a vending vehicle are held for her; she gets the code of their slot."""
    RELEASED = "released"
    """They are held no longer."""


class NoticeState(StrEnum):
    """How one notice by one channel stands."""

    WAITING = "waiting"
    SENT = "sent"
    """A provider took it; its receipt is awaited."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    """The receipt says that it reached nobody."""
    GIVEN_UP = "given_up"
    """No provider took it."""
    NOT_NEEDED = "not_needed"
    """Somebody reacted before it was sent."""


class NoticeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a notice; the subclass is the kind."""


class Taken(NoticeEvent, frozen=True, kw_only=True):
    """A provider took it."""

    reference: str = ""
    """What the provider calls it."""
    cost_fen: int = 0


class ReceiptCame(NoticeEvent, frozen=True, kw_only=True):
    """The provider, or the page, says that it arrived."""

    cost_fen: int | None = None
    """What it really cost, when the provider says so."""


class ReceiptFailed(NoticeEvent, frozen=True, kw_only=True):
    """The provider says that it reached nobody."""

    trouble: str = ""
    cost_fen: int | None = None


class Refused(NoticeEvent, frozen=True, kw_only=True):
    """Nobody takes it: the provider refused, there is no number, or all tries failed."""

    trouble: str


class StoodDown(NoticeEvent, frozen=True, kw_only=True):
    """It is not needed any more."""


S = NoticeState
TRANSITIONS: Mapping[tuple[NoticeState, type[NoticeEvent]], NoticeState] = MappingProxyType(
    {
        (S.WAITING, Taken): S.SENT,
        (S.WAITING, Refused): S.GIVEN_UP,
        (S.WAITING, StoodDown): S.NOT_NEEDED,
        # the receipt may overtake the mark of a sender that died between sending and marking
        (S.WAITING, ReceiptCame): S.DELIVERED,
        (S.WAITING, ReceiptFailed): S.UNDELIVERED,
        (S.SENT, ReceiptCame): S.DELIVERED,
        (S.SENT, ReceiptFailed): S.UNDELIVERED,
        (S.UNDELIVERED, ReceiptCame): S.DELIVERED,
    }
)
TERMINAL: frozenset[NoticeState] = frozenset({S.DELIVERED, S.GIVEN_UP, S.NOT_NEEDED})
CHANNEL_NAMES: Mapping[Channel, tuple[str, str]] = MappingProxyType(
    {
        Channel.PAGE: ("页面提示", "on the page"),
        Channel.SMS: ("短信", "text message"),
        Channel.VOICE: ("语音电话", "voice call"),
        Channel.WECHAT: ("微信模板消息", "WeChat message"),
    }
)
"""(zh, en) of every channel."""
OCCASION_NAMES: Mapping[Occasion, tuple[str, str]] = MappingProxyType(
    {
        Occasion.PLACED: ("代下单", "ordered for her"),
        Occasion.SUBSTITUTE: ("缺货待答复", "missing goods"),
        Occasion.ARRIVED: ("已到达", "arrived"),
        Occasion.DELEGATED: ("代取码", "may collect"),
        Occasion.COLLECT: ("请代取", "to be collected for her"),
        Occasion.REMINDER: ("催取", "reminder"),
        Occasion.DELAYED: ("延误", "late"),
        Occasion.MISSED: ("未取件", "not collected"),
        Occasion.MOVED: ("二次等候", "waits elsewhere"),
        Occasion.RETURNED: ("已退回", "returned"),
        Occasion.CANCELLED: ("已取消", "cancelled"),
        Occasion.DELIVERED: ("已签收", "delivered"),
        Occasion.WAYBILL: ("包裹待选", "parcel to choose for"),
        Occasion.COUNTER: ("柜台自取", "at the counter"),
        Occasion.RESERVED: ("代预留", "reserved for her"),
        Occasion.RELEASED: ("预留失效", "held no longer"),
    }
)
"""(zh, en) of every occasion."""
STATE_NAMES: Mapping[NoticeState, tuple[str, str]] = MappingProxyType(
    {
        S.WAITING: ("待发送", "to be sent"),
        S.SENT: ("已发送", "sent"),
        S.DELIVERED: ("已送达", "received"),
        S.UNDELIVERED: ("未送达", "reached nobody"),
        S.GIVEN_UP: ("放弃", "given up"),
        S.NOT_NEEDED: ("不再需要", "not needed"),
    }
)
"""(zh, en) of every state."""
