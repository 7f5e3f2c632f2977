"""What a merchant does with the orders he packs and with his shelf, each a use case with its own answer."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from core.auth.principal import EVERYTHING, Principal, reach_of
from core.database import Transaction
from core.ids import GoodsId, OrderId, TaskId
from core.repeatable import Repeated, answer_once
from mobile_api.parts import MobileParts
from mobile_api.schemas.catalogue import ShelfGoods, shelf_goods
from mobile_api.schemas.merchant_orders import Beside, MerchantOrder, PickList, merchant_order, pick_list
from services.delivery.count_goods import count_goods, mark_goods
from services.delivery.store import CatalogueStore, CompartmentStore
from services.dispatch.store import DecisionStore
from services.flows.do_step import prove_load
from services.flows.flow import ProofKind
from services.flows.store import FlowStore
from services.merchants.store import DeskStore
from services.orders.accept_order import accept_order, goods_ready
from services.orders.load_order import load_order
from services.orders.order import Order
from services.orders.states import OrderState
from services.orders.store import OrderStore
from services.substitutions.offer_substitute import Lacking, offer_substitute
from services.substitutions.store import SubstitutionStore
from services.tasks.store import TaskStore

MOST_LISTED = 200
TO_DO = (
    OrderState.CREATED,
    OrderState.ACCEPTED,
    OrderState.ASSIGNED,
    OrderState.PICKING_UP,
    OrderState.RETURNING,
)
"""States in which the merchant has something to do or to expect."""


async def orders_to_pack(
    parts: MobileParts, principal: Principal, states: tuple[OrderState, ...]
) -> list[MerchantOrder]:
    """Return the merchant's orders in these states, newest first; no states means those with something to
    do."""
    async with parts.database.read() as tx:
        found = await OrderStore(tx).listed(reach_of(principal), states=states or TO_DO, limit=MOST_LISTED)
        return await merchant_orders(tx, found, at=parts.clock.now())


async def accept_own(
    parts: MobileParts,
    principal: Principal,
    order_id: OrderId,
    ready_in_s: float | None,
    repeated: Repeated,
) -> MerchantOrder:
    """Return the accepted order; without a time the goods' own preparation time counts."""
    at = parts.clock.now()

    async def write(tx: Transaction) -> Order:
        seconds = await _usual_s(tx, principal, order_id, at) if ready_in_s is None else ready_in_s
        ready_at = at + timedelta(seconds=seconds)
        actor = _actor(principal)
        return await accept_order(tx, order_id, reach_of(principal), ready_at=ready_at, actor=actor, at=at)

    return await _moved(parts, repeated, write, status=200)


async def ready_own(
    parts: MobileParts,
    principal: Principal,
    order_id: OrderId,
    weights: Mapping[GoodsId, int],
    repeated: Repeated,
) -> MerchantOrder:
    """Return the order whose goods are ready now; ``weights`` are grams of goods sold by weight."""

    async def write(tx: Transaction) -> Order:
        actor, at = _actor(principal), parts.clock.now()
        reach = reach_of(principal)
        return await goods_ready(tx, order_id, reach, weights=weights, actor=actor, at=at)

    return await _moved(parts, repeated, write, status=200)


async def offer_own(
    parts: MobileParts, principal: Principal, order_id: OrderId, lacking: Lacking, repeated: Repeated
) -> MerchantOrder:
    """Return the order whose customer is asked about what the merchant lacks."""

    async def write(tx: Transaction) -> Order:
        return await offer_substitute(tx, principal, order_id, lacking, at=parts.clock.now())

    return await _moved(parts, repeated, write, status=200)


async def prove_own(
    parts: MobileParts,
    principal: Principal,
    order_id: OrderId,
    kind: ProofKind,
    said: str,
    repeated: Repeated,
) -> MerchantOrder:
    """Return the order of whose load somebody said what it is, or showed it."""

    async def write(tx: Transaction) -> Order:
        return await prove_load(tx, principal, order_id, kind, said, at=parts.clock.now())

    return await _moved(parts, repeated, write, status=200)


async def load_own(
    parts: MobileParts, principal: Principal, order_id: OrderId, compartment: int | None, repeated: Repeated
) -> MerchantOrder:
    """Ask the vehicle to open the compartment for the goods; the same key asks once."""
    at = parts.clock.now()

    async def write(tx: Transaction) -> Order:
        return await load_order(
            tx,
            order_id,
            reach_of(principal),
            compartment=compartment,
            actor=_actor(principal),
            at=at,
            rate=parts.clock.rate,
        )

    return await _moved(parts, repeated, write, status=202)


async def picks_of_own(parts: MobileParts, principal: Principal, order_id: OrderId) -> PickList:
    """Return what to take from the shelf for one order; raise NotFound for another merchant's."""
    async with parts.database.read() as tx:
        order = await OrderStore(tx).get(order_id, reach_of(principal))
        shelf = await CatalogueStore(tx).goods_by_id([line.goods_id for line in order.lines])
        numbers = [] if order.vehicle_no is None else [order.vehicle_no]
        boxes = [box for layout in (await CompartmentStore(tx).layouts(numbers)).values() for box in layout]
    label = next((box.label for box in boxes if box.number == order.compartment), "")
    return pick_list(order, shelf, label)


async def own_shelf(parts: MobileParts, principal: Principal) -> list[ShelfGoods]:
    """Return what the merchant sells, sold out or not, by name."""
    async with parts.database.read() as tx:
        return [shelf_goods(thing) for thing in await CatalogueStore(tx).shelf(reach_of(principal))]


async def count_own(
    parts: MobileParts, principal: Principal, goods_id: GoodsId, stock: int, repeated: Repeated
) -> ShelfGoods:
    """Return the goods with so many pieces on the shelf; raise NotFound for another merchant's."""

    async def write(tx: Transaction) -> ShelfGoods:
        return shelf_goods(await count_goods(tx, principal, goods_id, stock, at=parts.clock.now()))

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, ShelfGoods, write, status=200, wall=wall)


async def mark_own(
    parts: MobileParts, principal: Principal, goods_id: GoodsId, is_sold_out: bool, repeated: Repeated
) -> ShelfGoods:
    """Return the goods sold out for now, or back; raise NotFound for another merchant's."""

    async def write(tx: Transaction) -> ShelfGoods:
        at = parts.clock.now()
        return shelf_goods(await mark_goods(tx, principal, goods_id, is_sold_out=is_sold_out, at=at))

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, ShelfGoods, write, status=200, wall=wall)


async def _moved(
    parts: MobileParts,
    repeated: Repeated,
    write: Callable[[Transaction], Awaitable[Order]],
    *,
    status: int,
) -> MerchantOrder:
    async def work(tx: Transaction) -> MerchantOrder:
        return (await merchant_orders(tx, [await write(tx)], at=parts.clock.now()))[0]

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, MerchantOrder, work, status=status, wall=wall)


async def merchant_orders(tx: Transaction, orders: list[Order], *, at: datetime) -> list[MerchantOrder]:
    """Return orders whose reach was checked as their merchant reads them."""
    task_ids = [order.task_id for order in orders if order.task_id is not None]
    tasks = await TaskStore(tx).of_ids(task_ids, EVERYTHING)
    carried = [order_id for task in tasks.values() for order_id in task.orders()]
    boxes_of: dict[TaskId, dict[OrderId, int]] = {}
    for each in (await OrderStore(tx).of_ids(carried, EVERYTHING)).values():
        if each.task_id is not None and each.compartment is not None and not each.is_terminal:
            boxes_of.setdefault(each.task_id, {})[each.order_id] = each.compartment
    ids = [order.order_id for order in orders]
    steps = await FlowStore(tx).steps_of([(order.operator, order.flow_version) for order in orders])
    waiting = [order.order_id for order in orders if order.state is OrderState.ACCEPTED]
    newest = await DecisionStore(tx).newest_of(waiting)
    beside = Beside(
        tasks=tasks,
        said={i: one.explanation for i, one in newest.items()},
        layouts=await CompartmentStore(tx).layouts([task.vehicle_no for task in tasks.values()]),
        boxes_of=boxes_of,
        offers=await SubstitutionStore(tx).of_orders(ids),
        steps={one.order_id: steps.get((one.operator, one.flow_version), ()) for one in orders},
        proofs=await FlowStore(tx).proofs_of(ids),
    )
    return [merchant_order(order, beside, at=at) for order in orders]


async def _usual_s(tx: Transaction, principal: Principal, order_id: OrderId, at: datetime) -> float:
    """Return what preparing takes by the goods, with what busy mode adds."""
    order = await OrderStore(tx).get(order_id, reach_of(principal))
    shelf = {thing.goods_id: thing.ready_s for thing in await CatalogueStore(tx).goods_of(order.merchant_id)}
    extra_s = (await DeskStore(tx).one(order.merchant_id)).extra_s(at)
    return extra_s + max((shelf.get(line.goods_id, 0.0) for line in order.lines), default=0.0)


def _actor(principal: Principal) -> str:
    return f"merchant:{principal.merchant or principal.id}"
