"""Placing an order for somebody who has no page: at the hotline, on record, told her by text or by voice."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.residents import ResidentStore
from core.database import Transaction
from core.errors import NotFound, Unavailable
from core.privacy.cipher import SecretKeys
from core.privacy.phones import parse_phone
from core.repeatable import Repeated, answer_once, answered_before
from dashboard.order_sheets import OrderDesk
from dashboard.parts import DashboardParts
from dashboard.schemas.hotline import HotlineOrder, hotline_draft
from dashboard.schemas.orders import OrderDetail, order_detail
from services.dispatch.travel import TravelTimes
from services.notices.kinds import Occasion
from services.notices.store import WishStore
from services.orders.draft import CheckedDraft, check_draft
from services.orders.estimate import estimate
from services.orders.notices import want_notice
from services.orders.order import Order
from services.orders.place_order import Wanted, place_order
from services.orders.promise import Promise


async def order_for_somebody(
    parts: DashboardParts,
    desk: OrderDesk,
    keys: SecretKeys,
    principal: Principal,
    data: HotlineOrder,
    repeated: Repeated,
) -> OrderDetail:
    """Return the placed order, or the one that the same key placed before.

    How she is reached is kept as hers: later orders follow it. Raises what ``check_draft`` raises, NotFound
    for a shop out of reach, Invalid for a text that is no phone number.
    """
    known = await answered_before(parts.database, repeated, OrderDetail)
    if known is not None:
        return known
    parse_phone(data.phone)
    draft, at = hotline_draft(data), parts.clock.now()
    async with parts.database.read() as tx:
        checked = await check_draft(tx, draft, at=at)
    _must_reach(principal, checked)
    promised = await _promised(parts, checked)

    async def write(tx: Transaction) -> OrderDetail:
        order = await _place(tx, principal, keys, data, checked, promised, at=at)
        return order_detail(await desk.dossier_after(tx, order, at=at))

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, OrderDetail, write, status=201, wall=wall)


async def _place(
    tx: Transaction,
    principal: Principal,
    keys: SecretKeys,
    data: HotlineOrder,
    checked: CheckedDraft,
    promised: Promise,
    *,
    at: datetime,
) -> Order:
    """Write the order, how its recipient is reached, that she is told, and who did it."""
    resident = await ResidentStore(tx, keys).ensure(parse_phone(data.phone), at=at)
    wishes = msgspec.structs.replace(
        await WishStore(tx).of(resident),
        language=data.language,
        reached_by=data.reached_by,
        extra_wait_s=data.extra_wait_s,
    )
    await WishStore(tx).put(wishes)
    by = f"staff:{principal.name}"
    wanted = Wanted(
        checked=checked, resident_id=resident, promised=promised, placed_by=by, consent=data.consent
    )
    order = (await place_order(tx, wanted, at=at)).order
    await want_notice(tx, order, Occasion.PLACED, at=at)
    fields = {
        "reached_by": data.reached_by.value,
        "extra_wait_s": data.extra_wait_s,
        "consent": data.consent,
    }
    about = f"order:{order.order_id}"
    await audit.record(tx, principal, "order.placed_for_somebody", about, fields, at=at)
    return order


def _must_reach(principal: Principal, checked: CheckedDraft) -> None:
    """Raise NotFound for a shop that lies outside of what the principal may see."""
    reach = reach_of(principal)
    sees_district = reach.districts is None or checked.district in reach.districts
    if not sees_district or (reach.operators is not None and checked.operator not in reach.operators):
        raise NotFound("not-found", "no such merchant", merchant_id=checked.merchant.merchant_id)


async def _promised(parts: DashboardParts, checked: CheckedDraft) -> Promise:
    """Without the vehicles' last state the promise is longer; an order never waits for Redis."""
    try:
        heard = await parts.last_heard.last_heard(checked.load.free)
    except Unavailable:
        heard = {}
    return (await estimate(checked, TravelTimes(parts.roads), heard, rate=parts.clock.rate)).promise
