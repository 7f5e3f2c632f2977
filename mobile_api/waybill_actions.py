"""What stations and recipients do with waybills, each a use case with its page as the answer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from core.auth.links import is_issued, issue_link
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.auth.residents import ResidentStore
from core.auth.roles import Role
from core.auth.tokens import derived_token
from core.database import Transaction
from core.ids import PickupPointId, ResidentId
from core.repeatable import Repeated, answer_once
from mobile_api.parts import MobileParts
from mobile_api.schemas.waybills import (
    StationWaybill,
    WaybillOffer,
    WaybillsPushed,
    station_waybill,
    waybill_offer,
)
from services.orders.store import OrderStore
from services.waybills.answer_waybill import Offer, choose_slot, decline, read_offer
from services.waybills.push_waybills import push_waybills
from services.waybills.slots import SLOT_H
from services.waybills.store import WaybillStore

MOST_LISTED = 200
"""Waybills on a station's list, newest first."""
type Rows = Callable[[], Sequence[Mapping[str, object]]]


async def push(
    parts: MobileParts, principal: Principal, rows_of: Rows, first_row: int, repeated: Repeated
) -> WaybillsPushed:
    """Return how many parcels were new; raise what ``push_waybills`` raises."""

    async def write(tx: Transaction) -> WaybillsPushed:
        at = parts.clock.now()
        made = await push_waybills(tx, principal, rows_of(), parts.keys, first_row=first_row, at=at)
        return WaybillsPushed(created=len(made))

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, WaybillsPushed, write, status=201, wall=wall)


async def own_waybills(parts: MobileParts, principal: Principal) -> list[StationWaybill]:
    """Return the station's waybills, newest first, phones masked."""
    async with parts.database.read() as tx:
        found = await WaybillStore(tx).listed(reach_of(principal), limit=MOST_LISTED)
        residents = frozenset(waybill.resident_id for waybill in found)
        phones = await ResidentStore(tx, parts.keys).phones_of(residents)
    return [station_waybill(waybill, phones) for waybill in found]


async def open_offer(parts: MobileParts, token: str) -> WaybillOffer:
    """Return what the holder of a link may choose, or the order that brings it; raise NotFound."""
    async with parts.database.write() as tx:
        offer = await read_offer(tx, token, at=parts.clock.now())
        return waybill_offer(offer, slot_h=SLOT_H, order_token=await _order_token(tx, parts, offer))


async def choose(parts: MobileParts, token: str, slot_at: datetime, point: PickupPointId) -> WaybillOffer:
    """Return the parcel with its slot and point; raise what ``choose_slot`` raises."""
    async with parts.database.write() as tx:
        offer = await choose_slot(tx, token, slot_at, point, at=parts.clock.now())
        return waybill_offer(offer, slot_h=SLOT_H)


async def to_counter(parts: MobileParts, token: str) -> WaybillOffer:
    """Return the parcel that waits at the counter; raise what ``decline`` raises."""
    async with parts.database.write() as tx:
        return waybill_offer(await decline(tx, token, at=parts.clock.now()), slot_h=SLOT_H)


async def _order_token(tx: Transaction, parts: MobileParts, offer: Offer) -> str | None:
    """Return the token of the order's own link: the same each time, made when it is first asked for."""
    order_id = offer.waybill.order_id
    if order_id is None:
        return None
    order = await OrderStore(tx).get(order_id, EVERYTHING)
    if order.is_terminal:
        return None
    token = derived_token("ol", parts.keys.digest("waybill-order-link", offer.waybill.waybill_id))
    if not await is_issued(tx, token):
        wall, at = parts.clock.wall(), parts.clock.now()
        her = _recipient(order.resident_id, wall)
        await issue_link(tx, her, order_id, order.resident_id, token=token, wall=wall, at=at)
    return token.token


def _recipient(resident_id: ResidentId, wall: datetime) -> Principal:
    """Return who asks, for the audit: the recipient, known by the link that she was sent."""
    return Principal(
        kind="resident", id=resident_id, name="waybill link", role=Role.RESIDENT, expires_at=wall
    )
