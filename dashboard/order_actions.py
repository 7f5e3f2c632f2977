"""What an operator does about an order, on record, with the order's drawer as the answer."""

from collections.abc import Awaitable, Callable

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.ids import GoodsId, OrderId, VehicleNo
from core.repeatable import Repeated, answer_once, answered_before
from dashboard.order_sheets import OrderDesk
from dashboard.parts import DashboardParts
from dashboard.schemas.dispatch_plans import NamedVehicle
from dashboard.schemas.orders import OrderDetail, Rescue, order_detail
from services.delivery.effects import DeliveryEffects
from services.dispatch.by_hand import OrderWish, RunWish, must_be_given
from services.dispatch.set_weights import must_say_why
from services.notices.kinds import Occasion
from services.orders.cancel_order import cancel_order
from services.orders.notices import want_notice
from services.orders.order import Order
from services.orders.recover_order import recover_order
from services.orders.store import OrderStore
from services.substitutions.answer_for_customer import answer_for_customer


class OrderHands:
    """Acts on orders for one member of staff; the same key acts once and answers alike."""

    def __init__(self, parts: DashboardParts, desk: OrderDesk, principal: Principal) -> None:
        """Take the stores, who reads orders, and who acts."""
        self._parts = parts
        self._desk = desk
        self._principal = principal

    async def cancel(self, order_id: OrderId, reason: str, repeated: Repeated) -> OrderDetail:
        """Call an order off before loading and tell its recipient; nobody is told twice of one that was.

        Raises NotFound, IllegalTransition.
        """
        principal, at = self._principal, self._parts.clock.now()

        async def write(tx: Transaction) -> Order:
            reach = reach_of(principal)
            before = await OrderStore(tx).get(order_id, reach)
            order = await cancel_order(
                tx,
                order_id,
                reach,
                by="operator",
                reason="operator_cancelled",
                actor=self._actor,
                at=at,
                rate=self._parts.clock.rate,
            )
            if order.version == before.version:
                return order
            await want_notice(tx, order, Occasion.CANCELLED, at=at)
            await audit.record(tx, principal, "order.cancelled", f"order:{order_id}", reason=reason, at=at)
            return order

        return await self._once(repeated, write)

    async def dispatch(self, order_id: OrderId, data: NamedVehicle, repeated: Repeated) -> OrderDetail:
        """Give a waiting order to the vehicle that somebody chose. Raises NotFound, and Conflict with the
        named reasons when it cannot be."""
        before = await answered_before(self._parts.database, repeated, OrderDetail)
        if before is not None:
            return before
        said, by_hand = must_say_why(data.reason), self._parts.by_hand
        async with self._parts.database.read() as tx:
            order = await OrderStore(tx).get(order_id, reach_of(self._principal))
        wish = RunWish(vehicle_no=VehicleNo(data.vehicle_no), orders=(OrderWish(order_id=order_id),))
        looked = await by_hand.look(self._principal, order.district, [wish], reason=said)

        async def write(tx: Transaction) -> Order:
            [run] = await by_hand.give(tx, self._principal, looked, said)
            must_be_given(run)
            return await OrderStore(tx).get(order_id, reach_of(self._principal))

        return await self._once(repeated, write)

    async def answer_substitute(
        self, order_id: OrderId, goods_id: GoodsId, is_taken: bool, repeated: Repeated
    ) -> OrderDetail:
        """Write down what the customer of an order placed by telephone said of a substitute.

        Raises what ``answer_for_customer`` raises.
        """
        at, rate = self._parts.clock.now(), self._parts.clock.rate

        async def write(tx: Transaction) -> Order:
            who = self._principal
            return await answer_for_customer(tx, who, order_id, goods_id, is_taken=is_taken, at=at, rate=rate)

        return await self._once(repeated, write)

    async def record_rescue(self, order_id: OrderId, rescue: Rescue, repeated: Repeated) -> OrderDetail:
        """Record what became of goods in a vehicle that could not go on. Raises NotFound, Conflict."""
        principal, at = self._principal, self._parts.clock.now()

        async def write(tx: Transaction) -> Order:
            reach, effects = reach_of(principal), DeliveryEffects()
            order = await recover_order(
                tx, order_id, reach, rescue.outcome, effects, actor=self._actor, at=at
            )
            fields = {"outcome": rescue.outcome.value}
            about = f"order:{order_id}"
            await audit.record(tx, principal, "order.rescued", about, fields, rescue.reason, at=at)
            return order

        return await self._once(repeated, write)

    @property
    def _actor(self) -> str:
        return f"staff:{self._principal.name}"

    async def _once(
        self, repeated: Repeated, write: Callable[[Transaction], Awaitable[Order]]
    ) -> OrderDetail:
        clock = self._parts.clock

        async def work(tx: Transaction) -> OrderDetail:
            order = await write(tx)
            return order_detail(await self._desk.dossier_after(tx, order, at=clock.now()))

        wall = clock.wall()
        return await answer_once(self._parts.database, repeated, OrderDetail, work, status=200, wall=wall)
