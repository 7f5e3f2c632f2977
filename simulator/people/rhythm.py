"""When people order: the shape of a day, and the next moment by lot."""

import random

HOURLY = (
    2, 1, 1, 1, 1, 2, 8, 22, 34, 38, 46, 78, 92, 58, 38, 40, 48, 72, 90, 76, 52, 34, 16, 6,
)  # fmt: skip
"""Weights of the hours from midnight on: meals at noon and in the evening, little at night; our own guess."""
_SUM = sum(HOURLY)


def orders_per_hour(city_ms: int, orders_per_day: float, *, utc_offset_h: float = 8.0) -> float:
    """Return how many orders an hour people make at a moment.

    >>> round(sum(orders_per_hour(h * 3_600_000, 400.0) for h in range(24)))
    400
    """
    hour = int((city_ms / 3_600_000 + utc_offset_h) % 24)
    return orders_per_day * HOURLY[hour] / _SUM


def seconds_to_next(lot: random.Random, per_hour: float) -> float:
    """Return city seconds to the next order, by lot; an hour when nobody orders."""
    return 3600.0 if per_hour <= 0 else min(3600.0, lot.expovariate(per_hour / 3600.0))
