"""Placing an order: goods reserved, code made, order and wake-up written in one transaction."""

import secrets
from datetime import datetime, timedelta

import msgspec

from core.database import Transaction
from core.ids import OrderId, ResidentId, new_id
from services.delivery.code_store import PickupCodeStore
from services.delivery.pickup_code import SECRET_BYTES, PickupCode
from services.delivery.store import CatalogueStore
from services.flows.flow import FlowVersion
from services.flows.store import FlowStore
from services.notices.store import WishStore
from services.orders.draft import CheckedDraft, check_again
from services.orders.order import Order
from services.orders.promise import Promise
from services.orders.states import MerchantAccepted
from services.orders.store import HistoryLine, OrderStore
from services.orders.zone import want_dispatch
from services.settlement.terms import PaidBy


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A new order with what was written beside it, so that nobody has to read it again for its page."""

    order: Order
    checked: CheckedDraft
    code: PickupCode
    history: tuple[HistoryLine, ...]
    flow: FlowVersion
    paid_by: PaidBy


async def place_order(
    tx: Transaction,
    checked: CheckedDraft,
    resident_id: ResidentId,
    promised: Promise,
    *,
    at: datetime,
    paid_by: PaidBy = PaidBy.AT_PICKUP,
    placed_by: str = "",
    consent: str = "",
) -> PlacedOrder:
    """Return the new order of a draft that was checked a moment ago; its shop and shelf are read again.

    ``placed_by`` names who orders on the resident's behalf, ``consent`` how she agreed; empty is she herself.
    A merchant that accepts by itself has accepted when this returns, and a dispatch round is asked for.
    Raises what ``judge_draft`` raises, Conflict ``out-of-stock`` when somebody was faster at the shelf and
    ``balance-too-low``.
    """
    checked = await check_again(tx, checked, at=at)
    catalogue = CatalogueStore(tx)
    for line in checked.lines:
        await catalogue.reserve(line.goods_id, line.quantity)
    wishes = await WishStore(tx).of(resident_id)
    flow = await FlowStore(tx).newest(checked.operator)
    order = msgspec.structs.replace(
        _order(checked, resident_id, promised, at),
        extra_wait_s=wishes.extra_wait_s,
        first_wait_s=checked.facts.waits.first_at(checked.pickup_point),
        second_wait_s=checked.facts.waits.second_s,
        placed_by=placed_by,
        flow_version=flow.version,
    )
    accepted = None
    if checked.merchant.accepts_itself:
        accepted = MerchantAccepted(ready_at=at + timedelta(seconds=checked.ready_s))
    order, history = await OrderStore(tx).add(
        order,
        actor=placed_by or f"resident:{resident_id}",
        paid_by=paid_by,
        detail={"consent": consent} if consent else {},
        accepted=accepted,
    )
    code = PickupCode(order_id=order.order_id, secret=secrets.token_bytes(SECRET_BYTES))
    await PickupCodeStore(tx).add(code)
    if accepted is not None:
        await want_dispatch(tx, order.district, at=at)
    return PlacedOrder(order=order, checked=checked, code=code, history=history, flow=flow, paid_by=paid_by)


def _order(checked: CheckedDraft, resident_id: ResidentId, promised: Promise, at: datetime) -> Order:
    return Order(
        order_id=OrderId(new_id()),
        district=checked.district,
        operator=checked.operator,
        resident_id=resident_id,
        merchant_id=checked.merchant.merchant_id,
        pickup_point_id=checked.pickup_point.pickup_point_id,
        lines=checked.lines,
        fee_fen=checked.fee_fen,
        total_fen=checked.total_fen,
        parcel=checked.parcel,
        note=checked.draft.note,
        placed_at=at,
        promised_p50_at=promised.p50_at(at),
        promised_p90_at=promised.p90_at(at),
    )
