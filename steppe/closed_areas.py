"""Which areas no vehicle may enter now, by the fences in force; for whoever asks the roads for a way."""

from collections.abc import Callable, Sequence

from core.clock import Clock
from geofences.fences import Area, Fence
from geofences.rules import forbids_entry, is_open
from geofences.watch import FenceWatch


def fences_now(fences: FenceWatch, clock: Clock) -> list[Fence]:
    """Return the fences whose hours are running."""
    at = clock.now()
    return [fence for fence in fences.index.fences if fence.hours is None or is_open(fence.hours, at)]


def closed_areas(fences: FenceWatch, clock: Clock) -> Callable[[], Sequence[Area]]:
    """Return who knows the areas that no vehicle may enter at the moment of asking."""
    return lambda: [fence.area for fence in fences_now(fences, clock) if forbids_entry(fence)]
