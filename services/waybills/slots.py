"""When a parcel can be brought: whole two hours of the station's day, from soon until tomorrow. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.delivery.opening_hours import OpeningHours, is_open

SLOT_H = 2
SOON = timedelta(minutes=20)
"""A slot that begins sooner cannot be kept."""
AHEAD = timedelta(hours=30)
"""How far ahead a recipient may choose."""
ANSWER_WITHIN = timedelta(hours=4)
"""City time that a recipient has to answer."""
LEAD = timedelta(minutes=15)
"""How long before its slot a parcel becomes an order."""


def slots(hours: OpeningHours, at: datetime) -> tuple[datetime, ...]:
    """Return the beginnings of the slots that may be chosen now, in UTC order.

    A slot counts when the station is open at its beginning and half an hour before its end.
    """
    zone = ZoneInfo(hours.time_zone)
    local = at.astimezone(zone)
    begins = local.replace(hour=local.hour - local.hour % SLOT_H, minute=0, second=0, microsecond=0)
    found = []
    while begins <= local + AHEAD:
        late = begins + timedelta(hours=SLOT_H, minutes=-30)
        if begins >= local + SOON and is_open(hours, begins) and is_open(hours, late):
            found.append(begins.astimezone(at.tzinfo))
        begins += timedelta(hours=SLOT_H)
    return tuple(found)
