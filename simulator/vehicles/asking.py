"""Ways that are blocked: now and then, by a seed, a driving vehicle asks for a remote operator and stands."""

import random

STANDS_S = 1_800.0
"""City seconds after which the way is free again without anybody's help; our own guess."""
ASSISTED_S = (20.0, 60.0)
"""City seconds for which an operator's help is followed, from and to."""


class Asking:
    """When a vehicle asks, and until when it stands; the same seed gives the same moments of driving."""

    def __init__(self, vehicle_no: int, seed: int, per_hour: float) -> None:
        self._lot = random.Random(f"asking:{seed}:{vehicle_no}")  # noqa: S311 - a simulation, not a secret
        self._per_s = per_hour / 3_600
        self._driven_s = 0.0
        self._next_s = self._lot.expovariate(self._per_s) if per_hour > 0 else None
        self._since_ms: int | None = None
        self._assisted_until_ms: int | None = None

    @property
    def is_standing(self) -> bool:
        """Whether the vehicle waits for somebody."""
        return self._since_ms is not None

    @property
    def is_assisted(self) -> bool:
        """Whether somebody far away helps it now."""
        return self._assisted_until_ms is not None

    def drove(self, seconds: float, now_ms: int) -> bool:
        """Return whether the way is found to be blocked after so much more driving; it asks then."""
        self._driven_s += seconds
        if self._next_s is None or self._driven_s < self._next_s:
            return False
        self._next_s = self._driven_s + self._lot.expovariate(self._per_s)
        self._since_ms = now_ms
        return True

    def assist(self, now_ms: int) -> None:
        """Let an operator help; a vehicle that did not ask is left alone."""
        if self.is_standing and not self.is_assisted:
            self._assisted_until_ms = now_ms + int(1000 * self._lot.uniform(*ASSISTED_S))

    def pass_time(self, now_ms: int) -> None:
        """Go on when the help is done, or when the way has become free by itself."""
        if self._since_ms is None:
            return
        is_helped = self._assisted_until_ms is not None and now_ms >= self._assisted_until_ms
        if is_helped or now_ms - self._since_ms >= STANDS_S * 1000:
            self._since_ms = self._assisted_until_ms = None
