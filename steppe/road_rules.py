"""What published fences mean for roads: closed areas and slow zones, as of now."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from core.clock import Clock
from geofences.fences import Area, FenceKind
from geofences.index import FenceIndex
from services.routing.engine import RouteEngine
from services.routing.limits import SlowZone
from steppe.fences_now import FencesNow

EVERY_S: Final = 2.0
"""Wall seconds between two looks at the slow zones: their hours begin and end on the minute."""


class RoadRules:
    """Reads the index in force each time it is asked; a city has some hundred fences with rules."""

    def __init__(self, in_force: Callable[[], FenceIndex], clock: Clock, engine: RouteEngine) -> None:
        """Take who has the index in force, the city clock that decides about hours, and who must obey."""
        self._now = FencesNow(in_force, clock)
        self._engine = engine

    async def run(self, stop: asyncio.Event) -> None:
        """Tell the engine the slow zones of the moment until `stop`, whenever they are others."""
        told: Sequence[SlowZone] | None = None
        while not stop.is_set():
            zones = self.slow_zones()
            if zones != told:
                self._engine.use_slow_zones(zones)
                told = zones
            try:
                await asyncio.wait_for(stop.wait(), EVERY_S)
            except TimeoutError:
                continue

    def closed(self) -> Sequence[Area]:
        """Return the areas that no vehicle may enter now."""
        return self._now.closed()

    def slow_zones(self) -> Sequence[SlowZone]:
        """Return the areas with a speed limit of their own now; operating areas limit by their permit."""
        return [
            SlowZone(area=fence.area, speed_mps=fence.rules.speed_limit_mps)
            for fence in self._now.running()
            if fence.rules.speed_limit_mps is not None and fence.kind is not FenceKind.OPERATING_AREA
        ]
