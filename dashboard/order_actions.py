"""What an operator does about an order, on record."""

from core import audit
from core.auth.principal import Principal, reach_of
from core.clock import Clock
from core.database import Database
from core.ids import OrderId
from services.delivery.effects import DeliveryEffects
from services.orders.cancel_order import cancel_order
from services.orders.notices import NoticeKind, want_notice
from services.orders.recover_order import Outcome, recover_order


async def cancel_for_operator(
    database: Database, clock: Clock, principal: Principal, order_id: OrderId, reason: str
) -> None:
    """Call an order off before loading and tell its recipient. Raises NotFound, IllegalTransition."""
    at = clock.now()
    async with database.write() as tx:
        order = await cancel_order(
            tx,
            order_id,
            reach_of(principal),
            by="operator",
            reason="operator_cancelled",
            actor=f"staff:{principal.name}",
            at=at,
        )
        await want_notice(tx, order, NoticeKind.CANCELLED, at=at)
        await audit.record(tx, principal, "order.cancelled", f"order:{order_id}", reason=reason, at=at)


async def record_rescue(
    database: Database, clock: Clock, principal: Principal, order_id: OrderId, outcome: Outcome, reason: str
) -> None:
    """Record what became of goods in a vehicle that could not go on. Raises NotFound, Conflict."""
    at = clock.now()
    async with database.write() as tx:
        actor, reach = f"staff:{principal.name}", reach_of(principal)
        await recover_order(tx, order_id, reach, outcome, DeliveryEffects(), actor=actor, at=at)
        fields = {"outcome": outcome.value}
        await audit.record(tx, principal, "order.rescued", f"order:{order_id}", fields, reason, at=at)
