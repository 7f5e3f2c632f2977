"""The 旗区 of millions of positions: a grid remembers what it was told, so that few ask the polygons."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from core.ids import DistrictCode, FenceId, FenceVersion
from geofences.districts import NOWHERE, Districts
from geofences.fences import FenceDraft

HOME: Final = -1
"""Answer of a place outside every 旗区 or too near to a border: the vehicle's home counts (domain.md)."""
CELL_E7: Final = 2_000
"""Side of a cell: 22 m north, 17 m east. Its middle answers for all of it, so an answer is that of a place
at most 14 m away; the city's borders are drawn to 187 m, within which home counts anyhow."""
REMEMBERED: Final = 2_000_000
"""Cells above which the memory begins anew: 100 MB."""
_SPAN: Final = 3_600_000_000 // CELL_E7
_NO_KEYS: Final = np.zeros(0, np.int64)


class Regions(Protocol):
    """Who says in which 旗区 a place lies."""

    @property
    def codes(self) -> Sequence[DistrictCode]:
        """The 旗区 by their number."""
        ...

    def of(self, lat_e7: NDArray[Any], lng_e7: NDArray[Any]) -> NDArray[np.int16]:
        """Return the number of the 旗区 of n places, ``HOME`` where home counts."""
        ...


class DistrictGrid:
    """``Regions`` over the district fences in force."""

    def __init__(self, drafts: Sequence[FenceDraft], versions: Sequence[tuple[FenceId, FenceVersion]] = ()):
        """Take district fences; ``versions`` say which they are, for the record."""
        self._districts = Districts(drafts)
        self.versions = tuple(versions)
        self._keys = _NO_KEYS
        self._answers = np.zeros(0, np.int16)

    def __repr__(self) -> str:
        return f"DistrictGrid({', '.join(self.codes)}; {len(self._keys)} cells known)"

    @property
    def codes(self) -> Sequence[DistrictCode]:
        """The 旗区 by their number."""
        return self._districts.codes

    def of(self, lat_e7: NDArray[Any], lng_e7: NDArray[Any]) -> NDArray[np.int16]:
        """Return the number of the 旗区 of n places, ``HOME`` where home counts."""
        if not self.codes or not len(lat_e7):
            return np.full(len(lat_e7), HOME, np.int16)
        row = (lat_e7.astype(np.int64) + 900_000_000) // CELL_E7
        column = (lng_e7.astype(np.int64) + 1_800_000_000) // CELL_E7
        keys = row * _SPAN + column
        changes = np.append(True, keys[1:] != keys[:-1])
        runs = keys[changes]
        self._learn(np.unique(runs))
        answers = self._answers[np.searchsorted(self._keys, runs)]
        result: NDArray[np.int16] = answers[np.cumsum(changes) - 1]
        return result

    def _learn(self, keys: NDArray[np.int64]) -> None:
        new = keys[~np.isin(keys, self._keys, assume_unique=True)] if len(self._keys) else keys
        if not len(new):
            return
        if len(self._keys) + len(new) > REMEMBERED:
            self._keys, self._answers, new = _NO_KEYS, np.zeros(0, np.int16), keys
        lat = ((new // _SPAN + 0.5) * CELL_E7 - 900_000_000) / 1e7
        lng = ((new % _SPAN + 0.5) * CELL_E7 - 1_800_000_000) / 1e7
        number, is_uncertain = self._districts.of(lat.astype(np.float64), lng.astype(np.float64))
        answers = np.where(is_uncertain | (number == NOWHERE), HOME, number).astype(np.int16)
        order = np.argsort(np.concatenate((self._keys, new)), kind="stable")
        self._keys = np.concatenate((self._keys, new))[order]
        self._answers = np.concatenate((self._answers, answers))[order]
