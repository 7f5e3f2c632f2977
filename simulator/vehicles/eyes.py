"""What a patrol vehicle sees at a place: now and then, by the seed, something amiss for a while."""

import hashlib
import random

from fleet.links.wire.reports import EvidenceCaptured, Media

STAYS_MS = 2 * 3_600_000
"""What is amiss at a place is gone after this, and with the same chance something else is; our own guess."""
SIGHTS: tuple[tuple[str, str, int], ...] = (
    ("waste", "synthetic: bags beside the bins", 30),
    ("fire_lane_blocked", "synthetic: a parked car on the fire lane", 25),
    ("road_obstructed", "synthetic: building material on the lane", 15),
    ("facility_damaged", "synthetic: a street lamp leans", 15),
    ("door_open", "synthetic: a door of the pump house stands open", 10),
    ("person_needs_help", "synthetic: somebody waves", 3),
    ("smoke_or_fire", "synthetic: smoke from a bin", 2),
)
"""Finding, words and weight; our own guess."""


class Eyes:
    """Sees the same at the same place and time whoever looks, by the seed of the world."""

    def __init__(self, seed: int, findings_per_100: float) -> None:
        self._seed = seed
        self._share = findings_per_100 / 100

    def look(
        self,
        vehicle_no: int,
        stop_id: str,
        target: tuple[float, float],
        place: tuple[float, float],
        now_ms: int,
    ) -> EvidenceCaptured:
        """Return the evidence of a stop at ``target``, taken from ``place``; its picture is invented."""
        lat, lng = target
        lot = random.Random(f"eyes:{self._seed}:{lat:.5f}:{lng:.5f}:{now_ms // STAYS_MS}")  # noqa: S311 - a simulation
        is_amiss = lot.random() < self._share
        finding, detail, _ = lot.choices(SIGHTS, [weight for _, _, weight in SIGHTS])[0]
        name = f"synthetic/vehicle-{vehicle_no}/{now_ms}.jpg"
        return EvidenceCaptured(
            stop_id=stop_id,
            lat=place[0],
            lng=place[1],
            accuracy_m=1.0,
            media=(Media(reference=name, sha256=hashlib.sha256(name.encode()).hexdigest()),),
            finding=finding if is_amiss else "",
            detail=detail if is_amiss else "",
        )
