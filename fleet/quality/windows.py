"""Five minutes and a day of tallies, and the city day that becomes a fact. Pure; time is an argument."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import msgspec
import numpy as np

from fleet.quality.tallies import COLUMNS, Counts, Minute, Tallies

SHORT_MS: Final = 5 * 60_000
PART_MS: Final = 4 * 3_600_000
"""The long window moves in parts of four hours, of which it has six and the present one."""
PARTS: Final = 6
VEHICLES_MOST: Final = 20_000
"""Vehicles of a window, the worst first by number of counts: memory stays below 20 MB whatever happens."""


class Sums(msgspec.Struct):
    """Tallies of vehicles and sums of makers of one span; grows by minutes."""

    makers: dict[str, list[int]] = {}
    numbers: bytes = b""
    counts: bytes = b""

    def add(self, minutes: Iterable[Minute]) -> None:
        """Add what processes counted."""
        tallies = [Tallies.unpacked(self.numbers, self.counts)]
        for minute in minutes:
            tallies.append(minute.tallies())
            for maker, row in minute.makers.items():
                before = self.makers.get(maker, [0] * len(COLUMNS))
                self.makers[maker] = [a + b for a, b in zip(before, row, strict=True)]
        self.numbers, self.counts = _bounded(Tallies.together(tallies)).packed()

    def tallies(self) -> Tallies:
        """Return the vehicles'."""
        return Tallies.unpacked(self.numbers, self.counts)


class Day(msgspec.Struct, frozen=True):
    """A city day that is over."""

    day: date
    sums: Sums


class Windows(msgspec.Struct):
    """Everything a keeper remembers; goes to Redis as it is."""

    up_to: str = "0-0"
    """The last entry of the stream that is in here."""
    recent: list[Minute] = []
    parts: dict[int, Sums] = {}
    day: date | None = None
    today: Sums = msgspec.field(default_factory=Sums)

    def take(self, minutes: list[Minute], now_ms: int, local: datetime) -> Day | None:
        """Add minutes, let go of what is too old, and return the day that is over when one is.

        ``local`` is the city's own time of now. Minutes that come after midnight belong to the new day.
        """
        over: Day | None = None
        if self.day is not None and local.date() > self.day:
            over, self.today = Day(self.day, self.today), Sums()
        self.day = local.date()
        self.recent = [one for one in (*self.recent, *minutes) if one.at_ms > now_ms - SHORT_MS]
        part = now_ms // PART_MS
        if minutes:
            self.parts.setdefault(part, Sums()).add(minutes)
            self.today.add(minutes)
        self.parts = {number: sums for number, sums in self.parts.items() if number > part - PARTS - 1}
        return over

    def short(self) -> Sums:
        """Return the last five minutes."""
        sums = Sums(makers={})
        sums.add(self.recent)
        return sums

    def long(self) -> Sums:
        """Return the last 24 to 28 hours."""
        sums = Sums(makers={})
        sums.add(
            Minute(at_ms=0, makers=part.makers, numbers=part.numbers, counts=part.counts)
            for part in self.parts.values()
        )
        return sums


def row_of(sums: Sums, maker: str) -> Counts:
    """Return a maker's counts; zeros for one that sent nothing."""
    return np.array(sums.makers.get(maker, [0] * len(COLUMNS)), np.int64)


def read_windows(data: bytes | None) -> Windows:
    """Return what a keeper left; fresh ones when there is nothing, or nothing that can be read."""
    try:
        return Windows() if data is None else msgspec.msgpack.decode(data, type=Windows)
    except msgspec.DecodeError:
        return Windows()


def _bounded(tallies: Tallies) -> Tallies:
    if len(tallies) <= VEHICLES_MOST:
        return tallies
    weight = tallies.counts[:, 1:].sum(axis=1)
    return tallies.only(np.sort(np.argsort(weight, kind="stable")[-VEHICLES_MOST:]))
