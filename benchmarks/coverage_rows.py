"""What docs/benchmarks.md says of coverage.json."""

from collections.abc import Iterator
from typing import Any

SIGNS = {"most": "≤ ", "least": "≥ "}


def bars(found: dict[str, Any] | None) -> Iterator[str]:
    """Return the rows of the table of bars; none when it was not measured."""
    if found is None:
        return
    worst, bar = found["worst"], found["bar"]
    zones = f"coverage of {len(found['rows'])} generated zones"
    for what, value, sign, bound in (
        ("share of the reachable area swept, worst", worst["coveredOfReachable"], "least", bar["covered"]),
        ("length × width / area, worst", worst["lengthRatio"], "most", bar["length"]),
        ("m of path with a part outside, worst", worst["outsideM"], "most", bar["outsideM"]),
    ):
        is_met = value >= bound if sign == "least" else value <= bound
        verdict = "met" if is_met else "missed"
        yield f"| {zones} | {what} | {value:g} | {SIGNS[sign]}{bound:g} | | {verdict} |"


def section(found: dict[str, Any] | None) -> Iterator[str]:
    """Return the section: one row for each kind of zone; nothing when it was not measured."""
    if found is None:
        return
    rows = found["rows"]
    took = sum(row["planS"] for row in rows) / len(rows)
    yield "## Sweeping zones\n"
    yield (
        f"{len(rows)} generated zones (seed {found['seed']}), a sweeper {found['widthM']:g} m wide "
        f"that turns on {found['turningRadiusM']:g} m. To be covered is the whole zone less what the "
        "vehicle's circle cannot touch from inside; both shares are given. The length is all that is driven, "
        "against reachable area / width; outside is the length of path on which a part of the body leaves "
        f"the zone. Mean length {found['meanLengthRatio']:g}; a plan takes {took:.1f} s of CPU.\n"
    )
    yield (
        "| zones | | hectares | reachable of zone, least | covered of reachable, least "
        "| covered of zone, least | length, most | outside, most m |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for kind in dict.fromkeys(row["kind"] for row in rows):
        some = [row for row in rows if row["kind"] == kind]
        sizes = sorted(row["zoneM2"] / 1e4 for row in some)
        least = [
            f"{min(row[name] for row in some):.4f}"
            for name in ("reachableRatio", "coveredOfReachable", "coveredOfZone")
        ]
        yield (
            f"| {kind} | {len(some)} | {sizes[0]:.2f}–{sizes[-1]:.2f} | {' | '.join(least)} "
            f"| {max(row['lengthRatio'] for row in some):.3f} | {max(row['outsideM'] for row in some):g} |"
        )
    yield ""
