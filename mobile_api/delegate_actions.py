"""Who collects in a recipient's place, each a use case with the delegate as the answer."""

from collections.abc import Awaitable, Callable

import msgspec

from core.auth.principal import Principal, reach_of
from core.auth.residents import ResidentStore
from core.database import Transaction
from core.ids import OrderId
from core.privacy.masks import mask_phone
from core.repeatable import Repeated, answer_once
from mobile_api.parts import MobileParts
from mobile_api.schemas.orders import DelegateView, NameDelegate
from services.delegation.name_delegate import (
    CodeHands,
    Naming,
    name_delegate,
    refresh_delegate,
    revoke_delegate,
)
from services.delegation.store import DelegateStore
from services.orders.order import Order
from services.orders.store import OrderStore


class _Done(msgspec.Struct, frozen=True):
    """What is kept of a change: neither a name nor a phone lies with an answer."""


async def own_delegate(parts: MobileParts, principal: Principal, order_id: OrderId) -> DelegateView | None:
    """Return who may collect the principal's order in her place now; None for nobody. Raises NotFound."""
    async with parts.database.read() as tx:
        await OrderStore(tx).get(order_id, reach_of(principal))
        one = await DelegateStore(tx).good_one(order_id, parts.clock.now())
        if one is None:
            return None
        phone = await ResidentStore(tx, parts.keys).phone_of(one.resident_id)
    return DelegateView(
        name=one.name,
        phone_masked="" if phone is None else mask_phone(phone),
        expires_at=one.expires_at,
        is_locked=one.code.is_locked,
        can_refresh=one.code.can_refresh,
    )


async def name_own(
    parts: MobileParts, principal: Principal, order_id: OrderId, data: NameDelegate, repeated: Repeated
) -> DelegateView | None:
    """Return the delegate who was named; she is told by text. Raises what ``name_delegate`` raises."""
    naming = Naming(name=data.name, phone=data.phone, for_s=data.hours * 3600.0)
    at, hands = parts.clock.now(), _hands(parts)

    async def write(tx: Transaction) -> Order:
        return await name_delegate(tx, principal, order_id, naming, hands, at=at)

    return await _changed(parts, principal, order_id, repeated, write)


async def refresh_own(
    parts: MobileParts, principal: Principal, order_id: OrderId, repeated: Repeated
) -> DelegateView | None:
    """Return the delegate who gets a fresh code by text. Raises what ``refresh_delegate`` raises."""

    async def write(tx: Transaction) -> Order:
        return await refresh_delegate(tx, principal, order_id, at=parts.clock.now())

    return await _changed(parts, principal, order_id, repeated, write)


async def revoke_own(
    parts: MobileParts, principal: Principal, order_id: OrderId, repeated: Repeated
) -> DelegateView | None:
    """Return None: nobody may collect in the principal's place any more. Raises NotFound."""
    at, hands = parts.clock.now(), _hands(parts)

    async def write(tx: Transaction) -> Order:
        return await revoke_delegate(tx, principal, order_id, hands, at=at)

    return await _changed(parts, principal, order_id, repeated, write)


async def _changed(
    parts: MobileParts,
    principal: Principal,
    order_id: OrderId,
    repeated: Repeated,
    write: Callable[[Transaction], Awaitable[Order]],
) -> DelegateView | None:
    async def work(tx: Transaction) -> _Done:
        await write(tx)
        return _Done()

    await answer_once(parts.database, repeated, _Done, work, status=200, wall=parts.clock.wall())
    return await own_delegate(parts, principal, order_id)


def _hands(parts: MobileParts) -> CodeHands:
    return CodeHands(parts.keys, parts.keypad_root, parts.clock.rate)
