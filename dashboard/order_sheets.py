"""Orders with everything that a board or a drawer shows of them, read together."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from core.auth.principal import EVERYTHING, Reach
from core.auth.residents import ResidentStore
from core.database import Database, Transaction
from core.errors import Unavailable
from core.ids import DistrictCode, GoodsId, OrderId, TaskId, VehicleNo
from core.privacy.cipher import SecretKeys
from core.privacy.masks import mask_phone
from fleet.vehicles.last_heard import LastHeard, LastHeardReader
from fleet.vehicles.store import VehicleStore
from services.delegation.collected import Collected, collected_of
from services.delegation.store import DelegateStore
from services.delivery.catalogue import Goods, Merchant, PickupPoint
from services.delivery.store import CatalogueStore
from services.dispatch.store import Decision, DecisionStore
from services.orders.expected import Expected, expected
from services.orders.order import Order
from services.orders.states import OrderState
from services.orders.store import HistoryLine, OrderStore
from services.substitutions.store import SubstitutionStore
from services.substitutions.substitution import Substitution
from services.tasks.store import TaskStore
from services.tasks.task import Task

CLOSED_FOR = timedelta(hours=12)
"""City time that a closed order stays on the board."""
MOST = 500
"""Orders in a snapshot of the board, newest first."""


class OrderPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of the list ended."""

    placed_at: datetime
    order_id: str


class OrderSheet(msgspec.Struct, frozen=True, kw_only=True):
    """One order of the board; ``phone`` is masked, None when the resident left."""

    order: Order
    merchant: Merchant
    point: PickupPoint
    vehicle_code: str | None
    phone: str | None
    now: Expected


class OrderDossier(msgspec.Struct, frozen=True, kw_only=True):
    """One order with its history, its task and every decision about it, the newest decision first."""

    sheet: OrderSheet
    history: tuple[HistoryLine, ...]
    decisions: tuple[Decision, ...]
    task: Task | None
    substitutions: tuple[Substitution, ...]
    lacking: Mapping[GoodsId, Goods]
    """The goods that the substitutions are for."""
    collected: Collected | None = None
    collector_phone: str | None = None
    """Of a delegate who collected, masked; None for anybody else."""


class OrderDesk:
    """Reads orders for people at screens. One per api process."""

    def __init__(self, database: Database, last_heard: LastHeardReader, keys: SecretKeys) -> None:
        """Take the stores and the keys by which phones are read, to be masked at once."""
        self._database = database
        self._last_heard = last_heard
        self._keys = keys

    async def board(self, reach: Reach, *, at: datetime) -> list[OrderSheet]:
        """Return what is open or was closed in the last twelve hours, newest first."""
        async with self._database.read() as tx:
            found = await OrderStore(tx).listed(reach, open_or_closed_since=at - CLOSED_FOR, limit=MOST)
            return await self._sheets(tx, found, at)

    async def page(
        self,
        reach: Reach,
        *,
        at: datetime,
        states: Sequence[OrderState],
        district: DistrictCode | None,
        after: OrderPlace | None,
        limit: int,
    ) -> list[OrderSheet]:
        """Return a page of the board, or of all orders in the states asked for; newest first."""
        async with self._database.read() as tx:
            found = await OrderStore(tx).listed(
                reach,
                states=states,
                district=district,
                open_or_closed_since=None if states else at - CLOSED_FOR,
                before=None if after is None else (after.placed_at, OrderId(after.order_id)),
                limit=limit,
            )
            return await self._sheets(tx, found, at)

    async def named(self, ids: Sequence[OrderId], reach: Reach, *, at: datetime) -> list[OrderSheet]:
        """Return those of the orders that lie within the reach and still on the board."""
        async with self._database.read() as tx:
            found = (await OrderStore(tx).of_ids(ids, reach)).values()
            since = at - CLOSED_FOR
            shown = [order for order in found if order.closed_at is None or order.closed_at >= since]
            return await self._sheets(tx, shown, at)

    async def dossier(self, order_id: OrderId, reach: Reach, *, at: datetime) -> OrderDossier:
        """Return one order with all that is kept about it; raise NotFound."""
        async with self._database.read() as tx:
            order = await OrderStore(tx).get(order_id, reach)
            [sheet] = await self._sheets(tx, [order], at)
            return await self._dossier(tx, sheet)

    async def dossier_after(self, tx: Transaction, order: Order, *, at: datetime) -> OrderDossier:
        """Return the order that the transaction changed, with all that is kept about it.

        Its vehicle's last state is left out: nothing that writes waits for Redis.
        """
        [sheet] = await self._sheets(tx, [order], at, with_vehicles=False)
        return await self._dossier(tx, sheet)

    async def _sheets(
        self, tx: Transaction, orders: Sequence[Order], at: datetime, *, with_vehicles: bool = True
    ) -> list[OrderSheet]:
        merchants = await CatalogueStore(tx).merchants_by_id([o.merchant_id for o in orders], EVERYTHING)
        points = await CatalogueStore(tx).pickup_points_by_id([o.pickup_point_id for o in orders])
        numbers = {order.vehicle_no for order in orders if order.vehicle_no is not None}
        codes = await VehicleStore(tx).codes_of(numbers)
        phones = await ResidentStore(tx, self._keys).phones_of(frozenset(o.resident_id for o in orders))
        moving = [order for order in orders if not order.is_terminal]
        tasks = await TaskStore(tx).of_ids([o.task_id for o in moving if o.task_id], EVERYTHING)
        watched = moving if with_vehicles else []
        heard = await self._heard([o.vehicle_no for o in watched if o.vehicle_no is not None])
        return [
            OrderSheet(
                order=order,
                merchant=merchants[order.merchant_id],
                point=points[order.pickup_point_id],
                vehicle_code=None if order.vehicle_no is None else codes.get(order.vehicle_no),
                phone=_masked(phones.get(order.resident_id)),
                now=_expected(order, tasks, heard, at),
            )
            for order in orders
        ]

    async def _dossier(self, tx: Transaction, sheet: OrderSheet) -> OrderDossier:
        order_id, task_id = sheet.order.order_id, sheet.order.task_id
        collected = collected_of(sheet.order, await DelegateStore(tx).of_order(order_id))
        phone = None
        if collected is not None and collected.delegate is not None:
            phone = await ResidentStore(tx, self._keys).phone_of(collected.delegate.resident_id)
        offers = await SubstitutionStore(tx).of_order(order_id)
        return OrderDossier(
            sheet=sheet,
            history=tuple(await OrderStore(tx).history(order_id)),
            decisions=tuple(await DecisionStore(tx).of_order(order_id)),
            task=None if task_id is None else await TaskStore(tx).find(task_id, EVERYTHING),
            substitutions=offers,
            lacking=await CatalogueStore(tx).goods_by_id([one.goods_id for one in offers]),
            collected=collected,
            collector_phone=_masked(phone),
        )

    async def _heard(self, numbers: Sequence[VehicleNo]) -> dict[VehicleNo, LastHeard]:
        """Return the last state of vehicles; nothing while it cannot be read: the board shows the rest."""
        if not numbers:
            return {}
        try:
            return dict(await self._last_heard.last_heard(numbers))
        except Unavailable:
            return {}


def _expected(
    order: Order, tasks: dict[TaskId, Task], heard: dict[VehicleNo, LastHeard], at: datetime
) -> Expected:
    if order.is_terminal:
        return Expected()
    task = None if order.task_id is None else tasks.get(order.task_id)
    return expected(order, task, None if order.vehicle_no is None else heard.get(order.vehicle_no), at=at)


def _masked(phone: str | None) -> str | None:
    return None if phone is None else mask_phone(phone)
