"""What remote operators spent on vehicles that asked for them: minutes by vehicle within a span. Pure."""

from collections.abc import Iterable
from datetime import datetime

from core.ids import VehicleNo
from fleet.takeovers.takeover import Takeover


def operator_minutes(
    takeovers: Iterable[Takeover], began: datetime, ended: datetime, *, now: datetime
) -> dict[VehicleNo, float]:
    """Return the minutes from claim to end that lie within the span; a vehicle without any is absent.

    What is still under way counts until ``now``, so that neighbouring spans add up.
    """
    spent: dict[VehicleNo, float] = {}
    for one in takeovers:
        from_at = one.claimed_at or one.begun_at
        if from_at is None:
            continue
        within = min(one.ended_at or now, ended) - max(from_at, began)
        minutes = max(within.total_seconds() / 60, 0.0)
        if minutes:
            spent[one.vehicle_no] = spent.get(one.vehicle_no, 0.0) + minutes
    return spent
