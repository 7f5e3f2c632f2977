"""What docs/benchmarks.md says of dispatch.json."""

from collections.abc import Iterator
from typing import Any

ROUND = "one round of 200 vehicles and 400 orders"
RUSH = "three hours near saturation"


def bars(found: dict[str, Any] | None) -> Iterator[str]:
    """Return the rows of the table of bars; none when it was not measured."""
    if found is None:
        return
    ticks, optimum, rush, most = found["ticks"], found["optimum"], found["rush"], found["bars"]
    for title, what, value, bound in (
        (ROUND, "distance, times nearest-vehicle greedy", max(t["ratio"] for t in ticks), most["distance"]),
        (
            ROUND,
            "s to judge and solve, without the claims",
            max(t["seconds"] for t in ticks),
            most["seconds"],
        ),
        (
            f"{optimum['proven']} small cases",
            "times the proven optimum, mean",
            optimum["meanRatio"],
            most["optimum"],
        ),
        (RUSH, "mean wait, times nearest-vehicle greedy", rush["meanRatio"], most["wait"]),
        (RUSH, "p95 wait, times nearest-vehicle greedy", rush["p95Ratio"], most["wait"]),
    ):
        yield f"| {title} | {what} | {value:g} | ≤ {bound:g} | | {'met' if value <= bound else 'missed'} |"


def section(found: dict[str, Any] | None) -> Iterator[str]:
    """Return the section; nothing when it was not measured."""
    if found is None:
        return
    ticks, optimum, rush = found["ticks"], found["optimum"], found["rush"]
    yield "## Dispatch\n"
    yield (
        "The town is a plane of seven kilometres with streets in a grid, driven at "
        f"{found['speedMps']:g} m/s (synthetic); judging, problem, VROOM in its process and choice are those of the city. "
        "Claims in SQL and routes are not in these figures. Nearest-vehicle greedy takes each order in turn, the longest "
        "waiting first, and gives it to the vehicle that is or ends nearest to its shop.\n"
    )
    yield "| seed | orders served | vehicles that go | km | greedy km | times greedy | s |"
    yield "|---|---|---|---|---|---|---|"
    for tick in ticks:
        yield (
            f"| {tick['seed']} | {tick['served']} | {tick['runs']} | {tick['km']:,} | {tick['greedyKm']:,} "
            f"| {tick['ratio']:g} | {tick['seconds']:g} |"
        )
    yield (
        f"\nAgainst the optimum: {optimum['cases']} cases of three vehicles and five orders, {optimum['proven']} proven by "
        f"CP-SAT in the dispatcher's own measure; mean {optimum['meanRatio']:g}, worst {optimum['worstRatio']:g}.\n"
    )
    yield (
        f"Near saturation: {rush['vehicles']} vehicles, {rush['orders']} orders in three hours (seed {rush['seed']}); a wait is "
        "what the dispatcher added to preparing, loading and the direct way.\n"
    )
    yield "| | mean s | p95 s | longest s | vehicles busy |"
    yield "|---|---|---|---|---|"
    for name, title in (("greedy", "nearest-vehicle greedy"), ("ours", "Steppe")):
        yield (
            f"| {title} | {rush[f'{name}MeanS']:,} | {rush[f'{name}P95S']:,} | {rush[f'{name}MostS']:,} "
            f"| {rush[f'{name}BusyShare']:.0%} |"
        )
    yield ""
