"""The customer names who collects in her place, gives her a fresh code, or takes the right back."""

import secrets
from datetime import datetime, timedelta

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.residents import ResidentStore
from core.database import Transaction
from core.errors import Conflict, Invalid, NotFound
from core.ids import OrderId
from core.privacy.cipher import SecretKeys
from core.privacy.phones import parse_phone
from services.delegation.delegate import Delegate, next_number
from services.delegation.notices import delegate_key, tell_delegate
from services.delegation.store import DelegateStore
from services.delegation.vehicle_codes import tell_vehicle
from services.delivery.pickup_code import SECRET_BYTES
from services.notices.kinds import Occasion
from services.notices.want_notice import stand_down
from services.orders.order import Order
from services.orders.store import OrderStore

MOST_NAME_CHARS = 40
LONGEST_S = 48 * 3600.0
"""City seconds that a delegate's code is good for at most; it dies with the order anyway."""


class Naming(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the customer names, and for how many city seconds."""

    name: str
    phone: str
    for_s: float


class CodeHands:
    """What naming needs beside the transaction: keys of phones and keypads, and the clock's rate."""

    def __init__(self, keys: SecretKeys, keypad_root: str, rate: float) -> None:
        """Take the keys, and city seconds a wall second for the life of commands."""
        self.keys = keys
        self.keypad_root = keypad_root
        self.rate = rate


async def name_delegate(
    tx: Transaction,
    principal: Principal,
    order_id: OrderId,
    naming: Naming,
    hands: CodeHands,
    *,
    at: datetime,
) -> Order:
    """Return the order whose delegate has a code of her own by text; an earlier delegate's code is dead.

    The vehicle is told, if one has the order. Raises NotFound, Conflict ``gone`` when the order is over,
    Invalid for an empty name, a text that is no phone number or a time past 48 hours.
    """
    order = await _open_order(tx, principal, order_id)
    name = naming.name.strip()
    if not 1 <= len(name) <= MOST_NAME_CHARS:
        raise Invalid("invalid-input", "a name", field="name", limit=MOST_NAME_CHARS)
    if not 0 < naming.for_s <= LONGEST_S:
        raise Invalid("time-out-of-range", "48 hours at most", field="hours", limit=LONGEST_S / 3600)
    store = DelegateStore(tx)
    known = await store.of_order(order_id)
    for one in known:
        await _revoked(tx, one, at)
    delegate = Delegate(
        order_id=order_id,
        number=next_number(known),
        resident_id=await ResidentStore(tx, hands.keys).ensure(parse_phone(naming.phone), at=at),
        name=name,
        secret=secrets.token_bytes(SECRET_BYTES),
        named_at=at,
        expires_at=at + timedelta(seconds=naming.for_s),
    )
    await store.add(delegate)
    await _told(tx, order, hands, at)
    await tell_delegate(tx, order, delegate, Occasion.DELEGATED, turn=1, at=at)
    fields = {"number": delegate.number, "expires_at": delegate.expires_at.isoformat()}
    await audit.record(tx, principal, "order.delegate_named", f"order:{order_id}", fields, at=at)
    return order


async def refresh_delegate(
    tx: Transaction, principal: Principal, order_id: OrderId, *, at: datetime
) -> Order:
    """Return the order whose delegate gets a fresh code by text; the vehicle knows it already.

    Raises NotFound without a delegate whose code is good, Conflict ``pickup-code-locked`` after the third.
    """
    order = await _open_order(tx, principal, order_id)
    one = await DelegateStore(tx).good_one(order_id, at)
    if one is None:
        raise NotFound("not-found", "nobody may collect in your place now", order_id=order_id)
    fresh = one.with_code(one.code.refresh())
    await DelegateStore(tx).save(one, fresh)
    await tell_delegate(tx, order, fresh, Occasion.DELEGATED, turn=fresh.generation, at=at)
    OrderStore(tx).announce(order, at)
    return order


async def revoke_delegate(
    tx: Transaction, principal: Principal, order_id: OrderId, hands: CodeHands, *, at: datetime
) -> Order:
    """Return the order that nobody else may collect any more; one without a delegate is given back as it is.

    Raises NotFound.
    """
    order = await OrderStore(tx).get(order_id, reach_of(principal))
    ended = [one.number for one in await DelegateStore(tx).of_order(order_id) if await _revoked(tx, one, at)]
    if ended:
        await _told(tx, order, hands, at)
        fields = {"number": ended[-1]}
        await audit.record(tx, principal, "order.delegate_revoked", f"order:{order_id}", fields, at=at)
    return order


async def _open_order(tx: Transaction, principal: Principal, order_id: OrderId) -> Order:
    order = await OrderStore(tx).get(order_id, reach_of(principal))
    if order.is_terminal:
        raise Conflict("gone", "the order is over and its pick-up code with it")
    return order


async def _revoked(tx: Transaction, one: Delegate, at: datetime) -> bool:
    """Let a delegate's code die, and what she was still to be told; return whether it was alive."""
    after = one.revoke(at)
    await DelegateStore(tx).save(one, after)
    await stand_down(tx, delegate_key(one), at=at)
    return after.version != one.version


async def _told(tx: Transaction, order: Order, hands: CodeHands, at: datetime) -> None:
    await tell_vehicle(tx, order, keypad_root=hands.keypad_root, at=at, rate=hands.rate)
    OrderStore(tx).announce(order, at)
