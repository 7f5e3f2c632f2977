"""What a recipient does with her order, each a use case with its page as the answer."""

from collections.abc import Mapping

import msgspec

from core import audit
from core.auth.links import end_links, issue_link
from core.auth.principal import Principal, reach_of
from core.auth.tokens import derived_token
from core.database import Transaction
from core.errors import Conflict
from core.ids import GoodsId, OrderId
from core.privacy.cipher import SecretKeys
from core.repeatable import Repeated, answer_once
from mobile_api.order_pages import OrderFacts, facts_of, read_facts, resident_order
from mobile_api.parts import MobileParts
from mobile_api.schemas.orders import CodeView, DoorOpening, OpenDoor, OrderLink, ResidentOrder, code_view
from services.orders.cancel_order import cancel_order
from services.orders.collect_order import WrongCode, code_of_order, open_for_recipient, refresh_code
from services.orders.states import TERMINAL, OrderState
from services.orders.store import OrderStore
from services.substitutions.answer_substitute import answer_substitute

WHICH: Mapping[str, frozenset[OrderState]] = {
    "all": frozenset(),
    "open": frozenset(OrderState) - TERMINAL,
    "over": TERMINAL,
}
"""States of the orders that somebody asks for; none named are all."""


class _Refreshed(msgspec.Struct, frozen=True):
    """What is kept of a fresh code: a code is stored nowhere."""

    generation: int


class _Opened(msgspec.Struct, frozen=True):
    """What came of asking for the door: it opens, or the code was wrong and a try is gone."""

    door: DoorOpening | None = None
    wrong: WrongCode | None = None


class _Shared(msgspec.Struct, frozen=True):
    """What is kept of a link: its token is its holder's alone."""


async def own_orders(
    parts: MobileParts, principal: Principal, *, which: str, before: OrderId | None, limit: int
) -> list[ResidentOrder]:
    """Return the principal's orders, newest first; empty when there are none (any more).

    ``which`` is a key of WHICH; ``before`` is one of the principal's own orders: those placed before it.
    Raises NotFound when it is nobody's or somebody else's.
    """
    reach = reach_of(principal)
    async with parts.database.read() as tx:
        orders, place = OrderStore(tx), None
        if before is not None:
            place = ((await orders.get(before, reach)).placed_at, before)
        found = await orders.listed(reach, states=sorted(WHICH[which]), before=place, limit=limit)
        facts = await facts_of(tx, found)
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
            tx,
            order_id,
            reach_of(principal),
            by="resident",
            reason="changed_mind",
            actor=actor,
            at=at,
            rate=parts.clock.rate,
        )
        return resident_order((await facts_of(tx, [order]))[0], None, at=at)

    return await answer_once(
        parts.database, repeated, ResidentOrder, write, status=200, wall=parts.clock.wall()
    )


async def answer_own(
    parts: MobileParts,
    principal: Principal,
    order_id: OrderId,
    goods_id: GoodsId,
    is_taken: bool,
    repeated: Repeated,
) -> ResidentOrder:
    """Return the order after its customer said what may take the place of missing goods.

    Raises what ``answer_substitute`` raises.
    """
    at, actor = parts.clock.now(), f"{principal.kind}:{principal.id}"

    async def write(tx: Transaction) -> ResidentOrder:
        order = await answer_substitute(
            tx,
            order_id,
            goods_id,
            reach_of(principal),
            is_taken=is_taken,
            actor=actor,
            at=at,
            rate=parts.clock.rate,
        )
        return resident_order((await facts_of(tx, [order]))[0], None, at=at)

    return await answer_once(
        parts.database, repeated, ResidentOrder, write, status=200, wall=parts.clock.wall()
    )


async def own_code(parts: MobileParts, principal: Principal, order_id: OrderId) -> CodeView:
    """Return the code of the principal's order; raise NotFound, Conflict ``gone`` when the order is over."""
    async with parts.database.read() as tx:
        return code_view(await code_of_order(tx, order_id, reach_of(principal)))


async def fresh_code(
    parts: MobileParts, principal: Principal, order_id: OrderId, repeated: Repeated
) -> CodeView:
    """Return a fresh code of the principal's order; raise what ``refresh_code`` raises."""
    reach = reach_of(principal)

    async def write(tx: Transaction) -> _Refreshed:
        return _Refreshed((await refresh_code(tx, order_id, reach)).generation)

    wall = parts.clock.wall()
    fresh = await answer_once(parts.database, repeated, _Refreshed, write, status=200, wall=wall)
    async with parts.database.read() as tx:
        code = await code_of_order(tx, order_id, reach)
    return code_view(msgspec.structs.replace(code, generation=fresh.generation))


async def open_own(
    parts: MobileParts, principal: Principal, order_id: OrderId, asked: OpenDoor, repeated: Repeated
) -> DoorOpening:
    """Return the command that opens the door. Raises what ``open_for_recipient`` raises, and Conflict
    ``pickup-code-wrong``; a wrong code that is sent again under its key costs one try."""

    async def write(tx: Transaction) -> _Opened:
        answer = await open_for_recipient(
            tx,
            order_id,
            reach_of(principal),
            typed=asked.code,
            photo=asked.photo,
            actor=f"{principal.kind}:{principal.id}",
            at=parts.clock.now(),
            rate=parts.clock.rate,
        )
        if isinstance(answer, WrongCode):
            return _Opened(wrong=answer)
        state, expires_at = answer.state.value, answer.expires_at
        return _Opened(DoorOpening(command_id=answer.command_id, state=state, expires_at=expires_at))

    wall = parts.clock.wall()
    opened = await answer_once(parts.database, repeated, _Opened, write, status=202, wall=wall)
    if opened.door is not None:
        return opened.door
    fields = {} if opened.wrong is None else msgspec.structs.asdict(opened.wrong)
    raise Conflict("pickup-code-wrong", **fields)


async def share_own(
    parts: MobileParts, keys: SecretKeys, principal: Principal, order_id: OrderId, repeated: Repeated
) -> OrderLink:
    """Return a link by which somebody else may follow and collect the order; raise NotFound."""
    request = f"{repeated.principal_key} {order_id} {repeated.idempotency_key}"
    token = derived_token("ol", keys.digest("order-link", request))
    wall = parts.clock.wall()

    async def write(tx: Transaction) -> _Shared:
        order = await OrderStore(tx).get(order_id, reach_of(principal))
        at = parts.clock.now()
        await issue_link(tx, principal, order_id, order.resident_id, token=token, wall=wall, at=at)
        return _Shared()

    await answer_once(parts.database, repeated, _Shared, write, status=201, wall=wall)
    return OrderLink(order_id=order_id, token=token.token)


async def revoke_own_links(parts: MobileParts, principal: Principal, order_id: OrderId) -> int:
    """End every link of the principal's order and the sessions behind them; return how many there were."""
    wall, at = parts.clock.wall(), parts.clock.now()
    async with parts.database.write() as tx:
        await OrderStore(tx).get(order_id, reach_of(principal))
        ended = await end_links(tx, order_id, wall=wall)
        if ended:
            fields = {"links": ended}
            await audit.record(tx, principal, "order_link.revoked", f"order:{order_id}", fields, at=at)
    return ended


async def _pages(parts: MobileParts, facts: list[OrderFacts]) -> list[ResidentOrder]:
    heard = await parts.heard_of([each.watched for each in facts if each.watched is not None])
    at = parts.clock.now()
    return [
        resident_order(each, None if each.watched is None else heard.get(each.watched), at=at)
        for each in facts
    ]
