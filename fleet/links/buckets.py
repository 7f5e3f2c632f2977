"""Token buckets by vehicle, as columns: one array operation judges a whole batch."""

import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.numbering import Numbering
from fleet.telemetry.roster import longer


class Buckets:
    """``rate`` tokens a city second up to ``burst``, for each vehicle number.

    The burst is what may be sent again after a reconnect; the rate is what a healthy vehicle never reaches.
    """

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate_per_ms = rate / 1000.0
        self._burst = burst
        self._tokens = np.full(1024, burst, dtype=np.float32)
        self._filled_ms = np.zeros(1024, dtype=np.int64)
        self._numbering = Numbering(1024)

    def take(self, vehicle_nos: NDArray[np.unsignedinteger], now_ms: int) -> NDArray[np.bool_]:
        """Say for each record, in order, whether its vehicle has a token left for it, and take it.

        Of a vehicle that is over its rate the *newest* records of the batch are let through. Numbers may
        repeat; empty gives empty.
        """
        if not len(vehicle_nos):
            return np.zeros(0, dtype=np.bool_)
        self._grow(int(vehicle_nos.max()) + 1)
        numbers = vehicle_nos.astype(np.intp)
        if self._numbering.are_different(numbers):
            gained = (now_ms - self._filled_ms[numbers]).clip(min=0) * self._rate_per_ms
            tokens = np.minimum(self._tokens[numbers] + gained, self._burst)
            allowed: NDArray[np.bool_] = tokens >= 1.0
            self._tokens[numbers] = tokens - allowed
            self._filled_ms[numbers] = now_ms
            return allowed
        order = np.argsort(vehicle_nos, kind="stable")
        unique, first, counts = np.unique(vehicle_nos[order], return_index=True, return_counts=True)
        gained = (now_ms - self._filled_ms[unique]).clip(min=0) * self._rate_per_ms
        tokens = np.minimum(self._tokens[unique] + gained, self._burst)
        taken = np.minimum(counts, np.floor(tokens)).astype(np.int64)
        self._tokens[unique] = tokens - taken
        self._filled_ms[unique] = now_ms
        if bool((taken == counts).all()):
            return np.ones(len(vehicle_nos), dtype=np.bool_)
        from_end = np.repeat(first + counts, counts) - np.arange(len(order))
        allowed = np.empty(len(order), dtype=np.bool_)
        allowed[order] = from_end <= np.repeat(taken, counts)
        return allowed

    def _grow(self, size: int) -> None:
        if size <= len(self._tokens):
            return
        size = max(size, 2 * len(self._tokens))
        before = len(self._tokens)
        self._tokens = longer(self._tokens, size)
        self._tokens[before:] = self._burst
        self._filled_ms = longer(self._filled_ms, size)
        self._numbering.reserve(size)
