"""SQL of orders: compare-and-set on the version, one row of history for every event."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, select

from core.auth.principal import EVERYTHING, Reach
from core.auth.reach_sql import only, within
from core.changes import tell_changed
from core.database import CompareAndSet, Transaction
from core.database.kept import append, kept
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import DistrictCode, OrderId
from services.notices.want_notice import stand_down
from services.orders.order import Order, advance
from services.orders.states import TERMINAL, MerchantAccepted, OrderEvent, OrderState
from services.orders.subject import subject_key
from services.orders.tables import order_events, orders
from services.settlement.book_order import book_move, book_placed
from services.settlement.terms import PaidBy


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an order. ``actor`` is ``kind:id`` of who caused it, ``vehicle:7`` for a report."""

    version: int
    at: datetime
    event: str
    from_state: OrderState | None
    to_state: OrderState
    epoch: int
    actor: str
    vehicle_no: int | None
    detail: dict[str, object]


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is not stored yet: as it is placed, as it is then, and how it came there."""

    placed: Order
    order: Order
    history: tuple[HistoryLine, ...]
    actor: str
    paid_by: PaidBy = PaidBy.AT_PICKUP


def new_order(
    placed: Order,
    *,
    actor: str,
    paid_by: PaidBy = PaidBy.AT_PICKUP,
    detail: dict[str, object] | None = None,
    accepted: MerchantAccepted | None = None,
) -> NewOrder:
    """Return a new order with its history. With ``accepted`` its merchant has taken it in the same moment."""
    at = placed.placed_at
    order, lines = placed, [_line(None, placed, "OrderPlaced", actor, detail or {}, at=at)]
    if accepted is not None:
        order = advance(placed, accepted, at=at)
        said, by = msgspec.to_builtins(accepted), f"merchant:{placed.merchant_id}"
        lines.append(_line(placed, order, type(accepted).__name__, by, said, at=at))
    return NewOrder(placed=placed, order=order, history=tuple(lines), actor=actor, paid_by=paid_by)


_UNCHANGED = CompareAndSet(orders, "order_id", "version", "state", "epoch")
_UNMOVED = CompareAndSet(orders, "order_id", "version")
_HISTORY = insert(order_events)


@lru_cache(64)
def _of_ids(reach: Reach) -> Select[Any]:
    wanted = orders.c.order_id.in_(bindparam("ids", expanding=True))
    return select(orders).where(wanted, *_within(reach))


class OrderStore:
    """Reads and moves orders. Every read for somebody takes his reach."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, new: Sequence[NewOrder]) -> None:
        """Store orders of one moment with their history, hold what is paid for them beforehand, and tell the
        live screens. Raises Conflict ``balance-too-low``."""
        if not new:
            return
        await self._tx.execute(insert(orders), [_values(each.order) for each in new])
        await book_placed(self._tx, [(each.placed, each.paid_by, each.actor) for each in new])
        await self._tell([(each.order, each.history) for each in new], new[0].placed.placed_at)

    async def get(self, order_id: OrderId, reach: Reach) -> Order:
        """Return an order within the reach; raise NotFound when there is none (or none of his)."""
        found = await self.of_ids([order_id], reach)
        if not found:
            raise NotFound("not-found", "no such order", order_id=order_id)
        return found[order_id]

    async def move(
        self, order: Order, event: OrderEvent, *, at: datetime, actor: str, vehicle_no: int | None = None
    ) -> Order:
        """Advance and write the order if nobody changed it in between, with its history and the money it
        moves; what was still to be told about an arrival or an order that is over is not.

        Raises IllegalTransition, and Conflict on a lost race.
        """
        moved = advance(order, event, at=at)
        await self._write(order, moved)
        await book_move(self._tx, order, moved, type(event).__name__, actor=actor, at=at)
        if order.state is OrderState.ARRIVED or moved.is_terminal:
            await stand_down(self._tx, subject_key(order.order_id), at=at)
        detail = msgspec.to_builtins(event)
        line = _line(order, moved, type(event).__name__, actor, detail, at=at, vehicle_no=vehicle_no)
        await self._tell([(moved, [line])], at)
        return moved

    async def note(self, order: Order, *, at: datetime, **changes: object) -> Order:
        """Write what is no event (a new expected time, why it waits, a reminder sent); the version stays.

        Returns the order as it was when somebody moved it in between: the note is then out of date.
        """
        noted: Order = msgspec.structs.replace(order, **changes)
        if noted == order:
            return order
        if not await _UNMOVED.write(self._tx, order, changes):
            kept(self._tx, Order).pop(order.order_id, None)
            return order
        kept(self._tx, Order)[order.order_id] = noted
        self.announce(noted, at)
        return noted

    async def listed(
        self,
        reach: Reach,
        *,
        states: Sequence[OrderState] = (),
        district: DistrictCode | None = None,
        open_or_closed_since: datetime | None = None,
        before: tuple[datetime, OrderId] | None = None,
        limit: int = 100,
    ) -> list[Order]:
        """Return orders within the reach, newest first; no states means all.

        ``open_or_closed_since`` leaves out what was closed before that moment; ``before`` is the (placed_at,
        order_id) of the last order of the page before.
        """
        query = select(orders).where(*_within(reach))
        if open_or_closed_since is not None:
            is_open = orders.c.state.not_in(sorted(TERMINAL))
            query = query.where(is_open | (orders.c.closed_at >= open_or_closed_since))
        if states:
            query = query.where(orders.c.state.in_(sorted(states)))
        if district is not None:
            query = query.where(orders.c.district == district)
        if before is not None:
            at, order_id = before
            earlier = and_(orders.c.placed_at == at, orders.c.order_id < order_id)
            query = query.where((orders.c.placed_at < at) | earlier)
        newest_first = query.order_by(orders.c.placed_at.desc(), orders.c.order_id.desc())
        return await self._select(newest_first.limit(limit))

    async def waiting(self, district: DistrictCode, *, limit: int = 400) -> list[Order]:
        """Return the accepted orders of a zone that no vehicle has, the longest waiting first."""
        query = select(orders).where(orders.c.state == OrderState.ACCEPTED, orders.c.district == district)
        return await self._select(query.order_by(orders.c.accepted_at, orders.c.order_id).limit(limit))

    async def waiting_zones(self) -> list[DistrictCode]:
        """Return the zones in which at least one accepted order waits."""
        query = select(orders.c.district).where(orders.c.state == OrderState.ACCEPTED).distinct()
        return sorted(row.district for row in await self._tx.execute(query))

    async def in_states(self, states: Sequence[OrderState], *, limit: int = 1000) -> list[Order]:
        """Return orders in any of the states, the oldest first."""
        query = select(orders).where(orders.c.state.in_(sorted(states))).order_by(orders.c.placed_at)
        return await self._select(query.limit(limit))

    async def of_ids(self, ids: Sequence[OrderId], reach: Reach) -> dict[OrderId, Order]:
        """Return the orders of these ids that lie within the reach."""
        ours = kept(self._tx, Order) if reach is EVERYTHING else {}
        if missing := sorted(set(ids) - ours.keys()):
            found = await self._select(_of_ids(reach), ids=missing)
            ours.update((order.order_id, order) for order in found)
        return {order_id: ours[order_id] for order_id in ids if order_id in ours}

    async def history(self, order_id: OrderId) -> list[HistoryLine]:
        """Return everything that happened to an order, first to last. Read the order with a reach before."""
        return (await self.histories([order_id])).get(order_id, [])

    async def histories(self, ids: Sequence[OrderId]) -> dict[OrderId, list[HistoryLine]]:
        """Return what happened to several orders, each first to last. Read them with a reach before."""
        if not ids:
            return {}
        query = select(order_events).where(order_events.c.order_id.in_(sorted(set(ids))))
        found: dict[OrderId, list[HistoryLine]] = {}
        for row in (await self._tx.execute(query.order_by(order_events.c.version))).mappings():
            found.setdefault(OrderId(row["order_id"]), []).append(read_row(row, HistoryLine))
        return found

    async def count_waiting(self, district: DistrictCode) -> int:
        """Return how many accepted or created orders of a zone have no vehicle."""
        open_states = sorted([OrderState.CREATED, OrderState.ACCEPTED])
        query = select(func.count()).where(orders.c.district == district, orders.c.state.in_(open_states))
        return int((await self._tx.execute(query)).scalar_one())

    async def _select(self, query: Select[Any], **given: object) -> list[Order]:
        rows = (await self._tx.execute(query, given)).mappings()
        return [read_row(row, Order) for row in rows]

    async def _write(self, before: Order, after: Order) -> None:
        ours = kept(self._tx, Order)
        if not await _UNCHANGED.write(self._tx, before, _values(after)):
            ours.pop(before.order_id, None)
            raise Conflict("conflict", "the order was changed in between", order_id=before.order_id)
        ours[after.order_id] = after

    async def _tell(self, told: Sequence[tuple[Order, Sequence[HistoryLine]]], at: datetime) -> None:
        """Write what happened to orders and tell the live screens."""
        for order, lines in told:
            for line in lines:
                await append(self._tx, _HISTORY, {"order_id": order.order_id, **msgspec.structs.asdict(line)})
            self.announce(order, at)

    def announce(self, order: Order, at: datetime) -> None:
        """Tell the live screens to read the order again once this transaction is committed."""
        tell_changed(self._tx, "order", order.order_id, at=at)


def _line(
    before: Order | None,
    after: Order,
    event: str,
    actor: str,
    detail: dict[str, object],
    *,
    at: datetime,
    vehicle_no: int | None = None,
) -> HistoryLine:
    return HistoryLine(
        version=after.version,
        at=at,
        event=event,
        from_state=None if before is None else before.state,
        to_state=after.state,
        epoch=after.epoch,
        actor=actor,
        vehicle_no=after.vehicle_no if vehicle_no is None else vehicle_no,
        detail=detail,
    )


def _within(reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (
        within(orders.c.district, reach.districts),
        within(orders.c.operator, reach.operators),
        within(orders.c.merchant_id, reach.merchants),
        only(orders.c.resident_id, reach.resident),
        only(orders.c.order_id, reach.order),
    )


def _values(order: Order) -> dict[str, Any]:
    return {field: getattr(order, field) for field in order.__struct_fields__}
