"""From counters that only grow to what a process says about vehicles and makers once a minute."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fleet.quality.score import faults
from fleet.quality.tallies import COLUMN, COLUMNS, FIRST_REASON, Minute, Tallies
from fleet.telemetry.rejects import Reject, RejectCounts
from fleet.telemetry.roster import Roster, longer

MISSING_MOST: Final = 86_400
"""Of one vehicle in a minute: a sequence that jumps is one fault, not a million."""
ROWS_MOST: Final = 5_000
"""Vehicles a process says something about in a minute, the worst first: the message stays below 350 kB."""
LISTED_MINUTES: Final = 1_440
"""How long a vehicle is reported after its last fault, so that its good minutes count too."""
_SPENT_A_NUMBER: Final = (Reject.LATE, Reject.FUTURE, Reject.TELEPORT, Reject.OUT_OF_AREA)
"""Refused by the tracker, but sent: their sequence numbers are not missing."""


class Harvest:
    """Turns counters that only grow into one Minute after the other."""

    def __init__(
        self, roster: Callable[[], Roster], counts: Callable[[], RejectCounts], *, by_senders: bool = False
    ) -> None:
        """Take where the roster and the counters of refusals are; both may be replaced meanwhile.

        ``by_senders``: a gateway knows who sent what is unknown or foreign, so no vehicle answers for it.
        """
        self._by_senders = by_senders
        self._roster = roster
        self._rejects = counts
        self._seen: NDArray[np.uint32] = np.zeros((len(Reject), 0), np.uint32)
        self._of: RejectCounts | None = None
        self._listed = np.zeros(0, np.int16)

    def minute(
        self,
        at_ms: int,
        *,
        columns: dict[str, NDArray[Any]] | None = None,
        against: dict[str, list[int]] | None = None,
    ) -> Minute:
        """Return what was counted since the last call.

        ``columns``: more counts by vehicle number; ``against``: more counts by maker.
        """
        roster = self._roster()
        counts = np.zeros((roster.size, len(COLUMNS)), np.int64)
        refused = self._refused()
        width = min(roster.size, refused.shape[1])
        counts[:width, FIRST_REASON : FIRST_REASON + len(Reject)] = refused[:, :width].T
        for name, column in (columns or {}).items():
            rows = min(roster.size, len(column))
            counts[:rows, COLUMN[name]] = column[:rows]
        if columns is not None:
            sent = counts[:, COLUMN["missing"]] - counts[:, COLUMN["believed"]]
            for reason in _SPENT_A_NUMBER:
                sent -= counts[:, COLUMN[reason.name.lower()]]
            counts[:, COLUMN["missing"]] = sent.clip(0, MISSING_MOST)
        if self._by_senders:
            counts[:, [COLUMN["unknown"], COLUMN["foreign"]]] = 0
        numbers, packed = self._worst(counts).packed()
        makers = _by_maker(roster, counts)
        for maker, row in (against or {}).items():
            makers[maker] = np.add(makers.get(maker, 0), row).tolist()
        return Minute(at_ms=at_ms, makers=makers, numbers=numbers, counts=packed)

    def _refused(self) -> NDArray[np.int64]:
        rejects = self._rejects()
        now = rejects.counts
        if rejects is not self._of:
            self._of, self._seen = rejects, np.zeros_like(now)
        if self._seen.shape[1] < now.shape[1]:
            grown = np.zeros_like(now)
            grown[:, : self._seen.shape[1]] = self._seen
            self._seen = grown
        risen = (now - self._seen).astype(np.int64)
        self._seen = now.copy()
        return risen

    def _worst(self, counts: NDArray[np.int64]) -> Tallies:
        bad = faults(counts)
        if len(self._listed) < len(bad):
            self._listed = longer(self._listed, len(bad))
        self._listed[self._listed > 0] -= 1
        self._listed[np.flatnonzero(bad)] = LISTED_MINUTES
        chosen = np.flatnonzero(self._listed[: len(bad)])
        if len(chosen) > ROWS_MOST:
            chosen = np.sort(chosen[np.argsort(bad[chosen], kind="stable")[-ROWS_MOST:]])
        return Tallies(chosen, counts[chosen])


def _by_maker(roster: Roster, counts: NDArray[np.int64]) -> dict[str, list[int]]:
    touched = np.flatnonzero(counts.any(axis=1) & (roster.maker != 0))
    sums = Tallies.of(roster.maker[touched], counts[touched])
    return {
        roster.makers.name(int(number)): row.tolist()
        for number, row in zip(sums.numbers, sums.counts, strict=True)
    }
