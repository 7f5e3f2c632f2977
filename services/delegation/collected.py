"""Who collected an order and how the door was opened for him, as it stands with the order. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from services.delegation.delegate import Delegate
from services.orders.order import Order
from services.orders.states import OrderState


class Collector(StrEnum):
    """Who took the goods out."""

    CUSTOMER = "customer"
    """The recipient, or whoever had her code or a link from her."""
    DELEGATE = "delegate"
    """Whom she named, with a code of her own."""
    STAFF = "staff"
    """Nobody asked on a page: the operator's staff opened the door from afar."""
    CREW = "crew"
    """The field crew opened it at the vehicle."""
    MERCHANT = "merchant"
    """People of the shop opened it at the vehicle."""
    SOMEBODY = "somebody"
    """The vehicle does not say, or names a code that the order never had."""


class OpenedHow(StrEnum):
    """How the door was opened."""

    PAGE = "page"
    LINK = "link"
    """The page of a link that the recipient gave away."""
    KEYPAD = "keypad"
    HAND = "hand"
    """By a person at the vehicle, without a code."""
    REMOTE = "remote"


COLLECTOR_NAMES: Mapping[Collector, tuple[str, str]] = MappingProxyType(
    {
        Collector.CUSTOMER: ("收件人", "the recipient"),
        Collector.DELEGATE: ("代取人", "a delegate"),
        Collector.STAFF: ("运营人员代开门", "staff opened for somebody"),
        Collector.CREW: ("现场人员", "field crew"),
        Collector.MERCHANT: ("商户人员", "people of the shop"),
        Collector.SOMEBODY: ("身份不明", "not known"),
    }
)
"""(zh, en) of everybody who may have collected."""
HOW_NAMES: Mapping[OpenedHow, tuple[str, str]] = MappingProxyType(
    {
        OpenedHow.PAGE: ("手机页面开门", "on the phone page"),
        OpenedHow.LINK: ("分享链接开门", "by a shared link"),
        OpenedHow.KEYPAD: ("车上键盘输码", "by the vehicle's keypad"),
        OpenedHow.HAND: ("现场手动开门", "by hand at the vehicle"),
        OpenedHow.REMOTE: ("远程开门", "from afar"),
    }
)
"""(zh, en) of every way."""


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """Who collected, how and when. ``how`` None: nobody kept it. ``delegate`` is who she was."""

    by: Collector
    how: OpenedHow | None
    at: datetime | None
    delegate: Delegate | None = None


def collected_of(order: Order, delegates: Iterable[Delegate]) -> Collected | None:
    """Return who collected a delivered order; None for one that was not. A delegate nobody named any more
    is ``somebody``."""
    if order.state is not OrderState.DELIVERED:
        return None
    who, _, number = (order.opened_by or Collector.SOMEBODY.value).partition(":")
    by, delegate = Collector(who), None
    if by is Collector.DELEGATE:
        delegate = next((one for one in delegates if str(one.number) == number), None)
        by = by if delegate is not None else Collector.SOMEBODY
    how = None if order.opened_how is None else OpenedHow(order.opened_how)
    return Collected(by=by, how=how, at=order.closed_at, delegate=delegate)
