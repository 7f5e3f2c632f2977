"""Cheapest insertion of one order into what is left of a run. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from core.ids import OrderId
from services.dispatch.candidate import WaitingOrder
from services.dispatch.energy import reach_m
from services.dispatch.joins.lines import JoinRule, OrderDelay
from services.dispatch.joins.ride import Halt, Ride
from services.dispatch.rules import Rule
from services.dispatch.runs.timing import MORE_LOAD_S
from services.orders.promise import APPROACH_S, HANDOVER_S, LOAD_S
from services.routing.route import GeoPoint
from services.tasks.roads import Hop
from services.tasks.states import StopKind

TOLERANCE_S = 1.0
"""How much later an order of the run may come that is past its promise anyway: what rounding makes. Every
other one must keep its P90 without any tolerance."""

type Ways = Mapping[tuple[GeoPoint, GeoPoint], Hop | None]


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A run on the clock, in seconds from now: when it reaches each halt, when each order is loaded and at
    its door, when the last one is handed over; and how long and far it drives."""

    reached_s: tuple[float, ...]
    loaded_s: Mapping[OrderId, float]
    arrival_s: Mapping[OrderId, float]
    end_s: float
    drive_s: float
    drive_m: float


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An order in its cheapest place; ``before`` is the run without it."""

    order_id: OrderId
    halts: tuple[Halt, ...]
    course: Course
    before: Course

    @property
    def at_shop_s(self) -> float:
        """Return when the run reaches the stop at which the order is loaded."""
        return next(
            reached_s
            for halt, reached_s in zip(self.halts, self.course.reached_s, strict=True)
            if halt.kind is StopKind.LOAD and self.order_id in halt.orders
        )

    @property
    def delays(self) -> tuple[OrderDelay, ...]:
        """Return how much later each order of the run comes; those that are at their door do not."""
        return tuple(
            OrderDelay(order_id=order, delay_s=self.course.arrival_s[order] - before_s)
            for order, before_s in self.before.arrival_s.items()
        )


def course(ride: Ride, halts: Sequence[Halt], ways: Ways) -> Course | None:
    """Return the times of a run along these halts, None without a way."""
    now_s = drive_s = drive_m = end_s = 0.0
    here = ride.here
    reached: list[float] = []
    loaded: dict[OrderId, float] = {}
    arrival: dict[OrderId, float] = {}
    for number, halt in enumerate(halts):
        if number > 0 or not ride.stands:
            hop = ways[here, halt.place]
            if hop is None:
                return None
            now_s += hop.duration_s
            drive_s += hop.duration_s
            drive_m += hop.length_m
        here = halt.place
        reached.append(now_s)
        if not halt.orders:
            continue
        if halt.kind is StopKind.LOAD:
            now_s = max(now_s, halt.ready_s) + LOAD_S + MORE_LOAD_S * (len(halt.orders) - 1)
            loaded |= dict.fromkeys(halt.orders, now_s)
        else:
            arrival |= dict.fromkeys(halt.orders, now_s + APPROACH_S)
            now_s += HANDOVER_S
            end_s = now_s
    return Course(
        reached_s=tuple(reached),
        loaded_s=loaded,
        arrival_s=arrival,
        end_s=end_s,
        drive_s=drive_s,
        drive_m=drive_m,
    )


def cheapest_place(
    ride: Ride, order: WaitingOrder, load: Halt, hand_over: Halt, ways: Ways
) -> Placed | JoinRule | Rule:
    """Return the order where it adds the fewest seconds: its own arrival and the delays of the others.

    The stop that the vehicle drives to or stands at stays the first. When no place keeps the battery, the
    permitted hours and every promise, the rule that stood in the way, of several the one of ``_MEANS_MOST``.
    """
    before = course(ride, ride.halts, ways)
    if before is None:
        return Rule.NO_ROUTE
    best: tuple[tuple[float, float], Placed] | None = None
    broken: set[JoinRule | Rule] = set()
    for halts in _tries(ride.halts, load, hand_over):
        after = course(ride, halts, ways)
        rule = Rule.NO_ROUTE if after is None else _broken(ride, before, after)
        if after is None or rule is not None:
            broken.add(rule or Rule.NO_ROUTE)
            continue
        placed = Placed(order_id=order.order_id, halts=halts, course=after, before=before)
        cost = (
            after.arrival_s[order.order_id] + sum(each.delay_s for each in placed.delays),
            after.drive_m,
        )
        if best is None or cost < best[0]:
            best = cost, placed
    if best is not None:
        return best[1]
    return next(rule for rule in _MEANS_MOST if rule in broken)


_MEANS_MOST = (JoinRule.DELAYS_OTHERS, Rule.HOURS_FOR_JOB, Rule.BATTERY_FOR_JOB, Rule.NO_ROUTE)
"""Broken rules, the one that a place comes to last first."""


def _broken(ride: Ride, before: Course, after: Course) -> JoinRule | Rule | None:
    """Return the first rule that a run with one order more would break."""
    vehicle = ride.vehicle
    # as for every run half of the reach is kept for the way home
    if after.drive_m > reach_m(vehicle.battery_ratio or 0.0, vehicle.temperature_c) / 2.0:
        return Rule.BATTERY_FOR_JOB
    if vehicle.hours_left_s is not None and after.end_s > vehicle.hours_left_s:
        return Rule.HOURS_FOR_JOB
    for order, due_s in ride.due_s.items():
        if after.arrival_s[order] > max(due_s, before.arrival_s[order] + TOLERANCE_S):
            return JoinRule.DELAYS_OTHERS
    return None


def _tries(halts: tuple[Halt, ...], load: Halt, hand_over: Halt) -> Iterator[tuple[Halt, ...]]:
    first, rest = halts[0], halts[1:]
    for start in range(len(rest) + 1):
        for end in range(start, len(rest) + 1):
            yield _one_stop_each((first, *rest[:start], load, *rest[start:end], hand_over, *rest[end:]))


def _one_stop_each(halts: Sequence[Halt]) -> tuple[Halt, ...]:
    """Return the halts with what is done at one place without driving in between as one."""
    found: list[Halt] = []
    for halt in halts:
        last = found[-1] if found else None
        is_same = last is not None and (last.kind, last.place_id) == (halt.kind, halt.place_id)
        if last is not None and is_same and (last.stop is None or halt.stop is None):
            found[-1] = msgspec.structs.replace(
                last,
                orders=(*last.orders, *halt.orders),
                ready_s=max(last.ready_s, halt.ready_s),
                stop=last.stop or halt.stop,
            )
        else:
            found.append(halt)
    return tuple(found)
