"""The city's time as the simulator knows it: told on the link, carried on by the machine's own clock."""

import time


class CityClock:
    """City time as a straight line from the moment it was last told. Unknown until then."""

    def __init__(self) -> None:
        self.rate = 1.0
        self._told_ms: int | None = None
        self._told_at_s = 0.0

    @property
    def is_known(self) -> bool:
        """Whether anybody has told the time yet."""
        return self._told_ms is not None

    def tell(self, city_ms: int, rate: float) -> None:
        """Set city milliseconds and city seconds a second. Never steps back by less than five seconds.

        Each of several links tells the time; what they say differs by their latency, and a vehicle's own
        clock must not jump with it.
        """
        if self.is_known and rate == self.rate and abs(city_ms - self.now_ms()) < 5_000:
            return
        self._told_ms, self._told_at_s, self.rate = city_ms, time.monotonic(), rate

    def now_ms(self) -> int:
        """Return city milliseconds since 1970; raises RuntimeError before the time was told."""
        if self._told_ms is None:
            raise RuntimeError("nobody has told the time yet")
        return self._told_ms + int((time.monotonic() - self._told_at_s) * 1000 * self.rate)

    def wall_s(self, city_s: float) -> float:
        """Return how long a city duration lasts on the wall."""
        return city_s / self.rate
