"""Which vehicles a principal may see, as a column by vehicle_no: one array look-up for a whole tick."""

import numpy as np
from numpy.typing import NDArray

from core.auth.principal import Reach
from fleet.telemetry.roster import Names, Roster

type Mask = NDArray[np.bool_]


class ReachMask:
    """The mask of one reach over a roster; follows the roster's revisions."""

    def __init__(self, roster: Roster, reach: Reach) -> None:
        self._roster = roster
        self._reach = reach
        self._revision = -1
        self._mask: Mask = np.zeros(0, np.bool_)

    def over(self, numbers: NDArray[np.intp]) -> Mask:
        """Say which of these vehicle numbers are within the reach; unknown numbers are not."""
        if self._revision != self._roster.revision:
            self._mask = mask_of(self._roster, self._reach)
            self._revision = self._roster.revision
        inside = numbers < len(self._mask)
        allowed: Mask = self._mask[np.where(inside, numbers, 0)] & inside
        return allowed


def mask_of(roster: Roster, reach: Reach) -> Mask:
    """Return bool[roster.size]: what lies within every axis of the reach."""
    mask = roster.heard.copy()
    axes: tuple[tuple[frozenset[str] | None, Names, NDArray[np.uint16]], ...] = (
        (_texts(reach.districts), roster.districts, roster.district),
        (_texts(reach.operators), roster.operators, roster.operator),
        (_texts(reach.makers), roster.makers, roster.maker),
    )
    for allowed, names, column in axes:
        if allowed is not None:
            numbers = [number for number in map(names.peek, sorted(allowed)) if number is not None]
            mask &= np.isin(column, numbers)
    if reach.vehicles is not None:
        chosen = np.zeros(roster.size, np.bool_)
        chosen[[number for number in reach.vehicles if 0 < number < roster.size]] = True
        mask &= chosen
    return mask


def _texts(values: frozenset[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(str(value) for value in values)
