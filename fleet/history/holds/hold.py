"""A legal hold: history of one vehicle, or of all, that is kept as it is whatever the age or the space."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from core.errors import Invalid
from core.ids import VehicleNo

LONGEST_REASON = 500


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Positions and status measured in a span are kept at full rate while this stands."""

    hold_id: str
    vehicle_no: VehicleNo | None = None
    """None holds every vehicle."""
    from_at: datetime
    to_at: datetime
    """City times; both ends belong to the span."""
    reason: str
    about: str = ""
    """``noun:id`` of what it is held for, such as ``incident:…``; empty for a person's own."""
    until: datetime | None = None
    """City time at which it ends by itself; None until somebody releases it."""
    placed_at: datetime
    placed_by: str = "system"
    """Staff id, or ``system``."""
    released_at: datetime | None = None

    def stands(self, at: datetime) -> bool:
        """Return whether it holds anything at a moment of city time."""
        return self.released_at is None and (self.until is None or at < self.until)

    def holds(self, vehicle_no: int, measured_at: datetime) -> bool:
        """Return whether what a vehicle measured then lies in it, without asking whether it still stands."""
        is_meant = self.vehicle_no is None or self.vehicle_no == vehicle_no
        return is_meant and self.from_at <= measured_at <= self.to_at

    def overlaps(self, from_at: datetime, to_at: datetime) -> bool:
        """Return whether any of it lies in a span, ends included."""
        return self.from_at <= to_at and from_at <= self.to_at


def check(hold: Hold) -> None:
    """Raise Invalid naming the field when a hold makes no sense."""
    if hold.to_at < hold.from_at:
        raise Invalid("invalid-input", "a hold ends after it begins", field="toAt")
    if hold.until is not None and hold.until <= hold.placed_at:
        raise Invalid("invalid-input", "a hold lasts beyond the moment it is placed", field="until")
    if not hold.reason.strip() or len(hold.reason) > LONGEST_REASON:
        raise Invalid("reason-missing", "a hold says why", field="reason", limit=LONGEST_REASON)


def any_overlaps(holds: Iterable[Hold], from_at: datetime, to_at: datetime) -> bool:
    """Return whether one of some holds lies in a span: the file or hour that covers it must stay."""
    return any(hold.overlaps(from_at, to_at) for hold in holds)
