"""The recipient of a parcel answers: slot and pickup point, or the counter."""

from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import Conflict, Invalid
from core.ids import PickupPointId
from services.delivery.catalogue import Merchant, PickupPoint
from services.delivery.opening_hours import read_hours
from services.delivery.store import CatalogueStore
from services.waybills.slots import slots
from services.waybills.store import WaybillStore
from services.waybills.waybill import Declined, SlotChosen, Waybill, WaybillState


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A waybill with what may be chosen for it now."""

    waybill: Waybill
    merchant: Merchant
    points: tuple[PickupPoint, ...]
    slots: tuple[datetime, ...]


async def read_offer(tx: Transaction, token: str, *, at: datetime) -> Offer:
    """Return what the holder of a link may choose; raise NotFound for a token that nobody was sent."""
    return await offer_of(tx, await WaybillStore(tx).by_token(token), at=at)


async def offer_of(tx: Transaction, waybill: Waybill, *, at: datetime) -> Offer:
    """Return a waybill with its station, the pickup points of its district and the slots from now."""
    catalogue = CatalogueStore(tx)
    merchant = (await catalogue.merchants_by_id([waybill.merchant_id], EVERYTHING))[waybill.merchant_id]
    points = tuple(await catalogue.pickup_points(waybill.district))
    hours = read_hours(merchant.open_hours, time_zone=merchant.time_zone)
    return Offer(waybill=waybill, merchant=merchant, points=points, slots=slots(hours, at))


async def choose_slot(
    tx: Transaction, token: str, slot_at: datetime, point: PickupPointId, *, at: datetime
) -> Offer:
    """Return the waybill with slot and point; the same choice again changes nothing.

    Raises NotFound, Invalid for a slot or point that is not offered, Conflict ``gone`` past the deadline and
    IllegalTransition once it is at the counter or on its way.
    """
    offer = await read_offer(tx, token, at=at)
    waybill = offer.waybill
    if waybill.state is WaybillState.CHOSEN and (waybill.slot_at, waybill.pickup_point_id) == (
        slot_at,
        point,
    ):
        return offer
    if waybill.state is WaybillState.OFFERED and at >= waybill.answer_by:
        raise Conflict("gone", "the time to choose is over; the parcel waits at the counter")
    if slot_at not in offer.slots:
        raise Invalid("invalid-input", "this slot is not offered", field="slotAt")
    if point not in {each.pickup_point_id for each in offer.points}:
        raise Invalid("invalid-input", "no such pickup point in this district", field="pickupPointId")
    chosen = SlotChosen(slot_at=slot_at, pickup_point_id=point)
    moved = await WaybillStore(tx).move(waybill, chosen, at=at)
    return msgspec.structs.replace(offer, waybill=moved)


async def decline(tx: Transaction, token: str, *, at: datetime) -> Offer:
    """Return the waybill at the counter; again: the same. Raises NotFound, IllegalTransition once ordered."""
    offer = await read_offer(tx, token, at=at)
    if offer.waybill.state is WaybillState.COUNTER:
        return offer
    moved = await WaybillStore(tx).move(offer.waybill, Declined(), at=at)
    return msgspec.structs.replace(offer, waybill=moved)
