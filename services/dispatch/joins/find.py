"""Which of the waiting orders join which runs under way, in one round."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Database
from core.ids import OrderId, VehicleNo
from fleet.commands.kinds import CommandState
from fleet.commands.store import CommandStore
from geofences.geo import distance_m
from services.dispatch.candidate import Candidate, PairTimes
from services.dispatch.joins.choose import Bar, Join, another_joins, bar_of, judge_join
from services.dispatch.joins.lines import ORDER_JOINS, JoinLine
from services.dispatch.joins.place import Placed, Ways
from services.dispatch.joins.ride import Ride, ride_of
from services.dispatch.pair_times import door_of, shop_of
from services.dispatch.runs.ask import next_free_s
from services.dispatch.travel import TravelTimes
from services.dispatch.waiting import Waiting
from services.orders.store import OrderStore
from services.routing.route import GeoPoint
from services.tasks.store import TaskStore

REFUSAL_LASTS = timedelta(minutes=2)
"""City time in which a run whose vehicle refused an order is offered no other."""
NEAR_M = 2_000.0
"""A run is looked at when its vehicle, or a stop to come, is nearer to the shop in a straight line."""
MOST_RIDES = 3
"""Runs that an order is tried with, the nearest first: each asks the roads once."""
MOST_ORDERS = 20
"""Orders of a round that are tried, the longest waiting first."""


class Joins(msgspec.Struct, frozen=True, kw_only=True):
    """The orders that join a run, and every run that was looked at for an order."""

    chosen: Mapping[OrderId, Join] = {}
    lines: Mapping[OrderId, tuple[JoinLine, ...]] = {}


class JoinFinder:
    """Looks for runs that pass by the shop of a waiting order. Promises nothing: the claim asks again."""

    def __init__(self, database: Database, travel: TravelTimes) -> None:
        """Take the stores and the travel times."""
        self._database = database
        self._travel = travel

    async def find(
        self,
        waiting: Sequence[Waiting],
        candidates: Sequence[Candidate],
        times: Mapping[tuple[OrderId, VehicleNo], PairTimes],
        alone: Mapping[OrderId, VehicleNo],
        *,
        at: datetime,
    ) -> Joins:
        """Return which orders join which runs, at most one a run, the longest waiting order first.

        ``waiting`` come the longest waiting first, their views with areas; ``alone`` are the free vehicles
        that they would be given one by one. Raises Unavailable while routing is down.
        """
        rides = await self._rides(candidates, at)
        busy = sum(each.task_id is not None for each in candidates)
        soon_s = next_free_s(len(waiting), len(candidates) - busy, busy)
        chosen: dict[OrderId, Join] = {}
        lines: dict[OrderId, tuple[JoinLine, ...]] = {}
        taken: set[VehicleNo] = set()
        for each in waiting[:MOST_ORDERS] if rides else ():
            bar = bar_of(each.view, alone, times, next_free_s=soon_s, at=at)
            tried = await self._tried(each, rides, bar, at)
            best = _best(tried, taken)
            lines[each.view.order_id] = tuple(
                another_joins(line) if not line.why and ride is not best else line for ride, line, _ in tried
            )
            for ride, _, placed in tried:
                if ride is best and placed is not None:
                    chosen[each.view.order_id] = Join(ride=ride, placed=placed, at=at, areas=each.view.areas)
                    taken.add(ride.vehicle.vehicle_no)
        return Joins(chosen=chosen, lines=lines)

    async def _rides(self, candidates: Sequence[Candidate], at: datetime) -> list[Ride]:
        """Return the runs that are open to one order more."""
        able = {
            each.task_id: each
            for each in candidates
            if each.task_id is not None and not each.reasons and each.lat is not None
        }
        if not able:
            return []
        async with self._database.read() as tx:
            tasks = await TaskStore(tx).of_ids(list(able), EVERYTHING)
            named = [order for task in tasks.values() for order in task.orders()]
            orders = await OrderStore(tx).of_ids(named, EVERYTHING)
            numbers = [each.vehicle_no for each in able.values()]
            told = await CommandStore(tx).of_reason_since(numbers, ORDER_JOINS, at - REFUSAL_LASTS)
        ended_badly = (CommandState.REJECTED, CommandState.FAILED, CommandState.EXPIRED)
        refused = {command.vehicle_no for command in told if command.state in ended_badly}
        found = [
            ride_of(able[task.task_id], task, orders, at=at)
            for task in tasks.values()
            if task.vehicle_no not in refused
        ]
        return [ride for ride in found if isinstance(ride, Ride)]

    async def _tried(
        self, waiting: Waiting, rides: Sequence[Ride], bar: Bar, at: datetime
    ) -> list[tuple[Ride, JoinLine, Placed | None]]:
        found = []
        for ride in _near(waiting, rides):
            line, placed = judge_join(waiting, ride, await self._ways(waiting, ride), bar, at=at)
            found.append((ride, line, placed))
        return found

    async def _ways(self, waiting: Waiting, ride: Ride) -> Ways:
        """Return the ways among everything that the run and the order pass; nobody drives to the vehicle."""
        ends = list(
            dict.fromkeys(
                (*(halt.place for halt in ride.halts), shop_of(waiting.view), door_of(waiting.view))
            )
        )
        starts = list(dict.fromkeys((ride.here, *ends)))
        return await self._travel.between(starts, ends, ride.vehicle.road)


def _best(tried: Sequence[tuple[Ride, JoinLine, Placed | None]], taken: set[VehicleNo]) -> Ride | None:
    """Return the run that the order joins: of those that nothing speaks against the first at the door."""
    open_to_it = [
        (placed.course.arrival_s[placed.order_id], ride.vehicle.vehicle_no, ride)
        for ride, line, placed in tried
        if placed is not None and not line.why and ride.vehicle.vehicle_no not in taken
    ]
    return min(open_to_it, key=lambda each: each[:2])[2] if open_to_it else None


def _near(waiting: Waiting, rides: Sequence[Ride]) -> list[Ride]:
    shop = shop_of(waiting.view)
    measured = [(_gap_m(shop, ride), ride.vehicle.vehicle_no, ride) for ride in rides]
    near = sorted((each for each in measured if each[0] <= NEAR_M), key=lambda each: each[:2])
    return [ride for _, _, ride in near[:MOST_RIDES]]


def _gap_m(shop: GeoPoint, ride: Ride) -> float:
    places = (ride.here, *(halt.place for halt in ride.halts))
    return min(distance_m(shop.lat, shop.lng, place.lat, place.lng) for place in places)
