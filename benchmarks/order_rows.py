"""What docs/benchmarks.md says of orders.json and orders-postgresql.json."""

from collections.abc import Iterator, Sequence
from typing import Any


def bars(runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Return the rows of the table of bars of every store that was measured."""
    for run in runs:
        burst, held, bar = run["burst"], run["held"], run["bar"]
        name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[run["database"]]
        for what, found, bound, is_met in (
            (
                f"a burst, {name}: orders/s accepted",
                burst["answeredPerS"],
                f"≥ {bar['burstPerS']:g}",
                run["isMet"]["burst"],
            ),
            (
                f"held, {name}: orders/s accepted",
                held["answeredPerS"],
                f"≥ {bar['heldPerS']:g}",
                run["isMet"]["rate"],
            ),
            (
                f"{name}: orders/s of which p95 with a free vehicle get it within {bar['assignedWithinS']:g} s",
                run["sustainedPerS"],
                f"≥ {bar['heldPerS']:g}",
                run["isMet"]["assigned"],
            ),
        ):
            yield f"| orders | {what} | {found:g} | {bound} | | {'met' if is_met else 'missed'} |"


def section(runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Return the section; nothing when nothing was measured."""
    if not runs:
        return
    yield "## Orders\n"
    yield (
        "The city's own processes (api, gateway, tracker, scheduler, two dispatch workers) with a real store and Valkey; vehicles of wood "
        "carry out a plan within a second or two over the public protocol, so that a run holds a whole order's life. The load and the "
        'vehicles run on the same two cores. An order that is told "not now" is sent again with its key. '
        "CPU is of the processes of the city from the first order of a stretch until none waits, what runs anyway included.\n"
    )
    yield '| store | stretch | asked/s | accepted/s | answer p50, p95 ms | told "not now" | lost, doubled | assigned | wait p95 s, free vehicle | none waited after s | machine busy | CPU ms an order |'
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    for run in runs:
        ladder = [("ladder", row) for row in run["ladder"]]
        for name, row in (*ladder, ("burst", run["burst"]), ("held", run["held"])):
            yield (
                f"| {run['database']} | {name}, {row['asked']['seconds']:g} s | {row['asked']['perS']:g} | {row['answeredPerS']:g} "
                f"| {row['answeredMs']['p50']:,}, {row['answeredMs']['p95']:,} | {row['toldNotNow']:,} | {row['lost']}, {row['doubled']} "
                f"| {row['assigned']:,} | {row['waitWithAFreeVehicleS']['p95']:g} of {row['foundAFreeVehicle']:,} "
                f"| {row['untilNoneWaitedS']:g} | {row['machineBusyShare']:.0%} | {_cpu(row)} |"
            )
    yield ""


def _cpu(row: dict[str, Any]) -> str:
    """Return what an order took of all processes, and of whom most; a stretch holds what runs anyway, too."""
    spent: dict[str, float] = row.get("cpuMsPerOrder", {})
    if not spent:
        return "–"
    most = sorted(spent.items(), key=lambda each: -each[1])[:4]
    return f"{sum(spent.values()):.0f}: " + ", ".join(f"{name} {ms:.0f}" for name, ms in most)
