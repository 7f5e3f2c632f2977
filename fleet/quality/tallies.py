"""What is counted of a vehicle or a maker, as columns that add up."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.rejects import Reject

type Numbers = NDArray[np.int64]
type Counts = NDArray[np.int64]
"""int64[n, len(COLUMNS)]."""

COLUMNS: Final = (
    "believed",
    "missing",
    *(reason.name.lower() for reason in Reject),
    "sampled",
    "inaccurate",
    "skewed",
)
"""believed: moved the live state; missing: sequence numbers that never came; then every reason of refusal;
sampled: looks at accuracy and clock, about one a second; inaccurate and skewed: those that were bad."""
COLUMN: Final[Mapping[str, int]] = {name: place for place, name in enumerate(COLUMNS)}
FIRST_REASON: Final = COLUMN[Reject(0).name.lower()]
_WIRE: Final = np.dtype("<u4")


class Tallies(msgspec.Struct, frozen=True):
    """Counts of some vehicles; every number comes once, ascending."""

    numbers: Numbers
    counts: Counts

    @classmethod
    def of(cls, numbers: NDArray[Any], counts: NDArray[Any]) -> Self:
        """Return tallies of rows in any order; rows of one number are added up."""
        unique, places = np.unique(numbers.astype(np.int64), return_inverse=True)
        summed = np.zeros((len(unique), len(COLUMNS)), np.int64)
        np.add.at(summed, places, counts)
        return cls(unique, summed)

    @classmethod
    def none(cls) -> Self:
        """Return tallies of nobody."""
        return cls(np.zeros(0, np.int64), np.zeros((0, len(COLUMNS)), np.int64))

    @classmethod
    def together(cls, parts: Iterable["Tallies"]) -> Self:
        """Return the sum of several."""
        some = list(parts) or [cls.none()]
        return cls.of(
            np.concatenate([part.numbers for part in some]), np.concatenate([part.counts for part in some])
        )

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, number: int) -> Counts:
        """Return one vehicle's counts; zeros when it is not among them."""
        place = int(np.searchsorted(self.numbers, number))
        if place < len(self.numbers) and self.numbers[place] == number:
            found: Counts = self.counts[place]
            return found
        return np.zeros(len(COLUMNS), np.int64)

    def only(self, rows: NDArray[Any]) -> "Tallies":
        """Return those rows (ascending places or a mask)."""
        return Tallies(self.numbers[rows], self.counts[rows])

    def packed(self) -> tuple[bytes, bytes]:
        """Return numbers and counts as bytes, four a number; above 2³²−1 a count stays there."""
        counts = self.counts.clip(0, np.iinfo(_WIRE).max)
        return self.numbers.astype(_WIRE).tobytes(), counts.astype(_WIRE).tobytes()

    @classmethod
    def unpacked(cls, numbers: bytes, counts: bytes) -> Self:
        """Return what ``packed`` gave. Raises ValueError when the bytes do not fit."""
        return cls(
            np.frombuffer(numbers, _WIRE).astype(np.int64),
            np.frombuffer(counts, _WIRE).astype(np.int64).reshape(-1, len(COLUMNS)),
        )


class Minute(msgspec.Struct, frozen=True, kw_only=True):
    """What one gateway or tracker counted in a minute, as it goes over the stream."""

    at_ms: int
    """City time."""
    makers: dict[str, list[int]]
    """Sums over every vehicle of a maker."""
    numbers: bytes
    counts: bytes
    """Tallies of the vehicles about which there is something to say."""

    def tallies(self) -> Tallies:
        """Return the vehicles' tallies."""
        return Tallies.unpacked(self.numbers, self.counts)
