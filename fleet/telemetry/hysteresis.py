"""Causes that must last before they stand, and must be gone for a while before they do not."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.records import Records, joined
from fleet.telemetry.roster import longer

type Mask = NDArray[np.bool_]
type Bits = NDArray[np.uint32]
type Rows = NDArray[np.intp]

MOST_CAUSES: Final = 32
COUNTED: Final = np.dtype(
    [("vehicle_no", "<u4"), ("cause", "u1"), ("stands", "?"), ("is_counted", "?"), ("since_ms", "<i8")]
)
"""15 bytes of a cause that is not at rest: whether it stands, and since when it is counted to the other."""
_NO_ROWS: Final[Rows] = np.zeros(0, np.intp)


class Causes:
    """Up to 32 causes by vehicle_no, one bit each. Time is an argument: milliseconds, city time.

    What stands and what is being counted are one word a vehicle, so that a tick looks at a vehicle once
    whatever the number of causes, and only at those of which a cause stands, begins or ends.
    """

    def __init__(self, size: int, spans_s: Sequence[tuple[float, float]]) -> None:
        """Take (raise after, clear after) of each cause in city seconds; its place is its bit."""
        if len(spans_s) > MOST_CAUSES:
            raise ValueError(f"a word has {MOST_CAUSES} bits, not {len(spans_s)}")
        self._spans_ms = [(round(up * 1000), round(down * 1000)) for up, down in spans_s]
        self.standing: Bits = np.zeros(size, np.uint32)
        self.counting: Bits = np.zeros(size, np.uint32)
        self.since = np.zeros((len(spans_s), size), np.int64)
        """By cause and vehicle. One block, of which the system gives only pages that are written: most causes
        are rare."""

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self.standing):
            self.standing = longer(self.standing, size)
            self.counting = longer(self.counting, size)
            since = np.zeros((len(self.since), size), np.int64)
            since[:, : self.since.shape[1]] = self.since
            self.since = since

    def forget(self, numbers: NDArray[Any]) -> None:
        """Start anew with these vehicles: nothing stands, nothing is counted."""
        self.standing[numbers] = 0
        self.counting[numbers] = 0

    def put(self, bit: int, number: int, *, stands: bool) -> None:
        """Let a cause that somebody else judges stand or not."""
        flag = np.uint32(1 << bit)
        self.standing[number] = self.standing[number] | flag if stands else self.standing[number] & ~flag

    def take(self, other: "Causes", numbers: NDArray[Any], bits: Sequence[int]) -> None:
        """Begin with these vehicles where ``other`` is; cause i here is its cause ``bits[i]``."""
        standing, counting, since = other.standing[numbers], other.counting[numbers], other.since
        self.forget(numbers)
        for mine, its in enumerate(bits):
            one, shift = np.uint32(1), np.uint32(mine)
            self.standing[numbers] |= (standing >> np.uint32(its) & one) << shift
            self.counting[numbers] |= (counting >> np.uint32(its) & one) << shift
            self.since[mine][numbers] = since[its][numbers]

    def export(self, numbers: NDArray[Any], *, with_standing: bool) -> Records:
        """Return COUNTED[n] of what is counted, and of what stands if that is asked for too."""
        words = self.counting[numbers]
        if with_standing:
            words = words | self.standing[numbers]
        numbers, words = numbers[words != 0], words[words != 0]
        found = []
        for bit, since in enumerate(self.since if len(numbers) else ()):
            flag = np.uint32(1 << bit)
            who = numbers[(words & flag) != 0]
            part = np.zeros(len(who), COUNTED)
            part["vehicle_no"], part["cause"], part["since_ms"] = who, bit, since[who]
            part["stands"] = (self.standing[who] & flag) != 0
            part["is_counted"] = (self.counting[who] & flag) != 0
            found.append(part)
        return joined(found, COUNTED)

    def restore(self, kept: Records) -> None:
        """Take over what ``export`` gave, beside what stands already."""
        for bit, since in enumerate(self.since):
            flag = np.uint32(1 << bit)
            part = kept[(kept["cause"] == bit) & (kept["vehicle_no"] < len(self.standing))]
            who = part["vehicle_no"].astype(np.intp)
            since[who] = part["since_ms"]
            self.standing[who[part["stands"]]] |= flag
            self.counting[who[part["is_counted"]]] |= flag

    def busy(self, numbers: NDArray[Any]) -> Bits:
        """Return which causes stand or are being counted: what ``step`` must look at beside new causes."""
        found: Bits = self.standing[numbers] | self.counting[numbers]
        return found

    def step(
        self,
        bit: int,
        numbers: NDArray[Any],
        ms: NDArray[np.int64],
        is_cause: Mask,
        is_gone: Mask,
        *,
        busy: Bits | None = None,
        at_once: Mask | None = None,
    ) -> tuple[Rows, Rows]:
        """Return the rows (raised, cleared) of one observation each of different vehicles.

        Where neither holds, what was being counted starts anew. Both are edges: a standing cause is not
        raised again. ``busy`` is what ``busy(numbers)`` gave; ``at_once`` marks causes that need not last.
        """
        flag = np.uint32(1 << bit)
        busy = self.busy(numbers) if busy is None else busy
        rows = np.flatnonzero(is_cause | ((busy & flag) != 0))
        if not len(rows):
            return _NO_ROWS, _NO_ROWS
        raise_ms, clear_ms = self._spans_ms[bit]
        numbers, ms = numbers[rows], ms[rows]
        stood = (self.standing[numbers] & flag) != 0
        turning = np.where(stood, is_gone[rows], is_cause[rows])
        since = np.where((self.counting[numbers] & flag) != 0, self.since[bit][numbers], ms)
        needed = np.where(stood, clear_ms, raise_ms)
        if at_once is not None:
            needed = np.where(at_once[rows], 0, needed)
        done = turning & (ms - since >= needed)
        self.since[bit][numbers] = since
        counted = self.counting[numbers]
        self.counting[numbers] = np.where(turning & ~done, counted | flag, counted & ~flag)
        self.standing[numbers] = np.where(done, self.standing[numbers] ^ flag, self.standing[numbers])
        return rows[done & ~stood], rows[done & stood]
