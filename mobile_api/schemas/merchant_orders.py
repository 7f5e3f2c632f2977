"""Orders as the merchant reads them: what to pack, when, into which box; nothing about the recipient."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from core.ids import GoodsId, OrderId, TaskId, VehicleNo
from mobile_api.schemas.orders import Id, LineView, SubstitutionView, line_view, substitution_view
from services.delivery.catalogue import Goods
from services.delivery.compartments import Compartment, Temperature, box_refusal
from services.dispatch.explanation import Explanation
from services.flows.do_step import MOST_REFERENCE_CHARS
from services.flows.flow import Proof, ProofKind, missing_at_loading
from services.flows.flow import Step as FlowStep
from services.merchants.why_waits import why_waits
from services.orders.draft import MOST_LINES, MOST_OF_ONE
from services.orders.lines import OrderLine
from services.orders.order import Order
from services.substitutions.offer_substitute import Lacking
from services.substitutions.substitution import Substitution
from services.tasks.states import StopKind, StopState
from services.tasks.task import Task

MOST_WEIGHT_G = 100_000
"""More than any compartment bears."""


class LoadGoods(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The compartment that takes the goods; null is the planned one."""

    compartment: Annotated[int, Meta(ge=1, le=64)] | None = None


class Weight(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the scale says of goods sold by weight; never above the order's cap."""

    goods_id: Id
    weight_g: Annotated[int, Meta(ge=1, le=MOST_WEIGHT_G)]


class ProveLoad(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Somebody confirms the load by name, or a photo of it was taken: ``said`` is the name or a reference."""

    kind: Literal["confirmed", "photo_at_loading"]
    said: Annotated[str, Meta(min_length=1, max_length=MOST_REFERENCE_CHARS)]


class GoodsReady(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The goods are ready; those sold by weight are weighed."""

    weights: Annotated[tuple[Weight, ...], Meta(max_length=MOST_LINES)] = ()


class Substitute(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """``missing`` pieces (null: all) of a line are not there; ``substituteId`` null leaves them out."""

    goods_id: Id
    missing: Annotated[int, Meta(ge=1, le=MOST_OF_ONE)] | None = None
    substitute_id: Id | None = None
    quantity: Annotated[int, Meta(ge=1, le=MOST_OF_ONE)] = 1


def lacking_of(said: Substitute) -> Lacking:
    """Return what a merchant says in the domain's words."""
    return Lacking(
        goods_id=GoodsId(said.goods_id),
        missing=said.missing,
        substitute=None if said.substitute_id is None else GoodsId(said.substitute_id),
        quantity=said.quantity,
    )


class Box(Struct, frozen=True, kw_only=True, rename="camel"):
    """A compartment of the vehicle at the door; ``refusal`` says why it cannot take this order, "" that it
    can."""

    number: int
    label: str
    temperature: str
    refusal: str


class PickLine(Struct, frozen=True, kw_only=True, rename="camel"):
    """So many pieces to take from the shelf."""

    goods_id: str
    name_zh: str
    name_en: str
    quantity: int


class PickBand(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is taken from one place of the shop: ambient, chilled or warm."""

    temperature: str
    lines: tuple[PickLine, ...]


class PickList(Struct, frozen=True, kw_only=True, rename="camel"):
    """What to take together for an order, the ambient first and what spoils last, and the box it goes to."""

    order_id: str
    placed_at: datetime
    ready_at: datetime | None
    note: str
    pieces: int
    litres: float
    mass_kg: float
    compartment_label: str
    bands: tuple[PickBand, ...]


class MerchantOrder(Struct, frozen=True, kw_only=True, rename="camel"):
    """An order to be packed. ``isVehicleThere`` says that ``loaded`` will open the compartment now.

    ``whyZh``/``whyEn`` say why it is not under way yet, "" when it waits for nobody; ``boxes`` are those of
    the vehicle at the door.
    """

    order_id: str
    version: int
    state: str
    reason: str
    lines: tuple[LineView, ...]
    note: str
    litres: float
    mass_kg: float
    temperature: str
    placed_at: datetime
    ready_at: datetime | None
    vehicle_no: int | None
    compartment: int | None
    eta_pickup_at: datetime | None
    is_vehicle_there: bool
    loaded_at: datetime | None
    closed_at: datetime | None
    why_zh: str
    why_en: str
    boxes: tuple[Box, ...]
    substitutions: tuple[SubstitutionView, ...]
    """What the customer was asked, answered or not."""
    missing_steps: tuple[str, ...]
    """What the operator's flow still asks for before loading."""
    confirmed_by: tuple[str, ...]


class Beside(Struct, frozen=True, kw_only=True):
    """What is read beside orders for their merchant."""

    tasks: Mapping[TaskId, Task]
    said: Mapping[OrderId, Explanation]
    layouts: Mapping[VehicleNo, tuple[Compartment, ...]]
    boxes_of: Mapping[TaskId, Mapping[OrderId, int]]
    """The compartments that the open orders of a task have, those of other merchants among them."""
    offers: Mapping[OrderId, tuple[Substitution, ...]]
    steps: Mapping[OrderId, tuple[FlowStep, ...]]
    proofs: Mapping[OrderId, tuple[Proof, ...]]


def merchant_order(order: Order, beside: Beside, *, at: datetime) -> MerchantOrder:
    """Return an order with where its vehicle stands and why it waits."""
    task = beside.tasks.get(order.task_id) if order.task_id is not None else None
    is_there = task is not None and _stands_to_load(task, order)
    layout = beside.layouts.get(task.vehicle_no, ()) if task is not None and is_there else ()
    proofs = beside.proofs.get(order.order_id, ())
    why_zh, why_en = ("", "") if is_there else why_waits(order, beside.said.get(order.order_id), at=at)
    return MerchantOrder(
        order_id=order.order_id,
        version=order.version,
        state=order.state.value,
        reason=order.reason,
        lines=tuple(line_view(line) for line in order.lines),
        note=order.note,
        litres=order.parcel.litres,
        mass_kg=order.parcel.mass_kg,
        temperature=order.parcel.temperature.value,
        placed_at=order.placed_at,
        ready_at=order.ready_at,
        vehicle_no=order.vehicle_no,
        compartment=order.compartment,
        eta_pickup_at=order.eta_pickup_at,
        is_vehicle_there=is_there,
        loaded_at=order.loaded_at,
        closed_at=order.closed_at,
        why_zh=why_zh,
        why_en=why_en,
        boxes=tuple(_box(box, layout, order, beside) for box in layout),
        substitutions=tuple(
            substitution_view(one, order.lines) for one in beside.offers.get(order.order_id, ())
        ),
        missing_steps=missing_at_loading(beside.steps.get(order.order_id, ()), proofs),
        confirmed_by=tuple(one.said for one in proofs if one.kind is ProofKind.CONFIRMED),
    )


def pick_list(order: Order, shelf: Mapping[GoodsId, Goods], label: str) -> PickList:
    """Return what to take together; goods that are no longer known count as ambient."""
    bands = [
        PickBand(temperature=band.value, lines=lines)
        for band in Temperature
        if (lines := tuple(_pick_line(line) for line in order.lines if _band(line, shelf) is band))
    ]
    return PickList(
        order_id=order.order_id,
        placed_at=order.placed_at,
        ready_at=order.ready_at,
        note=order.note,
        pieces=sum(line.quantity for line in order.lines),
        litres=order.parcel.litres,
        mass_kg=order.parcel.mass_kg,
        compartment_label=label,
        bands=tuple(bands),
    )


def _box(box: Compartment, layout: tuple[Compartment, ...], order: Order, beside: Beside) -> Box:
    held = beside.boxes_of.get(order.task_id, {}) if order.task_id is not None else {}
    taken = [number for other, number in held.items() if other != order.order_id]
    refusal = box_refusal(layout, box.number, taken, order.parcel)
    return Box(
        number=box.number,
        label=box.label,
        temperature=box.temperature.value,
        refusal="" if refusal is None else refusal.value,
    )


def _band(line: OrderLine, shelf: Mapping[GoodsId, Goods]) -> Temperature:
    thing = shelf.get(line.goods_id)
    return Temperature.AMBIENT if thing is None else thing.temperature


def _pick_line(line: OrderLine) -> PickLine:
    return PickLine(
        goods_id=line.goods_id, name_zh=line.name_zh, name_en=line.name_en, quantity=line.quantity
    )


def _stands_to_load(task: Task, order: Order) -> bool:
    return any(
        stop.kind is StopKind.LOAD and stop.state is StopState.REACHED and order.order_id in stop.orders
        for stop in task.stops
    )
