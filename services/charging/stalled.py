"""Whether a vehicle that stands at a charger really takes a charge. Pure: what was seen there decides."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.charging.charger import Reservation

RISES_BY: Final = 0.01
"""A smaller rise is the resolution of what vehicles say (0.5 %), twice."""
STALLED_AFTER: Final = timedelta(minutes=30)
"""So long a charger may give nothing that is seen: a frozen cell on its slow start takes a percent in six
minutes (simulator/vehicles/battery.py)."""
FULL_RATIO: Final = 0.95
"""From here on nothing has to rise any more."""


def looked_at(reservation: Reservation, ratio: float, *, at: datetime) -> Reservation:
    """Return the reservation of a vehicle that charges with what was seen of its battery.

    The same object when the charge has not risen since the last rise.
    """
    known = reservation.risen_ratio
    if known is not None and ratio < known + RISES_BY:
        return reservation
    return msgspec.structs.replace(
        reservation, risen_ratio=ratio, risen_at=at, version=reservation.version + 1
    )


def is_stalled(reservation: Reservation, *, at: datetime) -> bool:
    """Return whether the charge should have risen long ago; preheating counts as no time at the charger."""
    since, ratio = reservation.risen_at, reservation.risen_ratio
    if since is None or ratio is None or ratio >= FULL_RATIO:
        return False
    if reservation.arrived_at is not None:
        since = max(since, reservation.arrived_at + timedelta(seconds=reservation.preheat_s))
    return at - since >= STALLED_AFTER
