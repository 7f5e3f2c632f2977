"""A merchant pauses and resumes, is busy and calm again, renews the licence, keeps other hours on a day."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Invalid
from services.delivery.catalogue import Merchant
from services.delivery.opening_hours import read_hours
from services.merchants.desk import CLOSED_ALL_DAY, DayHours, Desk, PauseReason
from services.merchants.store import DeskStore

LONGEST_PAUSE = timedelta(days=7)
"""A shop that stays away longer pauses until it is resumed."""
LONGEST_BUSY = timedelta(hours=12)
MOST_EXTRA_S = 3600.0
"""Most preparation time that busy mode adds."""
MOST_LICENCE_CHARS = 40
LAST_DAY = timedelta(days=400)
"""How far ahead hours of a day may be said."""
LICENCE_LASTS = timedelta(days=3660)
"""Food licences are good for five years; twice that is a slip of the finger."""


async def pause_shop(
    tx: Transaction, principal: Principal, reason: PauseReason, for_s: float | None, *, at: datetime
) -> tuple[Merchant, Desk]:
    """Take no new orders for ``for_s`` city seconds, None until resumed; orders already placed go on.

    Raises Invalid for more than seven days.
    """
    if for_s is not None and not 0 < for_s <= LONGEST_PAUSE.total_seconds():
        limit = LONGEST_PAUSE.total_seconds()
        raise Invalid("time-out-of-range", "a pause of up to seven days", field="minutes", limit=limit)
    until = None if for_s is None else at + timedelta(seconds=for_s)
    changes = {"paused_at": at, "paused_until": until, "pause_reason": reason}
    said = {"reason": reason.value, "until": None if until is None else until.isoformat()}
    return await _change(tx, principal, "merchant.paused", changes, said, at=at)


async def resume_shop(tx: Transaction, principal: Principal, *, at: datetime) -> tuple[Merchant, Desk]:
    """Take orders again; a shop that is not paused stays as it is."""
    changes = {"paused_at": None, "paused_until": None, "pause_reason": None}
    return await _change(tx, principal, "merchant.resumed", changes, {}, at=at)


async def keep_busy(
    tx: Transaction, principal: Principal, extra_s: float, for_s: float, *, at: datetime
) -> tuple[Merchant, Desk]:
    """Add preparation time to every order placed during the next ``for_s`` city seconds; 0 ends busy mode.

    Raises Invalid for more than an hour of extra time or more than twelve hours of it.
    """
    if not 0 <= extra_s <= MOST_EXTRA_S:
        raise Invalid("time-out-of-range", "up to an hour", field="extraMinutes", limit=MOST_EXTRA_S)
    if not 0 <= for_s <= LONGEST_BUSY.total_seconds():
        limit = LONGEST_BUSY.total_seconds()
        raise Invalid("time-out-of-range", "up to twelve hours", field="forMinutes", limit=limit)
    is_busy = extra_s > 0 and for_s > 0
    until = at + timedelta(seconds=for_s) if is_busy else None
    changes = {"busy_until": until, "busy_extra_s": extra_s if is_busy else 0.0}
    said = {"extra_s": changes["busy_extra_s"], "until": None if until is None else until.isoformat()}
    return await _change(tx, principal, "merchant.busy" if is_busy else "merchant.calm", changes, said, at=at)


async def renew_licence(
    tx: Transaction, principal: Principal, number: str, expires_on: date, *, at: datetime
) -> tuple[Merchant, Desk]:
    """Put the food licence on record with its last good day.

    Raises Invalid for an empty number and for a day that is past or more than ten years away.
    """
    number = number.strip()
    if not 1 <= len(number) <= MOST_LICENCE_CHARS:
        raise Invalid("invalid-input", "a licence number", field="number", limit=MOST_LICENCE_CHARS)
    merchant, _ = await DeskStore(tx).own(reach_of(principal))
    today = at.astimezone(ZoneInfo(merchant.time_zone)).date()
    if not today <= expires_on <= today + LICENCE_LASTS:
        raise Invalid(
            "time-out-of-range", "a day from today on, ten years at most", field="expiresOn", limit=str(today)
        )
    changes = {"licence_number": number, "licence_expires_on": expires_on}
    said = {"number": number, "expires_on": expires_on.isoformat()}
    return await _change(tx, principal, "merchant.licence_renewed", changes, said, at=at)


async def keep_hours(
    tx: Transaction, principal: Principal, day: date, open_hours: str | None, *, at: datetime
) -> tuple[Merchant, Desk]:
    """Keep other hours on one local day: ``HH:MM-HH:MM``, ``CLOSED_ALL_DAY``, None for the usual ones again.

    Days that are over are dropped. Raises Invalid for hours that are none, a past day or one too far ahead.
    """
    merchant, desk = await DeskStore(tx).own(reach_of(principal))
    today = at.astimezone(ZoneInfo(merchant.time_zone)).date()
    if not today <= day <= today + LAST_DAY:
        raise Invalid("time-out-of-range", "a day from today on", field="day", limit=str(today + LAST_DAY))
    if open_hours:
        read_hours(open_hours, time_zone=merchant.time_zone)
    kept = [each for each in desk.days if each.day != day and each.day >= today - timedelta(days=1)]
    if open_hours is not None:
        kept.append(DayHours(day=day, open_hours=open_hours or CLOSED_ALL_DAY))
    changes = {"days": tuple(sorted(kept, key=lambda each: each.day))}
    said = {"day": day.isoformat(), "open_hours": open_hours}
    return await _change(tx, principal, "merchant.hours_kept", changes, said, at=at)


async def _change(
    tx: Transaction,
    principal: Principal,
    action: str,
    changes: dict[str, Any],
    said: dict[str, Any],
    *,
    at: datetime,
) -> tuple[Merchant, Desk]:
    store = DeskStore(tx)
    merchant, desk = await store.own(reach_of(principal))
    changed = msgspec.structs.replace(desk, **changes)
    if changed == desk:
        return merchant, desk
    changed = msgspec.structs.replace(changed, version=desk.version + 1)
    await store.save(desk, changed)
    await audit.record(tx, principal, action, f"merchant:{merchant.merchant_id}", said, at=at)
    return merchant, changed
