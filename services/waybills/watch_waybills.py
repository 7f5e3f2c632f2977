"""What the passing of time does to waybills: no answer is the counter, a near slot is an order."""

import asyncio
import secrets
from datetime import datetime, timedelta

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, IllegalTransition
from core.ids import GoodsId, OrderId, new_id
from core.repeating import repeat
from services.delivery.code_store import PickupCodeStore
from services.delivery.pickup_code import SECRET_BYTES, PickupCode
from services.delivery.store import CatalogueStore
from services.delivery.wait_rule_store import WaitRuleStore
from services.flows.store import FlowStore
from services.notices.kinds import Occasion
from services.notices.store import WishStore
from services.orders.lines import OrderLine
from services.orders.order import Order
from services.orders.states import MerchantAccepted
from services.orders.store import OrderStore, new_order
from services.orders.zone import want_dispatch, zone_load
from services.waybills.slots import LEAD, SLOT_H
from services.waybills.store import WaybillStore
from services.waybills.tell import tell
from services.waybills.waybill import NoAnswer, NotServed, OrderPlaced, Waybill, WaybillState

SYSTEM = "system:waybills"


class WaybillWatch:
    """The reconciler of waybills; two may run, compare-and-set lets one win."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = 5.0) -> None:
        """Take the store and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def watch_once(self) -> int:
        """Do what is due and return how many waybills moved. Raises Unavailable."""
        at = self._clock.now()
        async with self._database.read() as tx:
            due = await WaybillStore(tx).due(unanswered=at, slot=at + LEAD)
        return sum([await self._act(waybill, at) for waybill in due])

    async def run(self, stop: asyncio.Event) -> None:
        """Do so every few seconds until `stop`, through outages."""
        await repeat("waybills", self.watch_once, self._every_s, stop)

    async def _act(self, waybill: Waybill, at: datetime) -> int:
        try:
            async with self._database.write() as tx:
                await _settle(tx, waybill, at)
        except (Conflict, IllegalTransition):
            return 0
        return 1


async def _settle(tx: Transaction, waybill: Waybill, at: datetime) -> None:
    store = WaybillStore(tx)
    if waybill.state is WaybillState.OFFERED:
        moved = await store.move(waybill, NoAnswer(), at=at)
        await tell(tx, moved, Occasion.COUNTER, at=at)
        return
    load = await zone_load(tx, waybill.district, at=at)
    if load.operator is None or not load.numbers:
        moved = await store.move(waybill, NotServed(reason="area-not-served"), at=at)
        await tell(tx, moved, Occasion.COUNTER, at=at)
        return
    order = await _order_for(tx, waybill, at)
    await store.move(waybill, OrderPlaced(order_id=order.order_id), at=at)


async def _order_for(tx: Transaction, waybill: Waybill, at: datetime) -> Order:
    """Return the order that brings the parcel: accepted, because the station has it in its hands."""
    assert waybill.slot_at is not None
    assert waybill.pickup_point_id is not None
    shops = await CatalogueStore(tx).merchants_by_id([waybill.merchant_id], EVERYTHING)
    shop = shops[waybill.merchant_id]
    wishes = await WishStore(tx).of(waybill.resident_id)
    waits = await WaitRuleStore(tx).of(waybill.district)
    line = OrderLine(
        goods_id=GoodsId(f"waybill-{waybill.waybill_id}"),
        name_zh=f"包裹 {waybill.number}",
        name_en=f"Parcel {waybill.number}",
        quantity=1,
        price_fen=0,
    )
    order = Order(
        order_id=OrderId(new_id()),
        district=waybill.district,
        operator=waybill.operator,
        resident_id=waybill.resident_id,
        merchant_id=shop.merchant_id,
        pickup_point_id=waybill.pickup_point_id,
        lines=(line,),
        total_fen=0,
        parcel=waybill.parcel,
        extra_wait_s=wishes.extra_wait_s,
        first_wait_s=waits.first_s,
        second_wait_s=waits.second_s,
        flow_version=(await FlowStore(tx).newest(waybill.operator)).version,
        placed_at=at,
        promised_p50_at=max(at, waybill.slot_at) + timedelta(hours=SLOT_H) / 2,
        promised_p90_at=max(at, waybill.slot_at) + timedelta(hours=SLOT_H),
    )
    accepted = MerchantAccepted(ready_at=max(at, waybill.slot_at))
    new = new_order(order, actor=SYSTEM, accepted=accepted)
    await OrderStore(tx).add([new])
    secret = secrets.token_bytes(SECRET_BYTES)
    await PickupCodeStore(tx).add([PickupCode(order_id=order.order_id, secret=secret)])
    await want_dispatch(tx, order.district, at=at)
    return new.order
