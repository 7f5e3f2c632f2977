"""Whether an order joins a run or is left to a free vehicle. Pure."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from core.ids import FenceId, OrderId, VehicleNo
from services.dispatch.candidate import PairTimes, WaitingOrder
from services.dispatch.joins.lines import JoinLine, JoinRule, told
from services.dispatch.joins.place import Placed, Ways, cheapest_place
from services.dispatch.joins.ride import Halt, Ride
from services.dispatch.pair_times import door_of, shop_of
from services.dispatch.rules import exclusions
from services.dispatch.runs.timing import LATER_APPROACH_S
from services.dispatch.waiting import Waiting
from services.orders.promise import APPROACH_S, LOAD_S
from services.tasks.states import StopKind

GAIN_S = 120.0
"""How much sooner than with the best free vehicle an order must be loaded to join a run: a vehicle of its
own brings it without anybody's delay, and what is foreseen of a run is less sure."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has to beat: when another vehicle would have loaded the order, and how long it would drive
    from there to the door; None where only the run's own roads are known."""

    loaded_s: float
    delivery_s: float | None = None


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """An order and the run that it joins. ``areas`` are the operating areas of its shop and door."""

    ride: Ride
    placed: Placed
    at: datetime
    areas: frozenset[FenceId] | None = None


def bar_of(
    order: WaitingOrder,
    alone: Mapping[OrderId, VehicleNo],
    times: Mapping[tuple[OrderId, VehicleNo], PairTimes],
    *,
    next_free_s: float,
    at: datetime,
) -> Bar:
    """Return the bar of an order: the free vehicle that it would be given, else the next to come free.

    One that has waited is foreseen to wait as long again, as in every round.
    """
    ready_s = max(0.0, (order.ready_at - at).total_seconds())
    pair = times.get((order.order_id, alone[order.order_id])) if order.order_id in alone else None
    if pair is not None and pair.pickup_s is not None:
        return Bar(loaded_s=max(pair.pickup_s, ready_s) + LOAD_S, delivery_s=pair.delivery_s)
    waited_s = max(0.0, (at - order.accepted_at).total_seconds())
    return Bar(loaded_s=max(next_free_s + LATER_APPROACH_S + waited_s, ready_s) + LOAD_S)


def judge_join(
    waiting: Waiting, ride: Ride, ways: Ways, bar: Bar, *, at: datetime
) -> tuple[JoinLine, Placed | None]:
    """Return the line of a run and the order's place in it, None where it cannot join.

    Everything that a free vehicle is asked is asked of the run's vehicle, with the boxes that are left.
    """
    order = waiting.view
    line = JoinLine(vehicle_no=ride.vehicle.vehicle_no, code=ride.vehicle.code, task_id=ride.task.task_id)
    excluded = exclusions(order, ride.vehicle)
    if excluded:
        return told(msgspec.structs.replace(line, why=excluded[0].rule)), None
    placed = cheapest_place(ride, order, _load(waiting, at), _hand_over(waiting), ways)
    if not isinstance(placed, Placed):
        return told(msgspec.structs.replace(line, why=placed.value)), None
    after, order_id = placed.course, order.order_id
    direct = ways[shop_of(order), door_of(order)]
    delivery_s = bar.delivery_s if bar.delivery_s is not None or direct is None else direct.duration_s
    gain_s = bar.loaded_s - after.loaded_s[order_id]
    is_later = delivery_s is not None and after.arrival_s[order_id] > bar.loaded_s + delivery_s + APPROACH_S
    return told(
        msgspec.structs.replace(
            line,
            loaded_s=after.loaded_s[order_id],
            arrival_s=after.arrival_s[order_id],
            detour_s=after.drive_s - placed.before.drive_s,
            gain_s=gain_s,
            delays=placed.delays,
            why=JoinRule.GAINS_TOO_LITTLE.value if gain_s < GAIN_S or is_later else "",
        )
    ), placed


def another_joins(line: JoinLine) -> JoinLine:
    """Return the line of a run that another order joins in this round, or than which another was better."""
    return told(msgspec.structs.replace(line, why=JoinRule.ANOTHER_JOINS.value))


def _load(waiting: Waiting, at: datetime) -> Halt:
    return Halt(
        kind=StopKind.LOAD,
        place_id=waiting.merchant.merchant_id,
        place=shop_of(waiting.view),
        orders=(waiting.view.order_id,),
        ready_s=max(0.0, (waiting.view.ready_at - at).total_seconds()),
    )


def _hand_over(waiting: Waiting) -> Halt:
    return Halt(
        kind=StopKind.HANDOVER,
        place_id=waiting.point.pickup_point_id,
        place=door_of(waiting.view),
        orders=(waiting.view.order_id,),
    )
