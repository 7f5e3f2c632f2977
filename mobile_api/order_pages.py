"""Orders read together with everything their page shows, in a few queries for any number of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.ids import OrderId, VehicleNo
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle
from mobile_api.schemas.orders import (
    OwnVehicle,
    ResidentOrder,
    Step,
    Where,
    collected_view,
    line_view,
    substitution_view,
)
from services.delegation.collected import Collected, collected_of
from services.delegation.store import DelegateStore
from services.delivery.catalogue import Merchant, PickupPoint
from services.delivery.code_store import PickupCodeStore
from services.delivery.pickup_code import PickupCode
from services.delivery.store import CatalogueStore, CompartmentStore
from services.flows.flow import Step as FlowStep
from services.flows.flow import missing_at_door
from services.flows.store import FlowStore
from services.orders.expected import expected
from services.orders.order import Order, delay_of
from services.orders.states import BEFORE_LOADING, MovedOn, OrderState
from services.orders.store import HistoryLine, OrderStore
from services.settlement.order_money import Ended, ended_with
from services.settlement.store import TermsStore
from services.settlement.terms import PaidBy
from services.substitutions.store import SubstitutionStore
from services.substitutions.substitution import Substitution, SubstitutionState
from services.tasks.store import TaskStore
from services.tasks.task import Task

STANDING_MPS = 0.3
"""Slower than this a vehicle counts as standing."""


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One order with the facts beside it; the vehicle is known while it carries or fetches the goods."""

    order: Order
    merchant: Merchant
    point: PickupPoint
    code: PickupCode
    history: tuple[HistoryLine, ...]
    task: Task | None
    vehicle: Vehicle | None
    labels: Mapping[int, str]
    paid_by: PaidBy | None = None
    ended: Ended | None = None
    """What it came to, once it is over."""
    substitutions: tuple[Substitution, ...] = ()
    steps: tuple[FlowStep, ...] = ()
    collected: Collected | None = None

    @property
    def watched(self) -> VehicleNo | None:
        """Return the vehicle whose position belongs on the page, None once the order is closed."""
        return None if self.order.is_terminal else self.order.vehicle_no


async def read_facts(tx: Transaction, order_id: OrderId, reach: Reach) -> OrderFacts:
    """Return one order within the reach with its facts; raise NotFound."""
    return (await facts_of(tx, [await OrderStore(tx).get(order_id, reach)]))[0]


async def facts_of(tx: Transaction, orders: Sequence[Order]) -> list[OrderFacts]:
    """Return the facts of orders whose reach was checked, in the same order."""
    catalogue = CatalogueStore(tx)
    merchants = await catalogue.merchants_by_id([order.merchant_id for order in orders], EVERYTHING)
    points = await catalogue.pickup_points_by_id([order.pickup_point_id for order in orders])
    numbers = [order.vehicle_no for order in orders if order.vehicle_no is not None]
    vehicles = await VehicleStore(tx).of_numbers(numbers, EVERYTHING)
    layouts = await CompartmentStore(tx).layouts(numbers)
    ids = [order.order_id for order in orders]
    codes, histories = await PickupCodeStore(tx).of_orders(ids), await OrderStore(tx).histories(ids)
    tasks = await TaskStore(tx).of_ids([o.task_id for o in orders if o.task_id is not None], EVERYTHING)
    terms = await TermsStore(tx).of_orders(ids)
    steps = await FlowStore(tx).steps_of([(order.operator, order.flow_version) for order in orders])
    offers = await SubstitutionStore(tx).of_orders(ids)
    named = await DelegateStore(tx).of_orders(ids)
    found = []
    for order in orders:
        boxes = layouts.get(order.vehicle_no, ()) if order.vehicle_no is not None else ()
        found.append(
            OrderFacts(
                order=order,
                merchant=merchants[order.merchant_id],
                point=points[order.pickup_point_id],
                code=codes[order.order_id],
                history=tuple(histories[order.order_id]),
                task=None if order.task_id is None else tasks.get(order.task_id),
                vehicle=None if order.vehicle_no is None else vehicles.get(order.vehicle_no),
                labels={box.number: box.label for box in boxes},
                paid_by=terms[order.order_id].paid_by if order.order_id in terms else None,
                ended=ended_with(order, terms[order.order_id]) if order.order_id in terms else None,
                steps=steps.get((order.operator, order.flow_version), ()),
                substitutions=offers.get(order.order_id, ()),
                collected=collected_of(order, named.get(order.order_id, ())),
            )
        )
    return found


def resident_order(facts: OrderFacts, heard: LastHeard | None, *, at: datetime) -> ResidentOrder:
    """Return the page of an order at a moment; ``heard`` is its vehicle's last state, None when unknown."""
    order, merchant, point = facts.order, facts.merchant, facts.point
    now = expected(order, facts.task, heard, at=at)
    shown = msgspec.structs.replace(order, eta_at=now.eta_at or order.eta_at)
    return ResidentOrder(
        order_id=order.order_id,
        version=order.version,
        state=order.state.value,
        reason=order.reason,
        merchant_id=order.merchant_id,
        pickup_point_id=order.pickup_point_id,
        merchant_name_zh=merchant.name_zh,
        merchant_name_en=merchant.name_en,
        pickup_point_name_zh=point.name_zh,
        pickup_point_name_en=point.name_en,
        pickup=Where(lat=point.lat, lng=point.lng),
        lines=tuple(line_view(line) for line in order.lines),
        fee_fen=order.fee_fen,
        total_fen=order.total_fen,
        paid_by=None if facts.paid_by is None else facts.paid_by.value,
        charged_fen=None if facts.ended is None else facts.ended.charged_fen,
        back_fen=0 if facts.ended is None else facts.ended.back_fen,
        note=order.note,
        placed_at=order.placed_at,
        promised_p50_at=order.promised_p50_at,
        promised_p90_at=order.promised_p90_at,
        wait_s=_wait_s(facts),
        ready_at=order.ready_at,
        eta_at=now.eta_at,
        delay_s=delay_of(shown, at=at).total_seconds(),
        remaining_m=None if now.remaining_m is None else round(now.remaining_m, 1),
        stops_before=now.stops_before,
        arrived_at=order.arrived_at,
        collect_by=order.collect_by,
        collected=collected_view(facts.collected),
        closed_at=order.closed_at,
        compartment=order.compartment,
        compartment_label=facts.labels.get(order.compartment or 0),
        vehicle_code=None if facts.vehicle is None else facts.vehicle.code,
        vehicle=_own_vehicle(facts, heard),
        polyline6=now.polyline6,
        code_generation=facts.code.generation,
        is_code_locked=facts.code.is_locked,
        history=tuple(_steps(facts.history)),
        substitutions=tuple(
            substitution_view(one, order.lines)
            for one in facts.substitutions
            if one.state is SubstitutionState.OFFERED
        ),
        can_cancel=order.state in BEFORE_LOADING,
        can_open=order.state is OrderState.ARRIVED,
        door_steps=missing_at_door(facts.steps, has_code=False, has_photo=False),
    )


def _wait_s(facts: OrderFacts) -> float:
    """Return how long the vehicle waits where it is or comes next: once nobody came, at the second place."""
    order = facts.order
    if any(line.event == MovedOn.__name__ for line in facts.history):
        return order.second_wait_s + order.extra_wait_s
    return order.extra_wait_s + (facts.point.wait_s if order.first_wait_s is None else order.first_wait_s)


def _own_vehicle(facts: OrderFacts, heard: LastHeard | None) -> OwnVehicle | None:
    if facts.watched is None or facts.vehicle is None or heard is None:
        return None
    return OwnVehicle(
        code=facts.vehicle.code or "",
        lat=heard.lat,
        lng=heard.lng,
        heading_deg=heard.heading_deg,
        speed_mps=heard.speed_mps,
        measured_at=heard.measured_at,
        is_stopped=heard.speed_mps < STANDING_MPS,
    )


def _steps(history: Sequence[HistoryLine]) -> list[Step]:
    """Return the states in the order the order came to them; an event that keeps the state is no step."""
    moved = (line for line in history if line.from_state is not line.to_state)
    return [Step(state=line.to_state.value, at=line.at) for line in moved]
