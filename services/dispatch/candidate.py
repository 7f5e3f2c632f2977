"""What dispatch looks at: orders that wait and vehicles that might take them. Plain values, no stores."""

from datetime import datetime

import msgspec

from core.ids import DistrictCode, FenceId, OrderId, TaskId, VehicleNo
from fleet.vehicles.dispatchable import Reason
from services.delivery.compartments import Compartment, Parcel
from services.routing.route import SLOW_VEHICLE, Vehicle


class WaitingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted order that no vehicle has; positions are (lat, lng) WGS 84."""

    order_id: OrderId
    version: int
    epoch: int
    district: DistrictCode
    merchant_lat: float
    merchant_lng: float
    pickup_lat: float
    pickup_lng: float
    accepted_at: datetime
    ready_at: datetime
    promised_p90_at: datetime
    parcel: Parcel
    home_m: float | None = None
    """About how far it is from the door to the nearest depot or charger; None when there is none."""
    areas: frozenset[FenceId] | None = None
    """Operating areas of shop and door; empty when one lies in none, None when nobody looked."""
    merchant_kind: str = ""
    """A word of the city's data (restaurant, pharmacy …); weights may give it a level."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery vehicle of the zone as it is now.

    ``reasons`` are the vehicle's own, from fleet.vehicles.dispatchable, judged without a job;
    ``lat``/``lng`` and ``battery_ratio`` are None when it was never heard. ``temperature_c`` is the air
    around it, None when unknown.
    """

    vehicle_no: VehicleNo
    code: str
    lat: float | None
    lng: float | None
    battery_ratio: float | None
    temperature_c: float | None = None
    layout: tuple[Compartment, ...] = ()
    reasons: tuple[Reason, ...] = ()
    task_id: TaskId | None = None
    """The task that holds it, or None."""
    has_refused: bool = False
    """It refused or did not answer a plan a moment ago."""
    areas: frozenset[FenceId] | None = None
    """Operating areas that its permits name; None when nobody looked."""
    hours_left_s: float | None = None
    """For how long its permits let it drive on, city seconds; None without an end."""
    road: Vehicle = SLOW_VEHICLE
    """What of it matters to its way."""


class PairTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long and far one vehicle has to go for one order. ``None`` durations: there is no way on the
    roads."""

    pickup_s: float | None
    pickup_m: float | None
    delivery_s: float | None
    delivery_m: float | None
