"""A merchant lacks something of an order and says what he would send in its place, or that he would not."""

from datetime import datetime, timedelta

import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.database import Transaction
from core.errors import Conflict, Invalid, NotFound
from core.ids import GoodsId, OrderId
from services.delivery.compartments import Parcel, common_band, takes
from services.delivery.store import CatalogueStore, CompartmentStore
from services.merchants.forbidden import forbidden_among
from services.merchants.forbidden_store import ForbiddenStore
from services.notices.kinds import Occasion
from services.orders.draft import MOST_OF_ONE, parcel_of
from services.orders.lines import OrderLine, line_of
from services.orders.notices import want_notice
from services.orders.order import Order
from services.orders.states import BEFORE_LOADING
from services.orders.store import OrderStore
from services.substitutions.store import SubstitutionStore
from services.substitutions.substitution import Substitution, lines_after
from services.tasks.states import StopKind, StopState
from services.tasks.store import TaskStore

ANSWER_S = 480.0
"""City seconds the customer has to answer: less than a vehicle waits for goods."""
LEAST_ANSWER_S = 60.0
LOAD_MARGIN_S = 180.0
"""A vehicle that stands there already leaves so much later than the deadline: time to load."""


class Lacking(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant says: ``missing`` pieces are not there, all of the line when None.

    ``substitute`` None leaves them out.
    """

    goods_id: GoodsId
    missing: int | None = None
    substitute: GoodsId | None = None
    quantity: int = 1


async def offer_substitute(
    tx: Transaction, principal: Principal, order_id: OrderId, lacking: Lacking, *, at: datetime
) -> Order:
    """Return the order whose customer is asked; nothing of it is loaded before the answer.

    What is offered is taken off the shelf now, so that a yes holds. Raises NotFound for an order or goods
    that are not the merchant's, Invalid for more pieces than were ordered or none, Conflict once goods are
    loaded, for a line that was offered for before, and what an order of the substitute would be refused for.
    """
    order = await OrderStore(tx).get(order_id, reach_of(principal))
    if order.state not in BEFORE_LOADING:
        raise Conflict("conflict", "the goods are on board or the order is over", state=order.state.value)
    line = next((one for one in order.lines if one.goods_id == lacking.goods_id), None)
    if line is None:
        raise NotFound("not-found", "the order has no such goods", goods_id=lacking.goods_id)
    missing = line.quantity if lacking.missing is None else lacking.missing
    if not 1 <= missing <= line.quantity:
        raise Invalid("invalid-input", f"1 to {line.quantity} pieces", field="missing", limit=line.quantity)
    offer = await _offer(tx, order, lacking)
    one = Substitution(
        order_id=order_id,
        goods_id=line.goods_id,
        ordered=line.quantity,
        missing=missing,
        offer=offer,
        offered_at=at,
        answer_by=await _answer_by(tx, order, at),
    )
    if not await SubstitutionStore(tx).add(one):
        raise Conflict("conflict", "the customer was asked about this line before", goods_id=line.goods_id)
    order = await _with_room(tx, order, one, at)
    OrderStore(tx).announce(order, at)
    await want_notice(tx, order, Occasion.SUBSTITUTE, at=at)
    fields = {"goods": line.goods_id, "missing": missing, "offer": None if offer is None else offer.goods_id}
    await audit.record(tx, principal, "order.substitute_offered", f"order:{order_id}", fields, at=at)
    return order


async def _offer(tx: Transaction, order: Order, lacking: Lacking) -> OrderLine | None:
    """Return the line that would come instead, its pieces reserved."""
    if lacking.substitute is None:
        return None
    if not 1 <= lacking.quantity <= MOST_OF_ONE:
        raise Invalid("invalid-input", f"1 to {MOST_OF_ONE} pieces", field="quantity", limit=MOST_OF_ONE)
    catalogue = CatalogueStore(tx)
    shelf = {thing.goods_id: thing for thing in await catalogue.goods_of(order.merchant_id)}
    if lacking.substitute not in shelf:
        raise NotFound("not-found", "the merchant does not sell this", goods_id=lacking.substitute)
    if any(line.goods_id == lacking.substitute for line in order.lines):
        raise Conflict("conflict", "that is in the order already", goods_id=lacking.substitute)
    thing = shelf[lacking.substitute]
    found = forbidden_among(await ForbiddenStore(tx).all(), [thing])
    if found is not None:
        raise Conflict("goods-forbidden", found[1].reason_en, goods_id=thing.goods_id)
    await catalogue.reserve(thing.goods_id, lacking.quantity)
    return line_of(thing, lacking.quantity)


async def _answer_by(tx: Transaction, order: Order, at: datetime) -> datetime:
    """Return the deadline: before a vehicle that waits for the goods already has to leave."""
    usual = at + timedelta(seconds=ANSWER_S)
    if order.task_id is None:
        return usual
    task = await TaskStore(tx).get(order.task_id, EVERYTHING)
    for stop in task.stops:
        is_here = stop.kind is StopKind.LOAD and stop.state is StopState.REACHED
        if is_here and order.order_id in stop.orders and stop.reached_at is not None:
            leaves_at = stop.reached_at + timedelta(seconds=stop.wait_s - LOAD_MARGIN_S)
            return max(at + timedelta(seconds=LEAST_ANSWER_S), min(usual, leaves_at))
    return usual


async def _with_room(tx: Transaction, order: Order, one: Substitution, at: datetime) -> Order:
    """Return the order with room for either answer, so that no vehicle comes with too small a box."""
    if one.offer is None:
        return order
    then = await parcel_of_lines(tx, lines_after(order.lines, one, is_taken=True))
    band = common_band((order.parcel.temperature, then.temperature))
    if band is None:
        raise Conflict("goods-not-together")
    room = Parcel(
        litres=max(order.parcel.litres, then.litres),
        mass_kg=max(order.parcel.mass_kg, then.mass_kg),
        temperature=band,
    )
    if order.vehicle_no is not None and room != order.parcel:
        boxes = (await CompartmentStore(tx).layouts([order.vehicle_no])).get(order.vehicle_no, ())
        if not any(box.number == order.compartment and takes(box, room) for box in boxes):
            raise Conflict("order-too-large", litres=room.litres, mass_kg=room.mass_kg)
    return await OrderStore(tx).note(order, at=at, parcel=room)


async def parcel_of_lines(tx: Transaction, lines: tuple[OrderLine, ...]) -> Parcel:
    """Return what lines of goods ask of one compartment, on sale or not."""
    shelf = await CatalogueStore(tx).goods_by_id([line.goods_id for line in lines])
    return parcel_of({line.goods_id: line.quantity for line in lines}, shelf)
