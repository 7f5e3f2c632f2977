"""What the passing of time does to orders: reminders, late notices, unanswered offers, the end of hopeless
waiting."""

import asyncio
from datetime import datetime, timedelta

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, IllegalTransition
from core.repeating import repeat
from services.notices.kinds import Occasion
from services.orders.cancel_order import cancel_order
from services.orders.close_order import put_goods_back, retire_access
from services.orders.notices import want_notice
from services.orders.order import Order
from services.orders.states import OrderGivenUp, OrderState
from services.orders.store import OrderStore
from services.substitutions.answer_substitute import lapse
from services.substitutions.store import SubstitutionStore
from services.substitutions.substitution import Substitution

MERCHANT_ANSWERS_S = 900.0
"""City seconds a merchant has to accept; then the order is cancelled and the recipient told."""
WAITS_FOR_VEHICLE_S = 7200.0
"""City seconds an accepted order waits for a vehicle before it is given up."""
SYSTEM = "system:orders"


class OrderWatch:
    """The reconciler of orders; two may run, compare-and-set lets one win."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = 5.0) -> None:
        """Take the stores and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def watch_once(self) -> int:
        """Do what is due and return how many orders it concerned. Raises Unavailable."""
        at = self._clock.now()
        states = (OrderState.CREATED, OrderState.ACCEPTED, OrderState.ARRIVED)
        async with self._database.read() as tx:
            due = [order for order in await OrderStore(tx).in_states(states) if is_due(order, at)]
            unanswered = await SubstitutionStore(tx).due(at)
        acted = [await self._act(order, at) for order in due]
        return sum([*acted, *[await self._lapse(one, at) for one in unanswered]])

    async def _lapse(self, one: Substitution, at: datetime) -> int:
        try:
            async with self._database.write() as tx:
                await lapse(tx, one, actor=SYSTEM, at=at, rate=self._clock.rate)
        except (Conflict, IllegalTransition):
            return 0
        return 1

    async def _act(self, order: Order, at: datetime) -> int:
        try:
            async with self._database.write() as tx:
                fresh = await OrderStore(tx).get(order.order_id, EVERYTHING)
                if fresh.version != order.version or not is_due(fresh, at):
                    return 0
                await _do(tx, fresh, at, self._clock.rate)
        except (Conflict, IllegalTransition):
            return 0
        return 1

    async def run(self, stop: asyncio.Event) -> None:
        """Do so every few seconds until `stop`, through outages."""
        await repeat("orders", self.watch_once, self._every_s, stop)


def is_due(order: Order, at: datetime) -> bool:
    """Return whether time alone asks for something: a merchant silent, no vehicle for hours, half the wait
    over."""
    if order.state is OrderState.CREATED:
        return at - order.placed_at > timedelta(seconds=MERCHANT_ANSWERS_S)
    if order.state is OrderState.ACCEPTED:
        since = order.accepted_at or order.placed_at
        return at - since > timedelta(seconds=WAITS_FOR_VEHICLE_S)
    if order.state is not OrderState.ARRIVED or order.reminded_at is not None:
        return False
    if order.arrived_at is None or order.collect_by is None:
        return False
    return at - order.arrived_at > (order.collect_by - order.arrived_at) / 2


async def _do(tx: Transaction, order: Order, at: datetime, rate: float) -> None:
    if order.state is OrderState.CREATED:
        reason = "merchant_did_not_answer"
        order = await cancel_order(
            tx, order.order_id, EVERYTHING, by="system", reason=reason, actor=SYSTEM, at=at, rate=rate
        )
        await want_notice(tx, order, Occasion.CANCELLED, at=at)
    elif order.state is OrderState.ACCEPTED:
        order = await OrderStore(tx).move(order, OrderGivenUp(reason="no_vehicle"), at=at, actor=SYSTEM)
        await put_goods_back(tx, order, at=at)
        await retire_access(tx, order, at=at)
        await want_notice(tx, order, Occasion.CANCELLED, at=at)
    else:
        await OrderStore(tx).note(order, at=at, reminded_at=at)
        await want_notice(tx, order, Occasion.REMINDER, at=at)
