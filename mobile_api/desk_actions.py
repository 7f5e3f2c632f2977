"""What a merchant does at the desk, each a use case with the desk as the answer."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.repeatable import Repeated, answer_once
from mobile_api.parts import MobileParts
from mobile_api.schemas.desk import Busy, DeskView, HoursOfDay, Licence, Pausing, desk_view
from services.delivery.catalogue import Merchant
from services.merchants.change_desk import keep_busy, keep_hours, pause_shop, renew_licence, resume_shop
from services.merchants.desk import Desk
from services.merchants.store import DeskStore

type Change = Callable[[Transaction, datetime], Awaitable[tuple[Merchant, Desk]]]


async def own_desk(parts: MobileParts, principal: Principal) -> DeskView:
    """Return the desk of the principal's shop; raise NotFound without any."""
    async with parts.database.read() as tx:
        merchant, desk = await DeskStore(tx).own(reach_of(principal))
    return desk_view(merchant, desk, at=parts.clock.now())


async def pause_own(parts: MobileParts, principal: Principal, asked: Pausing, repeated: Repeated) -> DeskView:
    """Take no new orders for a while."""
    for_s = None if asked.minutes is None else asked.minutes * 60.0
    return await _changed(
        parts, repeated, lambda tx, at: pause_shop(tx, principal, asked.reason, for_s, at=at)
    )


async def resume_own(parts: MobileParts, principal: Principal, repeated: Repeated) -> DeskView:
    """Take orders again."""
    return await _changed(parts, repeated, lambda tx, at: resume_shop(tx, principal, at=at))


async def busy_own(parts: MobileParts, principal: Principal, asked: Busy, repeated: Repeated) -> DeskView:
    """Need longer for a while."""
    extra_s, for_s = asked.extra_minutes * 60.0, asked.for_minutes * 60.0
    return await _changed(parts, repeated, lambda tx, at: keep_busy(tx, principal, extra_s, for_s, at=at))


async def renew_own(parts: MobileParts, principal: Principal, asked: Licence, repeated: Repeated) -> DeskView:
    """Put the renewed food licence on record."""
    return await _changed(
        parts,
        repeated,
        lambda tx, at: renew_licence(tx, principal, asked.number, asked.expires_on, at=at),
    )


async def hours_own(
    parts: MobileParts, principal: Principal, asked: HoursOfDay, repeated: Repeated
) -> DeskView:
    """Keep other hours on one day."""
    return await _changed(
        parts, repeated, lambda tx, at: keep_hours(tx, principal, asked.day, asked.open_hours, at=at)
    )


async def _changed(parts: MobileParts, repeated: Repeated, change: Change) -> DeskView:
    async def write(tx: Transaction) -> DeskView:
        at = parts.clock.now()
        merchant, desk = await change(tx, at)
        return desk_view(merchant, desk, at=at)

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, DeskView, write, status=200, wall=wall)
