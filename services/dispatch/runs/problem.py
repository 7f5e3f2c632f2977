"""What a solver of runs is asked, and what it answers. Plain values that cross a process border."""

from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.ids import OrderId, VehicleNo
from services.delivery.compartments import Compartment, Parcel

Metrics = NDArray[np.float64]
"""Square matrix over the places of a problem, ``[from, to]``; infinite where there is no way."""

MOST_ORDERS_A_RUN = 3
"""Orders one vehicle is given at once. Near saturation three keep the 95th percentile of waits shorter than
four (2,025 against 2,267 s, benchmarks/rush.py), and every sequence of three can be tried."""


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """One order: from the place ``shop`` to the place ``door``, both indices into the problem's places.

    All times are city seconds from now: the goods are ready at ``ready_s`` (0 when they are), the promise
    ends at ``due_s`` (negative when it is broken), ``waited_s`` is how long the order has waited.
    """

    order_id: OrderId
    shop: int
    door: int
    parcel: Parcel
    ready_s: float = 0.0
    due_s: float
    waited_s: float = 0.0
    favour_s: float = 0.0
    """Seconds that speak for carrying it now, whoever does (services.dispatch.cost)."""


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle at the place ``start``.

    ``may`` are the orders that no rule forbids it, areas among them; ``reach_m`` is how far it may drive in
    this run with what is kept back for the way home; ``road`` chooses its matrices.
    """

    vehicle_no: VehicleNo
    start: int
    layout: tuple[Compartment, ...]
    may: frozenset[OrderId]
    reach_m: float
    hours_left_s: float | None = None
    """For how long its permits let it drive on; None without an end."""
    road: int = 0
    burden_s: float = 0.0
    """Seconds that speak against sending it, whatever it carries: a low battery."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, vehicles, and the ways between their places by kind of road user.

    ``duration_s[road]`` and ``length_m[road]`` are matrices over the places. The two last fields say how
    precious a vehicle's time is now: a second of it is a second of wait for those behind, so much the more
    the more orders there are for each vehicle.
    """

    shipments: tuple[Shipment, ...]
    carriers: tuple[Carrier, ...]
    duration_s: tuple[Metrics, ...]
    length_m: tuple[Metrics, ...]
    start_weight: float = 1.0
    """A second of driving to the first stop, against a second of driving with goods."""
    late_weight: float = 2.0
    """A second past the promise."""
    empty_s_per_km: float = 0.0
    """A kilometre to the first stop."""
    drive_weight: float = 1.0
    """What a second of driving counts against a second of somebody's wait."""
    next_free_s: float = 3_600.0
    """How long an order that is left waiting waits for its vehicle, as far as can be foreseen."""


class Deed(StrEnum):
    """What is done at a place for one order."""

    LOAD = "load"
    HAND_OVER = "hand_over"


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One deed for one order, by the order's index in the problem's shipments."""

    deed: Deed
    shipment: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one vehicle does, in order; every order of it is loaded before it is handed over."""

    vehicle_no: VehicleNo
    visits: tuple[Visit, ...]

    def shipments(self) -> tuple[int, ...]:
        """Return the orders of the run by index, in the order in which they are loaded."""
        return tuple(visit.shipment for visit in self.visits if visit.deed is Deed.LOAD)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of a solution, one a vehicle at most, and who found it. Orders in no run stay waiting."""

    runs: tuple[Run, ...]
    solver: str
