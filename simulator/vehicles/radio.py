"""The network of one vehicle: mostly there, now and then not, by a seed."""

import random

OUTAGE_MEDIAN_S = 12.0
OUTAGE_SIGMA = 0.9
"""Log-normal: one in a hundred lasts longer than 100 s, one in a thousand longer than three minutes."""
OUTAGE_MOST_S = 600.0


class Radio:
    """When a vehicle is cut off, in city time; the same seed gives the same outages."""

    def __init__(self, vehicle_no: int, seed: int, outages_per_hour: float) -> None:
        self._lot = random.Random(f"radio:{seed}:{vehicle_no}")  # noqa: S311 - a simulation, not a secret
        self._per_ms = outages_per_hour / 3_600_000
        self._from_ms: int | None = None
        self._until_ms = 0

    def is_up(self, now_ms: int) -> bool:
        """Return whether the vehicle reaches its maker's cloud now; time must not go back."""
        if self._per_ms <= 0:
            return True
        if self._from_ms is None:
            self._plan(now_ms)
        while self._from_ms is not None and now_ms >= self._until_ms:
            self._plan(self._until_ms)
        return self._from_ms is None or now_ms < self._from_ms

    def _plan(self, after_ms: int) -> None:
        self._from_ms = after_ms + int(self._lot.expovariate(self._per_ms))
        lasts_s = self._lot.lognormvariate(0.0, OUTAGE_SIGMA) * OUTAGE_MEDIAN_S
        self._until_ms = self._from_ms + int(1000 * min(lasts_s, OUTAGE_MOST_S))
