"""Placing orders: goods reserved, codes made, orders and wake-ups written in one transaction."""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self

import msgspec

from core.database import Transaction
from core.errors import SteppeError
from core.ids import GoodsId, MerchantId, OperatorId, OrderId, ResidentId, new_id
from services.delivery.catalogue import Goods
from services.delivery.code_store import PickupCodeStore
from services.delivery.pickup_code import SECRET_BYTES, PickupCode
from services.delivery.store import CatalogueStore
from services.flows.flow import FlowVersion
from services.flows.store import FlowStore
from services.merchants.desk import Desk
from services.merchants.store import DeskStore
from services.notices.store import WishStore
from services.notices.wishes import Wishes
from services.orders.draft import CheckedDraft, goods_of, judge_draft, shelf_of
from services.orders.order import Order
from services.orders.promise import Promise
from services.orders.states import MerchantAccepted
from services.orders.store import HistoryLine, NewOrder, OrderStore, new_order
from services.orders.zone import want_dispatch
from services.settlement.terms import PaidBy


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A draft that was checked a moment ago, for whom, what she is promised and how she pays.

    ``placed_by`` names who orders on the resident's behalf, ``consent`` how she agreed; empty is she herself.
    """

    checked: CheckedDraft
    resident_id: ResidentId
    promised: Promise
    paid_by: PaidBy = PaidBy.AT_PICKUP
    placed_by: str = ""
    consent: str = ""


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A new order with what was written beside it, so that nobody has to read it again for its page."""

    order: Order
    checked: CheckedDraft
    code: PickupCode
    history: tuple[HistoryLine, ...]
    flow: FlowVersion
    paid_by: PaidBy


async def place_order(tx: Transaction, wanted: Wanted, *, at: datetime) -> PlacedOrder:
    """Return the new order; its shop and shelf are read again.

    A merchant that accepts by itself has accepted when this returns, and a dispatch round is asked for.
    Raises what ``judge_draft`` raises, also ``out-of-stock`` when somebody was faster at the shelf, and
    Conflict ``balance-too-low``.
    """
    [placed] = await place_orders(tx, [wanted], at=at)
    if isinstance(placed, SteppeError):
        raise placed
    return placed


async def place_orders(
    tx: Transaction, wanted: Sequence[Wanted], *, at: datetime
) -> list[PlacedOrder | SteppeError]:
    """Place several orders one after the other, as ``place_order`` does; a refusal is one order's alone."""
    if not wanted:
        return []
    room, unwritten = await _Room.read(tx, wanted), []
    placed: list[PlacedOrder | SteppeError] = []
    for each in wanted:
        try:
            checked, new = room.judge(each, at=at)
            if each.paid_by is PaidBy.BALANCE:
                # the ledger may refuse it after it was written
                async with tx.begin_nested():
                    await OrderStore(tx).add([new])
        except SteppeError as refusal:
            placed.append(refusal)
            continue
        if each.paid_by is not PaidBy.BALANCE:
            unwritten.append(new)
        room.take(checked)
        placed.append(_placed(each, checked, new, room.flows[checked.operator]))
    made = [each for each in placed if isinstance(each, PlacedOrder)]
    await OrderStore(tx).add(unwritten)
    await PickupCodeStore(tx).add([each.code for each in made])
    await CatalogueStore(tx).take(room.taken)
    for zone in sorted({each.order.district for each in made if each.checked.merchant.accepts_itself}):
        await want_dispatch(tx, zone, at=at)
    return placed


class _Room:
    """What people change from one moment to the next, read again and held: shelves, desks, wishes, flows."""

    def __init__(
        self,
        shelf: Mapping[GoodsId, Goods],
        desks: Mapping[MerchantId, Desk],
        wishes: Mapping[ResidentId, Wishes],
        flows: Mapping[OperatorId, FlowVersion],
    ) -> None:
        self._shelf = dict(shelf)
        self._desks = desks
        self._wishes = wishes
        self.flows = flows
        self.taken: Counter[GoodsId] = Counter()

    @classmethod
    async def read(cls, tx: Transaction, wanted: Sequence[Wanted]) -> Self:
        checked = [each.checked for each in wanted]
        operators = sorted({each.operator for each in checked})
        return cls(
            shelf=await CatalogueStore(tx).hold(goods_of(each.draft for each in checked)),
            desks=await DeskStore(tx).of([each.merchant.merchant_id for each in checked]),
            wishes=await WishStore(tx).of_all([each.resident_id for each in wanted]),
            flows={operator: await FlowStore(tx).newest(operator) for operator in operators},
        )

    def judge(self, wanted: Wanted, *, at: datetime) -> tuple[CheckedDraft, NewOrder]:
        """Return the order as it can be served now; raise what ``judge_draft`` raises."""
        before = wanted.checked
        facts = msgspec.structs.replace(
            before.facts,
            desk=self._desks[before.merchant.merchant_id],
            shelf=shelf_of(before.draft, self._shelf),
        )
        checked = judge_draft(before.draft, facts, at=at)
        return checked, self._new(wanted, checked, at)

    def take(self, checked: CheckedDraft) -> None:
        """Leave to the next what this order leaves."""
        for line in checked.lines:
            self.taken[line.goods_id] += line.quantity
            thing = self._shelf[line.goods_id]
            self._shelf[line.goods_id] = msgspec.structs.replace(thing, stock=thing.stock - line.quantity)

    def _new(self, wanted: Wanted, checked: CheckedDraft, at: datetime) -> NewOrder:
        accepted = None
        if checked.merchant.accepts_itself:
            accepted = MerchantAccepted(ready_at=at + timedelta(seconds=checked.ready_s))
        order = msgspec.structs.replace(
            _order(checked, wanted.resident_id, wanted.promised, at),
            extra_wait_s=self._wishes[wanted.resident_id].extra_wait_s,
            first_wait_s=checked.facts.waits.first_at(checked.pickup_point),
            second_wait_s=checked.facts.waits.second_s,
            placed_by=wanted.placed_by,
            flow_version=self.flows[checked.operator].version,
        )
        return new_order(
            order,
            actor=wanted.placed_by or f"resident:{wanted.resident_id}",
            paid_by=wanted.paid_by,
            detail={"consent": wanted.consent} if wanted.consent else {},
            accepted=accepted,
        )


def _placed(wanted: Wanted, checked: CheckedDraft, new: NewOrder, flow: FlowVersion) -> PlacedOrder:
    return PlacedOrder(
        order=new.order,
        checked=checked,
        code=PickupCode(order_id=new.order.order_id, secret=secrets.token_bytes(SECRET_BYTES)),
        history=new.history,
        flow=flow,
        paid_by=wanted.paid_by,
    )


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
