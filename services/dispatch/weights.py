"""What each term of a cost weighs, as data: a version for each 旗区, with limits and names for people."""

import math
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec

from core.errors import Invalid
from core.ids import DistrictCode, StaffId

MOST_LEVELS = 20
"""Kinds of merchant that may be given a level."""
HIGHEST_LEVEL = 5
LONGEST_KIND = 40


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """How much a second, a kilometre or a level counts against a second of driving to the merchant."""

    start: float = 1.0
    """A second of driving to the merchant."""
    idle: float = 0.25
    """A second of standing at the merchant before the goods are ready."""
    late: float = 2.0
    """A second past the P90 promise."""
    empty_s_per_km: float = 10.0
    """A kilometre driven without goods: energy and wear, whatever the speed."""
    low_battery_ratio: float = 0.35
    """Below this an equally near vehicle with more battery is preferred."""
    low_battery_s: float = 600.0
    """Seconds per whole battery that is missing below it."""
    waited: float = 0.5
    """A second that the order has waited; decides who goes first when vehicles are fewer than orders."""
    waited_cap_s: float = 86_400.0
    """Past so much waiting an order gains no further. Below the time in which orders are given up it lets an
    order of a far shop wait behind fresh ones of near shops without end."""
    priority_s: float = 120.0
    """Seconds that each level of the merchant's kind speaks for the order."""
    levels: dict[str, int] = {}
    """Level by kind of merchant (restaurant, pharmacy …); a kind that is not named has level 0."""


class WeightLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What a weight may be, in which unit, and what it is called."""

    low: float
    high: float
    unit: str
    zh: str
    en: str


LIMITS: Mapping[str, WeightLimit] = MappingProxyType(
    {
        "start": WeightLimit(low=0.1, high=10, unit="s/s", zh="驶往商户", en="drive to the merchant"),
        "idle": WeightLimit(low=0, high=10, unit="s/s", zh="等待出货", en="waiting for the goods"),
        "late": WeightLimit(low=0, high=20, unit="s/s", zh="超出承诺", en="past the promise"),
        "empty_s_per_km": WeightLimit(low=0, high=600, unit="s/km", zh="空驶里程", en="empty distance"),
        "low_battery_ratio": WeightLimit(
            low=0, high=0.9, unit="ratio", zh="低电量界限", en="low battery below"
        ),
        "low_battery_s": WeightLimit(low=0, high=7200, unit="s", zh="电量偏低", en="low battery"),
        "waited": WeightLimit(low=0, high=10, unit="s/s", zh="订单已等待", en="order has waited"),
        "waited_cap_s": WeightLimit(low=0, high=86_400, unit="s", zh="等待计至", en="waiting counts up to"),
        "priority_s": WeightLimit(
            low=0, high=1800, unit="s/level", zh="每级优先", en="each level of priority"
        ),
    }
)
"""Of every weight that is a number; ``levels`` has limits of its own."""


class ZoneWeights(msgspec.Struct, frozen=True, kw_only=True):
    """The weights that hold in a 旗区. Version 0 are the defaults, which nobody set."""

    version: int = 0
    weights: Weights = Weights()


class WeightsVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a 旗区's weights: who set it, when and why. Never changed, never removed."""

    district: DistrictCode
    version: int
    at: datetime
    staff_id: StaffId
    by_name: str
    reason: str
    weights: Weights


def check_weights(weights: Weights) -> Weights:
    """Return the weights; raise Invalid that names the first field outside its limits, and the limits."""
    for name, limit in LIMITS.items():
        value = getattr(weights, name)
        if not (math.isfinite(value) and limit.low <= value <= limit.high):
            raise _outside(name, f"{limit.low:g} to {limit.high:g} {limit.unit}")
    if len(weights.levels) > MOST_LEVELS:
        raise _outside("levels", f"at most {MOST_LEVELS} kinds of merchant")
    for kind, level in weights.levels.items():
        if not 1 <= len(kind) <= LONGEST_KIND:
            raise _outside("levels", f"a kind has 1 to {LONGEST_KIND} characters")
        if not 0 <= level <= HIGHEST_LEVEL:
            raise _outside(f"levels.{kind}", f"0 to {HIGHEST_LEVEL}")
    return weights


def _outside(name: str, limit: str) -> Invalid:
    head, *rest = name.split("_")
    field = head + "".join(word.capitalize() for word in rest) if "." not in name else name
    return Invalid("invalid-input", f"{field} is {limit}", field=field, limit=limit)
