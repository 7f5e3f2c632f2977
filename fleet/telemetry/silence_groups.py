"""Which of many silences have one cause: pure, over vehicles that fell silent."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

type Mask = NDArray[np.bool_]


class GroupLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When silences are one event; city seconds."""

    least: int = 5
    within_s: float = 5.0
    """All of a group were last heard within this: they were cut off together."""
    share: float = 0.5
    """Of the vehicles with the same maker or place that should be heard, so that chance makes no group."""
    link: int = 20
    """So many of one maker at once are a link of it, whatever share that is: large makers have many. Ten
    silences a minute give 20 within 5 s by chance less than once in 10^10 years (Poisson)."""
    over_share: float = 0.5
    """The common cause is over when so many of a group's vehicles are heard again."""


def grouped(
    keys: NDArray[Any],
    heard_ms: NDArray[np.int64],
    should_be_heard: Callable[[Any], int],
    limits: GroupLimits,
    *,
    many: int | None = None,
) -> Mask:
    """Return which of n silent vehicles belong to a group: the same key, last heard together, and many.

    keys: what a cause may be common to, such as the maker's number; heard_ms: when each was last heard.
    should_be_heard: how many vehicles of a key are not asleep, the silent ones among them; many: how many at
    once are a group whatever share of them that is, None for no number.

    >>> keys, heard = np.array([1, 1, 1, 2]), np.array([0, 900, 60_000, 100])
    >>> grouped(keys, heard, lambda key: 4, GroupLimits(least=2))
    array([ True,  True, False, False])
    """
    found = np.zeros(len(keys), np.bool_)
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        if len(rows) < limits.least:
            continue
        rows = rows[np.argsort(heard_ms[rows], kind="stable")]
        burst = _fullest_window(heard_ms[rows], round(limits.within_s * 1000))
        together = rows[burst]
        is_many = many is not None and len(together) >= many
        if is_many or len(together) >= max(limits.least, limits.share * should_be_heard(key)):
            found[together] = True
    return found


def _fullest_window(ordered_ms: NDArray[np.int64], within_ms: int) -> slice:
    """Return the longest run of ascending moments that spans at most ``within_ms``."""
    ends = np.searchsorted(ordered_ms, ordered_ms + within_ms, side="right")
    first = int(np.argmax(ends - np.arange(len(ordered_ms))))
    return slice(first, int(ends[first]))


def is_over(members: int, still_silent: int, limits: GroupLimits) -> bool:
    """Return whether so many of a group are heard again that its common cause is gone."""
    return members - still_silent >= limits.over_share * members
