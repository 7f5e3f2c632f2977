"""When a run is where, how far it drives, and what that costs: one measure for every solver."""

from collections.abc import Mapping, Sequence

import msgspec

from services.dispatch.runs.boxes import boxes_for
from services.dispatch.runs.problem import MOST_ORDERS_A_RUN, Carrier, Deed, Problem, Shipment, Visit
from services.orders.promise import APPROACH_S, HANDOVER_S, LOAD_S

MORE_LOAD_S = 45.0
"""Each further order that is loaded at the same stop: a second door, no second parking."""
PATIENCE_S = 1_800.0
"""After so long a wait a second more counts twice, after twice that three times: nobody waits without end."""
LATER_APPROACH_S = 300.0
"""Drive to the shop that is foreseen for an order that is left to a later round."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """A run on the clock, in city seconds from now. ``loaded_s`` and ``arrival_s`` are by shipment."""

    drive_s: float
    drive_m: float
    loaded_s: Mapping[int, float]
    arrival_s: Mapping[int, float]
    cost_s: float


class Judge:
    """Measures the runs of one problem; every solver is measured by it."""

    def __init__(self, problem: Problem) -> None:
        """Take the problem. Its matrices are read as lists: single cells are what is asked for."""
        self.problem = problem
        self._duration_s: list[list[list[float]]] = [each.tolist() for each in problem.duration_s]
        self._length_m: list[list[list[float]]] = [each.tolist() for each in problem.length_m]
        self._fits: dict[tuple[object, ...], bool] = {}

    def timing(self, carrier: Carrier, visits: Sequence[Visit]) -> Timing | None:
        """Return the run's times, or None when it cannot be driven: no way, farther than the battery
        goes, or longer than its permitted hours last.

        Boxes are ``fits``' business. An empty run costs nothing.
        """
        duration_s, length_m = self._duration_s[carrier.road], self._length_m[carrier.road]
        now_s = drive_s = drive_m = cost_s = arrived_s = 0.0
        here, before = carrier.start, None
        loaded_s: dict[int, float] = {}
        arrival_s: dict[int, float] = {}
        for visit in visits:
            shipment = self.problem.shipments[visit.shipment]
            is_load, there = visit.deed is Deed.LOAD, self._place_of(visit)
            step_s = duration_s[here][there]
            if before is None:
                cost_s += self._sending_s(carrier, step_s, length_m[here][there])
            drive_s += step_s
            drive_m += length_m[here][there]
            if not drive_m <= carrier.reach_m:
                return None
            now_s += step_s
            same = before is visit.deed and there == here
            if is_load:
                now_s = max(now_s, shipment.ready_s) + (MORE_LOAD_S if same else LOAD_S)
                loaded_s[visit.shipment] = now_s
            else:
                if not same:
                    arrived_s = now_s + APPROACH_S
                    now_s += HANDOVER_S
                arrival_s[visit.shipment] = arrived_s
                cost_s += self._wait_s(carrier.road, shipment, arrived_s) - shipment.favour_s
            here, before = there, visit.deed
        if carrier.hours_left_s is not None and now_s > carrier.hours_left_s:
            return None
        return Timing(
            drive_s=drive_s,
            drive_m=drive_m,
            loaded_s=loaded_s,
            arrival_s=arrival_s,
            cost_s=cost_s + self.problem.drive_weight * drive_s,
        )

    def cost_s(self, carrier: Carrier, visits: Sequence[Visit]) -> float:
        """Return what a run costs, in seconds; infinite when it cannot be driven, 0 when it is empty."""
        made = self.timing(carrier, visits)
        return float("inf") if made is None else made.cost_s

    def alone_s(self, carrier: Carrier, shipment: Shipment) -> float:
        """Return when an order would arrive with this vehicle if it carried nothing else."""
        duration_s = self._duration_s[carrier.road]
        at_shop_s = max(duration_s[carrier.start][shipment.shop], shipment.ready_s)
        return at_shop_s + LOAD_S + duration_s[shipment.shop][shipment.door] + APPROACH_S

    def nearest_s(self, carrier: Carrier, visits: Sequence[Visit], shipment: int) -> float:
        """Return the least drive to an order's shop from anywhere on the vehicle's way."""
        to_shop, shop = self._duration_s[carrier.road], self.problem.shipments[shipment].shop
        places = (carrier.start, *(self._place_of(visit) for visit in visits))
        return min(to_shop[place][shop] for place in places)

    def fits(self, carrier: Carrier, shipments: Sequence[int]) -> bool:
        """Return whether the vehicle may carry all of these orders at once."""
        asked = [self.problem.shipments[number] for number in shipments]
        most = min(MOST_ORDERS_A_RUN, len(carrier.layout))
        if len(asked) > most or any(each.order_id not in carrier.may for each in asked):
            return False
        parcels = tuple(
            sorted((each.parcel.temperature, each.parcel.litres, each.parcel.mass_kg) for each in asked)
        )
        key = (carrier.layout, parcels)
        if key not in self._fits:
            self._fits[key] = boxes_for(carrier.layout, [each.parcel for each in asked]) is not None
        return self._fits[key]

    def _sending_s(self, carrier: Carrier, step_s: float, step_m: float) -> float:
        """Return what driving to the first stop costs beyond its seconds, and what speaks against the
        vehicle."""
        problem = self.problem
        dearer_s = (problem.start_weight - 1.0) * step_s
        return dearer_s + problem.empty_s_per_km * step_m / 1000.0 + carrier.burden_s

    def _place_of(self, visit: Visit) -> int:
        shipment = self.problem.shipments[visit.shipment]
        return shipment.shop if visit.deed is Deed.LOAD else shipment.door

    def left_s(self, shipment: Shipment) -> float:
        """Return what it costs to leave an order to a later round.

        One that has waited is foreseen to wait as long again, so that nobody is left for ever because the
        next vehicle might always stand nearer.
        """
        road = 0
        direct_s = self._duration_s[road][shipment.shop][shipment.door]
        there_s = self.problem.next_free_s + LATER_APPROACH_S + shipment.waited_s
        arrival_s = max(there_s, shipment.ready_s) + LOAD_S + direct_s + APPROACH_S
        driven_s = LATER_APPROACH_S + direct_s
        return self._wait_s(road, shipment, arrival_s) + self.problem.drive_weight * driven_s

    def _wait_s(self, road: int, shipment: Shipment, arrival_s: float) -> float:
        """Return what an arrival costs: the wait that a vehicle at the shop's door would have spared, and
        what is late, both for more the longer the order has waited.

        A promise that is broken already counts from now on.
        """
        direct_s = self._duration_s[road][shipment.shop][shipment.door]
        soonest_s = shipment.ready_s + LOAD_S + direct_s + APPROACH_S
        late_s = max(0.0, arrival_s - max(shipment.due_s, soonest_s))
        impatience = 1.0 + shipment.waited_s / PATIENCE_S
        return impatience * (max(0.0, arrival_s - soonest_s) + self.problem.late_weight * late_s)
