"""What was stored of every vehicle last: what is new, and what must be looked up in the files."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fleet.history.kept import BLOCK_MS, sent_once
from fleet.history.reading import History
from fleet.history.sweep import Selection
from fleet.telemetry.numbering import turns
from fleet.telemetry.records import STREAM_POSITION, Records, joined
from fleet.telemetry.roster import MAX_VEHICLE_NO, longer

type Mask = NDArray[np.bool_]

EARLIEST_MS: Final = 946_684_800_000
SORTED_ROWS: Final = 131_072
"""What is sorted out at once: a million rows took 45 MB of temporary columns."""
LATEST_MS: Final = 4_102_444_800_000
"""2000 to 2100: what a broken clock says beyond them has no hour that it could be kept in."""
IDENTITY: Final = ("vehicle_no", "seq", "measured_ms")
"""What makes a position the same position. The time belongs to it because a vehicle may lose its count."""


class Memory:
    """The last stored position of every vehicle. One owner: the archiver."""

    def __init__(self) -> None:
        self._seq = np.zeros(1024, np.int64)
        self._ms = np.zeros(1024, np.int64)
        self._then = (self._seq, self._ms)
        self._until_ms = 0

    def recall(self, numbers: Records, last: Records, until_ms: int) -> None:
        """Take (seq, measured_ms) rows of vehicles; of others nothing is stored after ``until_ms``."""
        self._until_ms = until_ms
        if len(numbers):
            self._reserve(int(numbers.max()))
            self._seq[numbers], self._ms[numbers] = last[:, 0], last[:, 1]

    def sorted_out(self, positions: Records) -> tuple[Mask, Mask]:
        """Say which positions are new for certain and which may have been stored before.

        Nothing is remembered of them until ``take``.

        New is what is above its vehicle's last sequence or time. What is not was sent again or comes late,
        from a radio hole. A vehicle that is not remembered is doubtful up to the end of what was stored.
        """
        numbers = positions["vehicle_no"]
        new, doubtful = np.zeros(len(numbers), np.bool_), np.zeros(len(numbers), np.bool_)
        self._then = (self._seq, self._ms)
        rows = np.flatnonzero(~np.logical_or.reduce(list(self.shed(positions).values())))
        if not len(rows):
            return new, doubtful
        self._reserve(int(numbers[rows].max()))
        seq, ms = self._seq.copy(), self._ms.copy()
        forgotten = self._ms[numbers[rows]] == 0
        doubtful[rows[forgotten]] = positions["measured_ms"][rows[forgotten]] <= self._until_ms
        for here in _in_turn(numbers, rows):
            who = numbers[here]
            is_new = (positions["seq"][here] > seq[who]) | (positions["measured_ms"][here] > ms[who])
            taken = here[is_new]
            seq[numbers[taken]] = positions["seq"][taken]
            ms[numbers[taken]] = np.maximum(ms[numbers[taken]], positions["measured_ms"][taken])
            new[taken] = True
            doubtful[here[~is_new]] = True
        new &= ~doubtful
        self._then = (seq, ms)
        return new, doubtful

    def take(self) -> None:
        """Remember what was sorted out last: it is stored now. Late positions change nothing."""
        self._seq, self._ms = self._then

    @staticmethod
    def shed(positions: Records) -> dict[str, Mask]:
        """Say which positions cannot be kept, by reason: no column or no hour could be made for them."""
        ms = positions["measured_ms"]
        number_too_high: Mask = positions["vehicle_no"] > MAX_VEHICLE_NO
        return {
            "vehicle_number_too_high": number_too_high,
            "time_of_no_calendar": ~number_too_high & ((ms < EARLIEST_MS) | (ms > LATEST_MS)),
        }

    def _reserve(self, number: int) -> None:
        if number >= len(self._seq):
            size = max(number + 1, 2 * len(self._seq))
            self._seq, self._ms = longer(self._seq, size), longer(self._ms, size)


def _in_turn(numbers: NDArray[Any], rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Yield rows in which every vehicle comes once, each vehicle's in their order; a piece at a time."""
    for start in range(0, len(rows), SORTED_ROWS):
        piece = rows[start : start + SORTED_ROWS]
        for turn in turns(numbers[piece]):
            yield piece[turn]


def not_stored(history: History, doubtful: Records, beside: Records) -> Mask:
    """Say which doubtful positions stand neither in the files nor ``beside``, nor before among themselves.

    Looks only at the minutes and vehicles that are in doubt. Blocking: run it in a thread.
    """
    fresh = _first_of(doubtful, [beside])
    blocks = doubtful["measured_ms"] // BLOCK_MS
    for block in np.unique(blocks):
        rows = np.flatnonzero((blocks == block) & fresh)
        if len(rows):
            fresh[rows] = _first_of(doubtful[rows], _stored(history, doubtful[rows]))
    return fresh


def _stored(history: History, doubtful: Records) -> Iterator[Records]:
    ms = doubtful["measured_ms"]
    wanted = Selection(
        from_ms=int(ms.min()),
        to_ms=int(ms.max()),
        vehicles=np.unique(doubtful["vehicle_no"]).astype(np.int64),
    )
    return history.read(wanted)


def _first_of(asked: Records, parts: Any) -> Mask:
    """Say which of the asked are in none of the parts and not before among the asked."""
    fresh = np.ones(len(asked), np.bool_)
    for part in parts:
        known = np.zeros(len(part), STREAM_POSITION)
        for name in IDENTITY:
            known[name] = part[name]
        both = joined((known, np.ascontiguousarray(asked)), STREAM_POSITION)
        # lexsort is stable: of equal ones what is known comes first
        order = np.lexsort(tuple(both[name] for name in reversed(IDENTITY)))
        first = np.ones(len(both), np.bool_)
        first[order] = sent_once(both[order], "seq")
        fresh &= first[len(part) :]
    return fresh
