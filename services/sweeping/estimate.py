"""How long a path takes and what it uses up: time, water, room in the hopper, battery."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from msgspec import Struct

from services.dispatch.energy import RESERVE_RATIO, temperature_factor
from services.sweeping.cover import PieceKind
from services.sweeping.equipment import Equipment

GEAR_CHANGE_S = 1.5
"""A change of gear: brake, shift, start again."""
MOVING_SHARE = 0.7
"""Battery of a metre with the brushes up against one with them down; ours until vehicles have told."""


class Supply(StrEnum):
    """What a sweeper runs out of on its way."""

    WATER = "water"
    DUMP = "dump"
    CHARGE = "charge"


SUPPLY_NAMES: dict[Supply, tuple[str, str]] = {
    Supply.WATER: ("加水", "Fill water"),
    Supply.DUMP: ("倾倒垃圾", "Empty the hopper"),
    Supply.CHARGE: ("充电", "Charge"),
}
"""What a stop is for, zh and en."""


class Part(Struct, frozen=True):
    """A piece of path as estimates see it."""

    kind: PieceKind
    is_backwards: bool
    length_m: float


class SupplyStop(Struct, frozen=True, kw_only=True):
    """The vehicle leaves the path here for what it has run out of, and comes back to it.

    ``piece``: index of the piece; ``along_m``: how far along it. ``battery_ratio``: what is left there.
    """

    piece: int
    along_m: float
    supplies: tuple[Supply, ...]
    battery_ratio: float


class Estimate(Struct, frozen=True, kw_only=True):
    """What a path costs one vehicle that begins full. ``battery_ratio`` is in full batteries, may exceed 1.

    Ways to supplies and the time spent there are not in it.
    """

    swept_m: float
    moved_m: float
    duration_s: float
    water_tanks: float
    hoppers: float
    battery_ratio: float


def estimate(
    parts: Sequence[Part], equipment: Equipment, *, temperature_c: float | None, is_wet: bool
) -> Estimate:
    """Return what a path costs at a temperature; None is an unknown one (services.dispatch.energy)."""
    swept = sum(part.length_m for part in parts if part.kind is PieceKind.SWEEP)
    moved = sum(part.length_m for part in parts if part.kind is PieceKind.MOVE)
    gears = [part.is_backwards for part in parts]
    changes = sum(one != other for one, other in pairwise(gears))
    area_m2 = swept * equipment.width_m
    wets = is_wet and equipment.water_m2 > 0
    return Estimate(
        swept_m=swept,
        moved_m=moved,
        duration_s=swept / equipment.sweep_mps + moved / equipment.transit_mps + GEAR_CHANGE_S * changes,
        water_tanks=area_m2 / equipment.water_m2 if wets else 0.0,
        hoppers=area_m2 / equipment.hopper_m2,
        battery_ratio=(swept + MOVING_SHARE * moved) * _ratio_per_m(equipment, temperature_c),
    )


def supply_stops(
    parts: Sequence[Part],
    equipment: Equipment,
    *,
    temperature_c: float | None,
    is_wet: bool,
    battery_ratio: float = 1.0,
) -> tuple[SupplyStop, ...]:
    """Return where on a path a tank, the hopper or the battery would run out, in the order of the path.

    The vehicle begins with an empty hopper, a full tank and ``battery_ratio``; the reserve of dispatch stays
    in the battery. At a stop everything that would not last half as long again is seen to as well.
    """
    per_m = _per_metre(equipment, temperature_c, is_wet)
    full = {Supply.WATER: 1.0, Supply.DUMP: 1.0, Supply.CHARGE: 1.0 - RESERVE_RATIO}
    left = {**full, Supply.CHARGE: battery_ratio - RESERVE_RATIO}
    stops: list[SupplyStop] = []
    for number, part in enumerate(parts):
        along = 0.0
        rates = per_m[part.kind]
        while True:
            reach = min((left[each] / rate for each, rate in rates.items() if rate > 0), default=float("inf"))
            if along + reach >= part.length_m - 1e-6:
                break
            along += max(0.0, reach)
            _use(left, rates, max(0.0, reach))
            wanted = tuple(each for each in Supply if left[each] < full[each] / 3 and _is_used(per_m, each))
            stops.append(
                SupplyStop(
                    piece=number,
                    along_m=along,
                    supplies=wanted,
                    battery_ratio=left[Supply.CHARGE] + RESERVE_RATIO,
                )
            )
            left.update({each: full[each] for each in wanted})
        _use(left, rates, part.length_m - along)
    return tuple(stops)


def _per_metre(
    equipment: Equipment, temperature_c: float | None, is_wet: bool
) -> dict[PieceKind, dict[Supply, float]]:
    battery = _ratio_per_m(equipment, temperature_c)
    wets = is_wet and equipment.water_m2 > 0
    return {
        PieceKind.SWEEP: {
            Supply.WATER: equipment.width_m / equipment.water_m2 if wets else 0.0,
            Supply.DUMP: equipment.width_m / equipment.hopper_m2,
            Supply.CHARGE: battery,
        },
        PieceKind.MOVE: {Supply.CHARGE: MOVING_SHARE * battery},
    }


def _is_used(per_m: dict[PieceKind, dict[Supply, float]], supply: Supply) -> bool:
    return per_m[PieceKind.SWEEP][supply] > 0


def _use(left: dict[Supply, float], rates: dict[Supply, float], metres: float) -> None:
    for supply, rate in rates.items():
        left[supply] -= rate * metres


def _ratio_per_m(equipment: Equipment, temperature_c: float | None) -> float:
    return temperature_factor(temperature_c) / (equipment.battery_km * 1000.0)
