"""What a merchant's desk says at a moment: whether the shop takes orders, and if not, why and until when."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec

from core.errors import Conflict
from core.ids import MerchantId
from services.delivery.catalogue import Merchant
from services.delivery.opening_hours import opens_today, read_hours, runs_past_midnight

CLOSED_ALL_DAY = ""
"""Opening hours of a day on which a shop stays shut."""


class Standing(StrEnum):
    """Whether a shop takes new orders now, and what keeps it from doing so."""

    OPEN = "open"
    CLOSED = "closed"
    PAUSED = "paused"
    LICENCE_MISSING = "licence_missing"
    LICENCE_EXPIRED = "licence_expired"


STANDING_NAMES: Mapping[Standing, tuple[str, str]] = MappingProxyType(
    {
        Standing.OPEN: ("营业中", "open"),
        Standing.CLOSED: ("休息中", "closed"),
        Standing.PAUSED: ("暂停接单", "paused"),
        Standing.LICENCE_MISSING: ("未登记食品经营许可证", "no food licence on record"),
        Standing.LICENCE_EXPIRED: ("食品经营许可证已过期", "food licence expired"),
    }
)
"""(zh, en) of every standing."""


class PauseReason(StrEnum):
    """Why a shop takes no new orders for a while."""

    BREAK = "break"
    TOO_MANY_ORDERS = "too_many_orders"
    SHORT_STAFFED = "short_staffed"
    EQUIPMENT = "equipment"
    OUT_OF_GOODS = "out_of_goods"
    OTHER = "other"


PAUSE_NAMES: Mapping[PauseReason, tuple[str, str]] = MappingProxyType(
    {
        PauseReason.BREAK: ("店员休息", "the shop takes a break"),
        PauseReason.TOO_MANY_ORDERS: ("订单太多", "too many orders at once"),
        PauseReason.SHORT_STAFFED: ("人手不足", "short of staff"),
        PauseReason.EQUIPMENT: ("设备故障", "equipment is broken"),
        PauseReason.OUT_OF_GOODS: ("货品售罄", "out of goods"),
        PauseReason.OTHER: ("其他原因", "another reason"),
    }
)
"""(zh, en) of every reason."""


class DayHours(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of one local day in place of the usual ones; ``CLOSED_ALL_DAY`` is shut."""

    day: date
    open_hours: str


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What people of the shop and its operator have said. Times are aware UTC.

    ``paused_until`` None with ``paused_at`` set means until it is resumed. ``busy_extra_s`` is added to the
    preparation time until ``busy_until``. ``licence_expires_on`` is the last day the food licence is good
    for, in the shop's time zone.
    """

    merchant_id: MerchantId
    version: int = 0
    paused_at: datetime | None = None
    paused_until: datetime | None = None
    pause_reason: PauseReason | None = None
    busy_until: datetime | None = None
    busy_extra_s: float = 0.0
    licence_number: str = ""
    licence_expires_on: date | None = None
    days: tuple[DayHours, ...] = ()

    def is_paused(self, at: datetime) -> bool:
        """Return whether the shop takes no new orders at a moment because somebody said so."""
        return self.paused_at is not None and (self.paused_until is None or at < self.paused_until)

    def extra_s(self, at: datetime) -> float:
        """Return the city seconds that busy mode adds to preparing at a moment."""
        return self.busy_extra_s if self.busy_until is not None and at < self.busy_until else 0.0


class ShopStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How a shop stands at a moment. ``until`` is when a pause ends, None when nobody said.

    ``open_hours`` are those of the local day, ``CLOSED_ALL_DAY`` when it is shut; ``extra_s`` is what busy
    mode adds to preparing.
    """

    standing: Standing
    open_hours: str
    pause_reason: PauseReason | None = None
    until: datetime | None = None
    extra_s: float = 0.0

    @property
    def takes_orders(self) -> bool:
        """True when a resident may order now."""
        return self.standing is Standing.OPEN


def standing_of(merchant: Merchant, desk: Desk, at: datetime) -> ShopStanding:
    """Return how the shop stands; the licence decides before a pause, a pause before the hours."""
    hours = hours_on(merchant, desk, at.astimezone(ZoneInfo(merchant.time_zone)).date())
    gate = licence_gate(merchant, desk, at)
    if gate is not None:
        return ShopStanding(standing=gate, open_hours=hours)
    if desk.is_paused(at):
        return ShopStanding(
            standing=Standing.PAUSED,
            open_hours=hours,
            pause_reason=desk.pause_reason,
            until=desk.paused_until,
        )
    standing = Standing.OPEN if is_open_at(merchant, desk, at) else Standing.CLOSED
    return ShopStanding(standing=standing, open_hours=hours, extra_s=desk.extra_s(at))


def licence_gate(merchant: Merchant, desk: Desk, at: datetime) -> Standing | None:
    """Return what is wrong with the food licence, None when it is good or the shop needs none."""
    if not merchant.needs_food_licence:
        return None
    if not desk.licence_number or desk.licence_expires_on is None:
        return Standing.LICENCE_MISSING
    today = at.astimezone(ZoneInfo(merchant.time_zone)).date()
    return Standing.LICENCE_EXPIRED if today > desk.licence_expires_on else None


def hours_on(merchant: Merchant, desk: Desk, day: date) -> str:
    """Return the opening hours of one local day."""
    return next((each.open_hours for each in desk.days if each.day == day), merchant.open_hours)


def is_open_at(merchant: Merchant, desk: Desk, at: datetime) -> bool:
    """Return whether the hours of today, or those of yesterday that run past midnight, hold the moment."""
    local = at.astimezone(ZoneInfo(merchant.time_zone))
    today = hours_on(merchant, desk, local.date())
    if today and opens_today(read_hours(today, time_zone=merchant.time_zone), at):
        return True
    yesterday = hours_on(merchant, desk, local.date() - timedelta(days=1))
    return bool(yesterday) and runs_past_midnight(read_hours(yesterday, time_zone=merchant.time_zone), at)


def must_take_orders(merchant: Merchant, desk: Desk, at: datetime) -> ShopStanding:
    """Return the standing of a shop that takes orders.

    Raises Conflict ``licence-expired``, ``merchant-paused`` or ``merchant-closed`` with what a page tells.
    """
    found = standing_of(merchant, desk, at)
    must_be_licensed(merchant, desk, at)
    if found.standing is Standing.PAUSED:
        until = None if found.until is None else found.until.isoformat()
        reason = None if found.pause_reason is None else found.pause_reason.value
        raise Conflict("merchant-paused", merchant_id=merchant.merchant_id, reason=reason, until=until)
    if found.standing is Standing.CLOSED:
        raise Conflict("merchant-closed", merchant_id=merchant.merchant_id, open_hours=found.open_hours)
    return found


def must_be_licensed(merchant: Merchant, desk: Desk, at: datetime) -> None:
    """Raise Conflict ``licence-expired`` when a shop that needs a food licence has none that is good."""
    gate = licence_gate(merchant, desk, at)
    if gate is None:
        return
    ended = desk.licence_expires_on
    raise Conflict(
        "licence-expired",
        STANDING_NAMES[gate][1],
        merchant_id=merchant.merchant_id,
        standing=gate.value,
        expired_on=None if ended is None else ended.isoformat(),
    )
