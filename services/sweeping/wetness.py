"""Whether a run uses water: none below +3 °C road temperature (domain.md, weather). Pure."""

from enum import StrEnum

from msgspec import Struct

LEAST_ROAD_C = 3.0
"""Below it no water goes onto a road: it would freeze there."""
ROAD_BELOW_AIR_C = 2.0
"""A road under a clear sky is colder than the air; taken off where only the air is known. Ours."""


class Way(StrEnum):
    """How a run is swept."""

    WET = "wet"
    DRY = "dry"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why it is not swept as planned; empty when it is."""

    AS_PLANNED = ""
    ROAD_COLD = "road_cold"
    ROAD_UNKNOWN = "road_unknown"


WAY_NAMES: dict[Way, tuple[str, str]] = {
    Way.WET: ("湿扫", "wet"),
    Way.DRY: ("干扫", "dry"),
    Way.CANCELLED: ("取消", "cancelled"),
}
REASON_NAMES: dict[Reason, tuple[str, str]] = {
    Reason.AS_PLANNED: ("按计划", "as planned"),
    Reason.ROAD_COLD: ("路面温度低于 3 °C", "the road is colder than 3 °C"),
    Reason.ROAD_UNKNOWN: ("路面温度未知", "nobody knows how cold the road is"),
}


class Sweeping(Struct, frozen=True):
    """The way, and why."""

    way: Way
    reason: Reason


def way_of(
    *, wants_water: bool, may_sweep_dry: bool, road_c: float | None, air_c: float | None = None
) -> Sweeping:
    """Return how a run is swept at a temperature.

    The road's temperature decides, else the air's less ``ROAD_BELOW_AIR_C``; when neither is known no water
    is used. What may not be swept dry is cancelled.

    >>> way_of(wants_water=True, may_sweep_dry=True, road_c=2.9).way
    <Way.DRY: 'dry'>
    """
    if not wants_water:
        return Sweeping(Way.DRY, Reason.AS_PLANNED)
    if road_c is None and air_c is not None:
        road_c = air_c - ROAD_BELOW_AIR_C
    if road_c is not None and road_c >= LEAST_ROAD_C:
        return Sweeping(Way.WET, Reason.AS_PLANNED)
    reason = Reason.ROAD_UNKNOWN if road_c is None else Reason.ROAD_COLD
    return Sweeping(Way.DRY if may_sweep_dry else Way.CANCELLED, reason)
