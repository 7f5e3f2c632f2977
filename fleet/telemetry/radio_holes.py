"""Places where vehicles fall silent and come back, as a tracker asks for them: pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class RadioHoles:
    """Known holes as sorted cells. Immutable."""

    def __init__(self, holes: Sequence[tuple[int, float]] = ()) -> None:
        """Take (H3 cell at resolution 9, city seconds a silence there may last)."""
        ordered = sorted(holes)
        self._cells = np.array([cell for cell, _ in ordered], np.uint64)
        self._patience_ms = np.array([round(seconds * 1000) for _, seconds in ordered], np.int64)

    def __len__(self) -> int:
        return len(self._cells)

    def __repr__(self) -> str:
        return f"RadioHoles({len(self)} cells)"

    def patience_ms(self, cells: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return how long a silence may last at each cell, int64[n]; 0 where no hole is known."""
        if not len(self):
            return np.zeros(len(cells), np.int64)
        at = np.minimum(np.searchsorted(self._cells, cells), len(self) - 1)
        return np.where(self._cells[at] == cells, self._patience_ms[at], 0)
