"""The merchant's desk as the shop's own page reads and writes it."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from services.delivery.catalogue import Merchant
from services.merchants.change_desk import LONGEST_BUSY, LONGEST_PAUSE, MOST_EXTRA_S, MOST_LICENCE_CHARS
from services.merchants.desk import Desk, PauseReason, standing_of

HOURS = r"^(([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00))?$"
_Minutes = Annotated[int, Meta(ge=1, le=int(LONGEST_PAUSE.total_seconds() / 60))]


class OpenPage(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The shop's token, shown once."""

    token: Annotated[str, Meta(min_length=1, max_length=200)]


class Pausing(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why no new orders are taken, and for how many city minutes; null is until resumed."""

    reason: PauseReason
    minutes: _Minutes | None = None


class Busy(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How many minutes longer preparing takes, and for how long; 0 ends it."""

    extra_minutes: Annotated[int, Meta(ge=0, le=int(MOST_EXTRA_S / 60))]
    for_minutes: Annotated[int, Meta(ge=0, le=int(LONGEST_BUSY.total_seconds() / 60))] = 60


class Licence(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The food licence and its last good day."""

    number: Annotated[str, Meta(min_length=1, max_length=MOST_LICENCE_CHARS)]
    expires_on: date


class HoursOfDay(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Hours of one local day, ``HH:MM-HH:MM``; "" is shut, null the usual ones."""

    day: date
    open_hours: Annotated[str, Meta(pattern=HOURS)] | None = None


class DeskView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the shop stands now and what was said about it.

    ``standing`` is open, closed, paused, licence_missing or licence_expired; ``pausedUntil`` null with
    ``pauseReason`` set is until resumed; ``todayHours`` "" is shut.
    """

    merchant_id: str
    kind: str
    name_zh: str
    name_en: str
    standing: str
    pause_reason: str | None
    paused_until: datetime | None
    busy_extra_minutes: int
    busy_until: datetime | None
    usual_hours: str
    today_hours: str
    days: tuple[HoursOfDay, ...]
    needs_food_licence: bool
    licence_number: str
    licence_expires_on: date | None
    at: datetime


def desk_view(merchant: Merchant, desk: Desk, *, at: datetime) -> DeskView:
    """Return a desk as it is at a moment."""
    stands = standing_of(merchant, desk, at)
    is_paused, is_busy = desk.is_paused(at), desk.extra_s(at) > 0
    return DeskView(
        merchant_id=merchant.merchant_id,
        kind=merchant.kind,
        name_zh=merchant.name_zh,
        name_en=merchant.name_en,
        standing=stands.standing.value,
        pause_reason=desk.pause_reason.value if is_paused and desk.pause_reason else None,
        paused_until=desk.paused_until if is_paused else None,
        busy_extra_minutes=round(desk.extra_s(at) / 60),
        busy_until=desk.busy_until if is_busy else None,
        usual_hours=merchant.open_hours,
        today_hours=stands.open_hours,
        days=tuple(HoursOfDay(day=each.day, open_hours=each.open_hours) for each in desk.days),
        needs_food_licence=merchant.needs_food_licence,
        licence_number=desk.licence_number,
        licence_expires_on=desk.licence_expires_on,
        at=at,
    )
