"""What a version would do, said before it is published."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec

NAMED_MOST: Final = 200
"""Vehicles and orders that a preview names; it counts all."""


class PastCrossings(msgspec.Struct, frozen=True, kw_only=True):
    """The events that a version would have raised over what is stored of the last week."""

    events: Mapping[str, int]
    """Kind of event → how many."""
    vehicles: int
    """Different vehicles that raised one."""
    positions: int
    """Positions near the fence that were judged."""
    from_at: datetime
    to_at: datetime
    """The span that was looked at: it ends now and reaches back as far as there was time for."""
    is_whole: bool
    """Whether the whole week was looked at. What was not stored is not missed."""


class TouchedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An open order with an end inside the fence."""

    order_id: str
    end: Literal["pickup", "dropoff"]


class RestOfWeek(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is that goes through the whole week, oldest first, because a preview had no time to."""

    from_at: datetime
    to_at: datetime
    reached_at: datetime
    """Everything from ``from_at`` until then is judged."""


class FencePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen when a version was previewed, within the reach of whoever asked."""

    vehicles_inside: int
    inside: tuple[int, ...]
    """Numbers of the first vehicles inside."""
    past: PastCrossings
    """What there was time for at once, then, when ``rest`` is done, the whole week."""
    rest: RestOfWeek | None = None
    """None when nothing is to come."""
    orders_touched: int
    orders: tuple[TouchedOrder, ...]
