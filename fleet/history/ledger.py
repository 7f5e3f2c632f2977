"""The account that every history file carries, and the arithmetic that must hold over all of them.

A raw file has a serial number, counted up by one with each file, and running totals since the first one. An
hour file says which raw files it has taken, as runs of serials, and what became of what they held:

    taken = stored + again + removed (by the rule that removed it)

So what the archiver ever stored stands either in a raw file that the hour has not taken or in an hour's
account.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Level(StrEnum):
    """How finely an hour is kept; it only goes down this list."""

    FULL = "full"
    THINNED = "thinned"
    EVIDENCE = "evidence"
    """Only what lies around alarms, stops, mode changes and incidents."""
    GONE = "gone"
    """Only what a legal hold keeps."""


LEVELS: Final = tuple(Level)


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the first raw file, this one included."""

    read: int = 0
    """Positions that stood in the stream's entries."""
    stored: int = 0
    again: int = 0
    """Positions that were stored before: sent again after a lost connection."""
    shed: Mapping[str, int] = {}
    """Positions that could not be kept, by reason."""
    unreadable_entries: int = 0
    """Stream entries that no reader can take apart; how many positions were in them nobody knows."""
    status: int = 0
    """Status records stored, of all files."""


class RawLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What a raw file says of itself; only the positions' one knows totals."""

    serial: int
    hours: Mapping[int, int]
    """Records by the hour in which they were measured."""
    after: Mapping[int, str] = {}
    """The stream entry of every partition up to which the file before this one held."""
    up_to: Mapping[int, str] = {}
    """The stream entry of every partition up to which the history holds with this file."""
    totals: Totals = Totals()


class Run(msgspec.Struct, frozen=True, array_like=True):
    """Raw files of consecutive serials, and how many records of the hour they held together."""

    first: int
    last: int
    records: int


class HourLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What an hour file says of itself."""

    hour: int
    generation: int
    level: Level = Level.FULL
    taken: tuple[Run, ...] = ()
    stored: int = 0
    again: int = 0
    removed: Mapping[str, int] = {}
    """Records that a rule took away, by the rule."""

    @property
    def records_taken(self) -> int:
        """Return how many records came from raw files."""
        return sum(run.records for run in self.taken)

    @property
    def is_balanced(self) -> bool:
        """Return whether every record that was taken is accounted for."""
        return self.records_taken == self.stored + self.again + sum(self.removed.values())

    def has_taken(self, serial: int) -> bool:
        """Return whether the hour holds what a raw file had of it."""
        return any(run.first <= serial <= run.last for run in self.taken)


def with_runs(taken: Iterable[Run], more: Mapping[int, int]) -> tuple[Run, ...]:
    """Return runs with further raw files (serial → records), neighbours joined.

    >>> with_runs((Run(1, 3, 30),), {4: 10, 7: 5})
    (Run(first=1, last=4, records=40), Run(first=7, last=7, records=5))
    """
    runs = sorted([*taken, *(Run(serial, serial, count) for serial, count in more.items())], key=_first)
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1].last + 1 == run.first:
            joined[-1] = Run(joined[-1].first, run.last, joined[-1].records + run.records)
        else:
            joined.append(run)
    return tuple(joined)


def added(counts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Return the sums of two counts by name, zeros left out."""
    names = {*counts, *more}
    sums = {name: counts.get(name, 0) + more.get(name, 0) for name in sorted(names)}
    return {name: count for name, count in sums.items() if count}


def _first(run: Run) -> int:
    return run.first
