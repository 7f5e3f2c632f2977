"""Topic ``summary``: the city in numbers, read again every two seconds."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from core.auth.principal import Reach
from dashboard.city_numbers import summarise_city
from dashboard.parts import DashboardParts
from dashboard.schemas.city import CitySummary

EVERY_S: Final = 2.0
FRESH_S: Final = 1.0
"""Screens with the same reach share one reading for so long (wall seconds)."""
CITY: Final = "city"


class SummaryTopic:
    """fleet.live.feeds.FactFeed of the one item that sums everything up."""

    nouns: tuple[str, ...] = ()
    every_s: float | None = EVERY_S

    def __init__(self, parts: DashboardParts) -> None:
        """Take what the numbers are made from."""
        self._parts = parts
        self._kept: dict[Reach, tuple[float, CitySummary]] = {}

    async def snapshot(self, reach: Reach) -> Sequence[CitySummary]:
        """Return the numbers within the reach, as one item."""
        now_s = self._parts.clock.monotonic_s()
        kept = self._kept.get(reach)
        if kept is not None and now_s - kept[0] < FRESH_S:
            return [kept[1]]
        summary = await summarise_city(self._parts, reach)
        self._kept = {key: value for key, value in self._kept.items() if now_s - value[0] < FRESH_S}
        self._kept[reach] = (now_s, summary)
        return [summary]

    async def read(self, ids: Collection[str], reach: Reach) -> Mapping[str, CitySummary]:
        """Return the numbers whatever was named."""
        [summary] = await self.snapshot(reach)
        return dict.fromkeys(ids, summary)

    def removed(self, id: str) -> dict[str, str]:  # noqa: A002, ARG002
        """Return nothing of use: the city is never gone."""
        return {}
