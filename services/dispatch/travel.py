"""Travel times between places that stay where they are, remembered: shops and doors do not move."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence

from services.routing.route import GeoPoint, Vehicle
from services.tasks.roads import Hop, Roads

MOST_PAIRS = 60_000
"""Pairs remembered, the longest unused forgotten first: 240 places among each other, about 20 MB."""

_Pair = tuple[Hashable, Vehicle, GeoPoint, GeoPoint]


class TravelTimes:
    """Asks the roads for what is not known yet. What is closed now is part of what is remembered."""

    def __init__(self, roads: Roads, *, most_pairs: int = MOST_PAIRS) -> None:
        """Take the roads and how many pairs are remembered."""
        self._roads = roads
        self._most_pairs = most_pairs
        self._known: OrderedDict[_Pair, Hop | None] = OrderedDict()

    async def between(
        self, starts: Sequence[GeoPoint], ends: Sequence[GeoPoint], vehicle: Vehicle
    ) -> dict[tuple[GeoPoint, GeoPoint], Hop | None]:
        """Return the way from every start to every end, None where there is none; a place to itself is
        nothing.

        Raises Unavailable while routing is down and a pair is not known.
        """
        closed = self._roads.closed_now()
        pairs = {(start, end): (closed, vehicle, start, end) for start in starts for end in ends}
        unknown = []
        for pair, key in pairs.items():
            if key in self._known:
                self._known.move_to_end(key)  # before the wait: others forget the longest unused meanwhile
            else:
                unknown.append(pair)
        if unknown:
            await self._ask(unknown, vehicle, closed)
        found = {pair: self._known[key] for pair, key in pairs.items()}
        while len(self._known) > self._most_pairs:
            self._known.popitem(last=False)
        return found

    async def _ask(
        self, unknown: Sequence[tuple[GeoPoint, GeoPoint]], vehicle: Vehicle, closed: Hashable
    ) -> None:
        """Ask for the block of places that has an unknown pair; starts with the same unknown ends at once."""
        ends_of: dict[GeoPoint, list[GeoPoint]] = {}
        for start, end in unknown:
            ends_of.setdefault(start, []).append(end)
        alike: dict[tuple[GeoPoint, ...], list[GeoPoint]] = {}
        for start, ends in ends_of.items():
            alike.setdefault(tuple(ends), []).append(start)
        for same_ends, starts in alike.items():
            rows = await self._roads.hops(starts, same_ends, vehicle)
            for start, row in zip(starts, rows, strict=True):
                for end, hop in zip(same_ends, row, strict=True):
                    self._known[closed, vehicle, start, end] = hop
