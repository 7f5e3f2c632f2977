"""The score: one minus the weighted shares of what went wrong. docs/quality.md says it in words."""

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.quality.tallies import COLUMN, FIRST_REASON, Counts
from fleet.telemetry.rejects import Reject

FORMULA_VERSION: Final = 1
WEIGHTS: Final[Mapping[str, float]] = {
    "missing": 1.0,
    "unknown": 1.0,
    "foreign": 1.0,
    "malformed": 1.0,
    "flood": 0.5,
    "duplicate": 0.0,
    "late": 0.5,
    "future": 1.0,
    "teleport": 1.0,
    "out_of_area": 1.0,
    "inaccurate": 0.5,
    "skewed": 0.5,
}
"""What a share costs. A duplicate costs nothing: the protocol asks to send again what is not durable."""
_OF_SAMPLED: Final = ("inaccurate", "skewed")


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """A score with what it is made of."""

    score: float
    """0–1; 1 is nothing to complain of."""
    positions: int
    """Sent, as far as is known: believed, refused and missing."""
    shares: Mapping[str, float]
    """Of the positions; ``inaccurate`` and ``skewed`` of the looks. What is zero is left out."""


def scores(counts: Counts) -> NDArray[np.float64]:
    """Return float64[n] of Counts[n, columns]; nothing counted gives 1."""
    positions = np.maximum(1, _positions(counts))
    looks = np.maximum(1, counts[:, COLUMN["sampled"]])
    lost = np.zeros(len(counts))
    for name, weight in WEIGHTS.items():
        lost += weight * counts[:, COLUMN[name]] / (looks if name in _OF_SAMPLED else positions)
    return (1.0 - lost).clip(0.0, 1.0)


def quality_of(row: Counts) -> Quality:
    """Return the score of one row with its shares."""
    counts = row.reshape(1, -1)
    positions, looks = int(_positions(counts)[0]), int(row[COLUMN["sampled"]])
    shares = {
        name: round(int(row[COLUMN[name]]) / max(1, looks if name in _OF_SAMPLED else positions), 6)
        for name in WEIGHTS
        if row[COLUMN[name]]
    }
    return Quality(score=round(float(scores(counts)[0]), 4), positions=positions, shares=shares)


def faults(counts: Counts) -> NDArray[np.int64]:
    """Return int64[n]: how many positions and looks of each row were bad; duplicates are not."""
    bad = [COLUMN[name] for name, weight in WEIGHTS.items() if weight]
    found: NDArray[np.int64] = counts[:, bad].sum(axis=1)
    return found


def _positions(counts: Counts) -> NDArray[np.int64]:
    refused = counts[:, FIRST_REASON : FIRST_REASON + len(Reject)].sum(axis=1)
    repeated = counts[:, COLUMN["duplicate"]]
    found: NDArray[np.int64] = (
        counts[:, COLUMN["believed"]] + counts[:, COLUMN["missing"]] + refused - repeated
    )
    return found
