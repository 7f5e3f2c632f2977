"""What a recipient does with her order, each a use case with its page as the answer."""

import uuid

from core.auth.links import issue_link
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.ids import CommandId, OrderId
from fleet.commands.command import Command
from mobile_api.order_pages import OrderFacts, facts_of, read_facts, resident_order
from mobile_api.parts import MobileParts
from mobile_api.repeatable import Repeated, answer_once
from mobile_api.schemas.orders import CodeView, OrderLink, ResidentOrder, code_view
from services.orders.cancel_order import cancel_order
from services.orders.collect_order import code_of_order, open_for_recipient, refresh_code
from services.orders.store import OrderStore

MOST_LISTED = 50
"""Orders on a resident's list, newest first."""
_OPENINGS = uuid.UUID("1d4dd5f0-0f0d-4f6a-9a53-8a3f6f0a7c21")
"""Name space of command ids derived from an idempotency key (RFC 9562, version 5)."""


async def own_orders(parts: MobileParts, principal: Principal) -> list[ResidentOrder]:
    """Return the principal's orders, newest first."""
    async with parts.database.read() as tx:
        facts = await facts_of(tx, await OrderStore(tx).listed(reach_of(principal), limit=MOST_LISTED))
    return await _pages(parts, facts)


async def own_order(parts: MobileParts, principal: Principal, order_id: OrderId) -> ResidentOrder:
    """Return one of the principal's orders; raise NotFound."""
    async with parts.database.read() as tx:
        facts = await read_facts(tx, order_id, reach_of(principal))
    return (await _pages(parts, [facts]))[0]


async def cancel_own(
    parts: MobileParts, principal: Principal, order_id: OrderId, repeated: Repeated
) -> ResidentOrder:
    """Return the cancelled order; raise NotFound, and IllegalTransition once the goods are on board."""
    at, actor = parts.clock.now(), f"{principal.kind}:{principal.id}"

    async def write(tx: Transaction) -> ResidentOrder:
        order = await cancel_order(
            tx, order_id, reach_of(principal), by="resident", reason="changed_mind", actor=actor, at=at
        )
        return resident_order((await facts_of(tx, [order]))[0], None, at=at)

    return await answer_once(parts.database, repeated, ResidentOrder, write, status=200, at=at)


async def own_code(parts: MobileParts, principal: Principal, order_id: OrderId) -> CodeView:
    """Return the code of the principal's order; raise NotFound, Conflict ``gone`` when the order is over."""
    async with parts.database.read() as tx:
        return code_view(await code_of_order(tx, order_id, reach_of(principal)))


async def fresh_code(parts: MobileParts, principal: Principal, order_id: OrderId) -> CodeView:
    """Return a fresh code of the principal's order; raise what ``refresh_code`` raises."""
    async with parts.database.write() as tx:
        return code_view(await refresh_code(tx, order_id, reach_of(principal)))


async def open_own(
    parts: MobileParts, principal: Principal, order_id: OrderId, typed: str | None, repeated: Repeated
) -> Command:
    """Return the command that opens the door; the same key gives the same command again."""
    name = f"{repeated.principal_key}:{order_id}:{repeated.idempotency_key}"
    return await open_for_recipient(
        parts.database,
        order_id,
        reach_of(principal),
        typed=typed,
        actor=f"{principal.kind}:{principal.id}",
        command_id=CommandId(str(uuid.uuid5(_OPENINGS, name))),
        at=parts.clock.now(),
        rate=parts.clock.rate,
    )


async def share_own(parts: MobileParts, principal: Principal, order_id: OrderId) -> OrderLink:
    """Return a link by which somebody else may follow and collect the order; raise NotFound."""
    async with parts.database.write() as tx:
        order = await OrderStore(tx).get(order_id, reach_of(principal))
        token = await issue_link(
            tx, principal, order_id, order.resident_id, wall=parts.clock.wall(), at=parts.clock.now()
        )
    return OrderLink(order_id=order_id, token=token)


async def _pages(parts: MobileParts, facts: list[OrderFacts]) -> list[ResidentOrder]:
    heard = await parts.heard_of([each.watched for each in facts if each.watched is not None])
    at = parts.clock.now()
    return [
        resident_order(each, None if each.watched is None else heard.get(each.watched), at=at)
        for each in facts
    ]
