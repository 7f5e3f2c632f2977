"""Coverage: how much of generated zones the planner sweeps, how long its path is, and what of it is outside.

``python -m benchmarks.coverage`` writes benchmarks/results/coverage.json; exit code 1 when a bar is missed.

What must be covered is the whole zone less what the vehicle's body physically cannot come to without leaving
it: corners sharper than its circle, and what lies behind gaps narrower than it. Both shares are reported.
The length is everything driven: swept lines, turns, and ways between, against that reachable area and the
width. *Outside* is the length of the path on which any part of the body is outside the zone.
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import shapely

from benchmarks.zones import generated_zones
from services.sweeping.cover import PieceKind, cover
from services.sweeping.equipment import Equipment
from steppe.bench.machine import description

RESULT = Path(__file__).parent / "results" / "coverage.json"
SEED, ZONES = 7, 30
COVERED_LEAST, LENGTH_MOST, OUTSIDE_MOST_M = 0.99, 1.3, 0.0
EQUIPMENT = Equipment(width_m=2.0, body_m=2.0, turning_radius_m=1.5)
"""The equipment that jobs have unless they say otherwise: a street sweeper of the small class."""


def measured(kind: str, zone: shapely.Polygon) -> dict[str, Any]:
    """Plan one zone and measure the plan with GEOS, not with what the planner believes."""
    started = time.process_time()
    plan = cover(zone, EQUIPMENT)
    took = time.process_time() - started
    swept, reachable = plan.swept(), plan.ground.reachable
    body = shapely.union_all(
        shapely.buffer(
            [shapely.LineString(piece.points) for piece in plan.pieces],
            EQUIPMENT.clearance_m,
            quad_segs=16,
        )
    )
    return {
        "kind": kind,
        "zoneM2": round(zone.area, 1),
        "reachableRatio": round(reachable.area / zone.area, 5),
        "coveredOfReachable": round(swept.intersection(reachable).area / reachable.area, 5),
        "coveredOfZone": round(swept.intersection(zone).area / zone.area, 5),
        "lengthRatio": round(plan.length_m() * EQUIPMENT.width_m / reachable.area, 4),
        "sweptLengthRatio": round(plan.length_m(PieceKind.SWEEP) * EQUIPMENT.width_m / reachable.area, 4),
        "outsideM": round(plan.outside_m(), 6),
        "outsideM2": round(body.difference(zone).area, 6),
        "skippedM": round(plan.skipped_m, 2),
        "planS": round(took, 2),
    }


def main() -> None:
    """Measure every zone, print a line each, write the result."""
    rows = []
    for kind, zone in generated_zones(SEED, ZONES):
        rows.append(measured(kind, zone))
        print(json.dumps(rows[-1]), flush=True)
    worst = {
        "coveredOfReachable": min(row["coveredOfReachable"] for row in rows),
        "coveredOfZone": min(row["coveredOfZone"] for row in rows),
        "lengthRatio": max(row["lengthRatio"] for row in rows),
        "outsideM": max(row["outsideM"] for row in rows),
        "outsideM2": max(row["outsideM2"] for row in rows),
    }
    is_met = (
        worst["coveredOfReachable"] >= COVERED_LEAST
        and worst["lengthRatio"] <= LENGTH_MOST
        and worst["outsideM"] <= OUTSIDE_MOST_M
        and worst["outsideM2"] <= OUTSIDE_MOST_M
    )
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": description(),
        "seed": SEED,
        "widthM": EQUIPMENT.width_m,
        "bodyM": EQUIPMENT.body_m,
        "turningRadiusM": EQUIPMENT.turning_radius_m,
        "bar": {"covered": COVERED_LEAST, "length": LENGTH_MOST, "outsideM": OUTSIDE_MOST_M},
        "worst": worst,
        "meanLengthRatio": round(sum(row["lengthRatio"] for row in rows) / len(rows), 4),
        "isMet": is_met,
        "rows": rows,
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
