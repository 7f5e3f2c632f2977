"""Runs that belong together: growth with vehicles and fences."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from steppe.bench.world import World

GROWTH_VEHICLES: Final = (1_000, 10_000, 100_000)
GROWTH_FENCES: Final = (100, 1_000, 10_000)

type Measure = Callable[[World], dict[str, Any]]


def growth(world: World, measure: Measure) -> dict[str, Any]:
    """Return CPU per position over vehicles (with the world's fences) and over fences (with its vehicles)."""
    over_vehicles = [
        sized(world, vehicles=vehicles) for vehicles in GROWTH_VEHICLES if vehicles <= world.vehicles
    ]
    over_fences = [msgspec.structs.replace(world, fences=fences) for fences in GROWTH_FENCES]
    by_vehicles, by_fences = [measure(one) for one in over_vehicles], [measure(one) for one in over_fences]
    return {
        "overVehicles": by_vehicles,
        "overFences": by_fences,
        "microsOverVehicles": [row["microsPerPosition"] for row in by_vehicles],
        "microsOverFences": [row["microsPerPosition"] for row in by_fences],
        "fencesCostTimes": round(by_fences[-1]["microsPerPosition"] / by_fences[0]["microsPerPosition"], 2),
    }


def sized(world: World, *, vehicles: int) -> World:
    """Return the world with another number of vehicles at as many positions a link and frame."""
    share = vehicles / world.vehicles
    singles = min(world.singles, round(world.singles * share))
    makers = max(1, round(world.makers * share))
    return msgspec.structs.replace(world, vehicles=vehicles, singles=singles, makers=makers)
