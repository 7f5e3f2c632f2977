"""Which fences hold now and which areas no vehicle may enter, for whoever asks the roads for a way."""

from collections.abc import Callable
from datetime import datetime

from core.clock import Clock
from geofences.fences import Area, Fence
from geofences.index import FenceIndex
from geofences.rules import forbids_entry, is_open


class FencesNow:
    """The fences whose hours are running, worked out once a minute and index: hours begin by the minute."""

    def __init__(self, in_force: Callable[[], FenceIndex], clock: Clock) -> None:
        """Take who has the index in force, and the city's clock."""
        self._in_force = in_force
        self._clock = clock
        self._minute: datetime | None = None
        self._index: FenceIndex | None = None
        self._running: tuple[Fence, ...] = ()
        self._closed: tuple[Area, ...] = ()

    def running(self) -> tuple[Fence, ...]:
        """Return them."""
        self._look()
        return self._running

    def closed(self) -> tuple[Area, ...]:
        """Return the areas of those that no vehicle may enter; the same object as long as nothing changes."""
        self._look()
        return self._closed

    def _look(self) -> None:
        index, at = self._in_force(), self._clock.now()
        minute = at.replace(second=0, microsecond=0)
        if index is self._index and minute == self._minute:
            return
        self._index, self._minute = index, minute
        self._running = tuple(f for f in index.fences if f.hours is None or is_open(f.hours, at))
        closed = tuple(fence.area for fence in self._running if forbids_entry(fence))
        if closed != self._closed:
            self._closed = closed
