"""Which positions of a block are kept when it is thinned. Pure: records in, rows out."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.records import Records

MOVED_M: Final = 25.0
TURNED_256: Final = 14
"""20°, in the 256ths of a turn that headings are kept in."""
OLD_MS: Final = 10_000
RULE: Final = "thinned-1"
"""Name of these rules with these numbers in the ledgers; another number is another name."""
_M_PER_E7: Final = 6_371_008.8 * np.pi / 180 * 1e-7
"""Metres of a ten-millionth of a degree on the mean sphere (IUGG mean radius)."""

type Mask = NDArray[np.bool_]
type Rows = NDArray[np.intp]


def thinned(records: Records, protected: Mask) -> Mask:
    """Say which records of one block, sorted by vehicle and time, are kept.

    Kept is a vehicle's first one, what is protected, and what since the last kept one has moved (25 m),
    turned (20°), changed its mode or flags, or is 10 s later; also the last before a silence of over 10 s.
    What was kept is kept again. Cost: one array step for each of the most records a vehicle has in the block.
    """
    kept = protected.copy()
    if not len(records):
        return kept
    numbers = records["vehicle_no"]
    starts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
    counts = np.diff(np.append(starts, len(records)))
    kept[starts] = True
    silence = np.append(np.diff(records["measured_ms"]) > OLD_MS, False)
    silence[starts[1:] - 1] = False
    kept |= silence
    last = starts.copy()
    for nth in range(1, int(counts.max())):
        there = np.flatnonzero(counts > nth)
        rows = starts[there] + nth
        keep = kept[rows] | is_news(records, rows, last[there])
        kept[rows] = keep
        last[there[keep]] = rows[keep]
    return kept


def is_news(records: Records, rows: Rows, since: Rows) -> Mask:
    """Say which rows differ enough from the rows kept before them."""
    now, then = records[rows], records[since]
    lat, lng = now["lat_e7"].astype(np.float64), now["lng_e7"].astype(np.float64)
    north_m = (lat - then["lat_e7"]) * _M_PER_E7
    east_m = (lng - then["lng_e7"]) * _M_PER_E7 * np.cos(np.radians(lat * 1e-7))
    turn: NDArray[Any] = now["heading_256"] - then["heading_256"]  # uint8: wraps as headings do
    turned = np.minimum(turn, -turn) >= TURNED_256
    news: Mask = (
        (north_m * north_m + east_m * east_m >= MOVED_M * MOVED_M)
        | turned
        | (now["mode_flags"] != then["mode_flags"])
        | (now["measured_ms"] - then["measured_ms"] >= OLD_MS)
    )
    return news
