"""Why the guard refused positions of a window: judged again, by the same guard, in the order they came.

The archive keeps what the guard refuses, but not the reason. The guard is a pure function of a vehicle's
positions in the order of their coming, so it says the same of them once more; a test holds the two together.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.history.kept import POSITIONS_READ
from fleet.telemetry.guard import Bounds, Guard, GuardLimits
from fleet.telemetry.records import STREAM_POSITION, Records
from fleet.telemetry.rejects import Reject, RejectCounts
from fleet.telemetry.roster import Roster, RosterRow

LEAD_MS: Final = 3 * 3_600_000
"""How far before the window is read, so that the guard knows what it knew then: after three hours of silence
no place in the city is too far away (40 m/s) to be believed."""
LEAD_MOST: Final = 600
"""Positions before the window that are judged: believing one takes three at most, so this is ample."""
LATE_MS: Final = round(GuardLimits().late_s * 1000)
"""How far before and behind the window is read at first: what is later than that is late by itself."""
BELIEVED: Final = -1
_SELF: Final = VehicleNo(1)


class JudgedAgain(msgspec.Struct, frozen=True, kw_only=True):
    """By what the positions of a window were judged, and why some were not believed."""

    limits: GuardLimits
    bounds: Bounds | None
    rate: float
    reasons: NDArray[np.int8]
    """A Reject for each position of the window, -1 for one that was taken, now or at its own time."""

    def name(self, row: int) -> str | None:
        """Return the reason of a position by name, None for one that was believed."""
        reason = int(self.reasons[row])
        return None if reason == BELIEVED else Reject(reason).name.lower()

    def counts(self) -> dict[str, int]:
        """Return how many positions were refused, by reason."""
        reasons, counts = np.unique(self.reasons[self.reasons != BELIEVED], return_counts=True)
        return {Reject(int(one)).name.lower(): int(n) for one, n in zip(reasons, counts, strict=True)}


def judge_again(
    around: Records,
    window: Records,
    *,
    bounds: Bounds | None,
    rate: float,
    limits: GuardLimits = GuardLimits(),  # noqa: B008 - frozen
) -> JudgedAgain:
    """Return the reasons of one vehicle's HISTORY[n] ``window``, given its HISTORY[m] ``around`` it.

    What came in one frame is taken in the order of the vehicle's own counting.
    """
    counts = RejectCounts()
    guard = Guard(_roster_of_one(), counts, limits, rate=rate)
    guard.bounds = bounds
    came = _as_it_came(around, window)
    positions = np.zeros(len(came), STREAM_POSITION)
    for name in POSITIONS_READ:
        positions[name] = came[name]
    positions["vehicle_no"] = _SELF
    refused: dict[tuple[int, int], int] = {}
    for row in range(len(came)):
        received_ms = came["received_ms"][row : row + 1]
        guard.judge(positions[row : row + 1], received_ms, int(received_ms[0]))
        # What came late and fills a gap is not believed to be now, but it is not refused either.
        for seen in counts.seen():
            refused[_key(came[row])] = seen.reason
    reasons = np.array([refused.get(_key(record), BELIEVED) for record in window], np.int8)
    return JudgedAgain(limits=limits, bounds=bounds, rate=rate, reasons=reasons)


def _as_it_came(around: Records, window: Records) -> Records:
    """Return both in the order of their coming, of what was measured before the window the last ones only."""
    around = np.concatenate((around, window)) if len(window) else around
    _, first = np.unique(around[["measured_ms", "seq"]], return_index=True)
    around = around[first]
    if len(window):
        begins = int(np.searchsorted(around["measured_ms"], window["measured_ms"].min()))
        around = around[max(0, begins - LEAD_MOST) :]
    return around[np.lexsort((around["seq"], around["received_ms"]))]


def _key(record: np.void) -> tuple[int, int]:
    return int(record["measured_ms"]), int(record["seq"])


def _roster_of_one() -> Roster:
    roster = Roster()
    one = RosterRow(
        vehicle_no=_SELF,
        maker=MakerId(""),
        operator=OperatorId(""),
        district=DistrictCode(""),
        service=ServiceKind.DELIVERY,
    )
    roster.put([one])
    return roster
