"""What routing takes from the fences in force: where to be slow and where not to go."""

from collections.abc import Iterable

from geofences.fences import Area, Fence
from services.routing.limits import SlowZone


def slow_zones_of(fences: Iterable[Fence]) -> tuple[SlowZone, ...]:
    """Return every area with a speed limit.

    A limit by hours is taken to hold always, because a vehicle may arrive within its hours; one for some
    services or one operator only is left to the vehicle, which holds its own fences.
    """
    return tuple(
        SlowZone(area=fence.area, speed_mps=fence.rules.speed_limit_mps)
        for fence in fences
        if fence.rules.speed_limit_mps is not None and not fence.services and fence.operator is None
    )


def closed_areas_of(fences: Iterable[Fence]) -> tuple[Area, ...]:
    """Return every area that no vehicle may enter, whatever the hour."""
    return tuple(
        fence.area
        for fence in fences
        if fence.rules.no_entry and not fence.services and fence.operator is None
    )
