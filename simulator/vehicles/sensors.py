"""The sensors of one vehicle: now and then, by a seed, dust or ice blocks one until somebody wipes it."""

import random

BLOCKED_S = (600.0, 2_400.0)
"""City seconds until somebody has come by and wiped it, from and to; our own guess."""
WITHOUT_CREW_S = (4 * 3600.0, 8 * 3600.0)
"""The same where a crew is played that wipes it: what it never came to blows off by itself."""


class Sensors:
    """When a sensor gets blocked and for how long, in city time; the same seed gives the same moments."""

    def __init__(
        self, vehicle_no: int, seed: int, faults_per_hour: float, *, waits_for_crew: bool = False
    ) -> None:
        self._blocked_s = WITHOUT_CREW_S if waits_for_crew else BLOCKED_S
        self._lot = random.Random(f"sensors:{seed}:{vehicle_no}")  # noqa: S311 - a simulation, not a secret
        self._per_ms = faults_per_hour / 3_600_000
        self._next_ms: int | None = None

    def blocked_until(self, now_ms: int) -> int:
        """Return until when the sensor is blocked that got blocked by now, 0 when none did since the last
        look."""
        if self._per_ms <= 0:
            return 0
        if self._next_ms is None:
            self._next_ms = now_ms + int(self._lot.expovariate(self._per_ms))
        if now_ms < self._next_ms:
            return 0
        self._next_ms = now_ms + int(self._lot.expovariate(self._per_ms))
        return now_ms + int(1000 * self._lot.uniform(*self._blocked_s))
