"""Runs that belong together: growth with vehicles and fences, and the highest rate that is sustained."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from steppe.bench.world import World

GROWTH_VEHICLES: Final = (1_000, 10_000, 100_000)
GROWTH_FENCES: Final = (100, 1_000, 10_000)
RATE_STEP: Final = 1.5
RATE_CLOSE: Final = 1.1
"""The search ends when the lowest rate that failed is this near to the highest that held."""

COUNTED_WITHIN_S: Final = 2.0
"""The tracker counts once a second what it believed."""

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


def highest_rate(world: World, measure: Measure) -> dict[str, Any]:
    """Return the most vehicles at the world's rate that the servers keep up with, and every try."""
    held, failed = 0, 0
    tries: list[dict[str, Any]] = []
    vehicles = world.vehicles
    while not failed or (held and failed > held * RATE_CLOSE):
        result = measure(sized(world, vehicles=vehicles))
        kept = is_sustained(result)
        tries.append({"vehicles": vehicles, "isSustained": kept, **result})
        held, failed = (vehicles, failed) if kept else (held, vehicles)
        if not held:
            break
        vehicles = round((held + failed) / 2) if failed else round(held * RATE_STEP)
    best = next((row for row in reversed(tries) if row["vehicles"] == held), None)
    return {"positionsPerS": best["positionsPerS"] if best else 0, "vehicles": held, "tries": tries}


def is_sustained(result: Mapping[str, Any]) -> bool:
    """Say whether everything wanted was sent, taken and judged, and nothing waits longer than a second."""
    wanted = result["world"]["vehicles"] * result["world"]["hz"]
    ticks, sent = result["tracker"], result["positionsPerS"] * result["measuredS"]
    return bool(
        result["positionsPerS"] >= 0.98 * wanted
        and result["refused"] == 0
        and ticks["believed"] + COUNTED_WITHIN_S * wanted >= 0.99 * sent
        and ticks["lagS"] < 1.0
    )
